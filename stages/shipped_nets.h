/** The compact nets that ship with unitmill, in models/compact: what `compact` means in a plan and
 * on the command line. The folder that UNITMILL_MODELS names, if it names one, stands for it. It
 * holds, as far as there are such nets,
 *
 *     hubert/, vit-vqgan/, vocoder/, im2sp/, contrastive/    model.safetensors, config.json
 *     hubert/kmeans.h5                                       centres of its units
 *
 * All functions are local. */
#ifndef STAGES_SHIPPED_NETS_H
#define STAGES_SHIPPED_NETS_H

#include "core/file.h"
#include "core/plan.h"

/** Finds a file of theirs, as in "hubert/kmeans.h5". `path` is absolute.
 * Errors: STATUS_NOT_FOUND, "models/compact is not installed: ..."; `path` is then where the file
 * should be; STATUS_IO. */
enum status shipped_net_find(char path[PATH_BYTES], const char *name);

/** True where an option of a command is not given, or is the word: the shipped net is meant. */
bool shipped_net_is_meant(const char *weights);

/** For an option of a command: where `*weights` is NULL or "compact", finds the weights of `net`
 * ("hubert") and points `*weights` to `room`. Errors: as shipped_net_find. */
enum status shipped_net_default(const char **weights, char room[PATH_BYTES], const char *net);

/** Blocks before units are taken from a HuBERT: "unitmill.units_layer" of its configuration, else
 * 6. `config` NULL: config.json beside the weights, if any. Errors: those of settings_file_read;
 * STATUS_INVALID for a layer that is no number. */
enum status shipped_nets_layer(size_t *layer, const char *weights, const char *config);

/** Puts what a plan leaves open in its place: paths for `compact`, config.json beside the weights
 * for a configuration that is not named, the layer for `auto`, "compact" or "fit" for centres that
 * are not named, and that one's path. With `is_view` nothing is read, and a net that is not there
 * is no error: its path is then where it should be.
 *
 * Errors: those above, with the key; STATUS_NO_MEMORY. */
enum status shipped_nets_resolve(struct plan *plan, bool is_view);

/** plan_write with `compact` again for the paths of shipped nets, so that the plan holds wherever
 * unitmill lies; the digests in it tell whether they are the same nets there. */
void shipped_nets_write_plan(FILE *stream, const struct plan *plan);

#endif
