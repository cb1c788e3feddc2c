/** Weights files of any form that is supported, told by their first bytes and not by their name.
 * All functions are local. For a file's digest, see digest_file in core/digest.h. */
#ifndef STORAGE_WEIGHTS_FILE_H
#define STORAGE_WEIGHTS_FILE_H

#include "core/settings.h"
#include "core/status.h"
#include "nn/tensor_table.h"

enum weights_format { WEIGHTS_SAFETENSORS, WEIGHTS_TORCH_ZIP, WEIGHTS_TORCH_LEGACY };

struct weights_file {
    enum weights_format format;
    struct tensor_table table;
    struct settings *beside; /* the given configuration, else config.json beside; NULL without */
    struct settings *inside; /* metadata or plain values of the file itself; may be empty */
    const struct settings *settings; /* what to ask: beside where it is there, else inside */
};

/** "safetensors", "PyTorch zip archive" or "PyTorch file of before 1.6". */
const char *weights_format_name(enum weights_format format);

/** Reads weights and configuration. Where a checkpoint of a trainer holds tensors below
 * "state_dict", these are the table, without that prefix. `config_path` may be NULL. The caller
 * ends `out` with weights_file_end; on failure it is empty.
 *
 * Errors: those of safetensors_read, torch_file_read and settings_file_read; STATUS_INVALID for a
 * file of another form. */
enum status weights_file_read(struct weights_file *out, const char *path, const char *config_path);

/** Frees everything. An all-zero one is allowed. */
void weights_file_end(struct weights_file *file);

/** Keeps the tensors whose name begins with `prefix` ("state_dict.model."), and takes it off their
 * names. Errors: STATUS_CORRUPT where there is none; the table is then as before. */
enum status weights_file_narrow(struct tensor_table *table, const char *prefix);

#endif
