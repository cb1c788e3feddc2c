/** Settings files: JSON in, settings out, and back. All functions are local. */
#ifndef STORAGE_SETTINGS_FILE_H
#define STORAGE_SETTINGS_FILE_H

#include "core/settings.h"
#include "core/status.h"

#include <stddef.h>
#include <stdint.h>

/** Reads a JSON object. Arrays and objects inside are flattened into dotted keys ("conv_dim.0");
 * null and empty arrays and objects leave no key. The file may have 16 MiB, 32 levels and 10,000
 * values.
 *
 * On success `*out` is the caller's, to settings_destroy; on failure it is NULL.
 * Errors: STATUS_NOT_FOUND
 *         STATUS_CORRUPT    not a JSON object, a key twice, over a limit
 *         STATUS_IO, STATUS_INVALID, STATUS_NO_MEMORY */
enum status settings_file_read(struct settings **out, const char *path);

/** As settings_file_read, from JSON text in memory; `name` is the settings' source. */
enum status settings_file_read_bytes(struct settings **out, const uint8_t *text, size_t byte_count,
                                     const char *name);

/** Writes the settings as JSON, durably, with objects and arrays rebuilt from the dotted keys: keys
 * 0 to n-1 make an array. Whole numbers are written without a point, others
 * with 15 digits. In order of putting.
 *
 * Errors: STATUS_INVALID (a key that is both a value and a folder of values, a number that is not
 * finite, text that is not UTF-8, more than 32 levels), STATUS_IO, STATUS_NO_MEMORY. */
enum status settings_file_write(const char *path, const struct settings *settings);

/** Finds the configuration of a weights file: `config_path` where it is not NULL, else config.json
 * in the folder of `weights_path`, else none, which is STATUS_OK with `*out` NULL. Errors: as
 * settings_file_read. */
enum status settings_file_beside(struct settings **out, const char *weights_path,
                                 const char *config_path);

#endif
