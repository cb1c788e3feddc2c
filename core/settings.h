/** Settings: a configuration file as a flat table of dotted keys and scalars, so that a net can
 * read its hyper-parameters without knowing JSON or YAML.
 *
 * {"encoder": {"dim": 64}, "conv_dim": [512, 256]} has the keys "encoder.dim", "conv_dim.0" and
 * "conv_dim.1". Readers in storage/ fill the table; nets in tokenizers/ and models/ ask it. */
#ifndef CORE_SETTINGS_H
#define CORE_SETTINGS_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>

struct settings; /* opaque */

/** An empty table. `source` (a path) is copied, for messages. NULL without memory. */
struct settings *settings_create(const char *source);

/** NULL is allowed. */
void settings_destroy(struct settings *settings);

/** Where the settings came from, as given to settings_create. */
const char *settings_source(const struct settings *settings);

/** Adds or replaces a scalar.
 * Errors: STATUS_NO_MEMORY. */
enum status settings_put_number(struct settings *settings, const char *key, double value);
enum status settings_put_switch(struct settings *settings, const char *key, bool value);
enum status settings_put_text(struct settings *settings, const char *key, const char *value);

/** Puts all entries of `from` (or NULL: nothing) into `settings`. Errors: STATUS_NO_MEMORY. */
enum status settings_put_all(struct settings *settings, const struct settings *from);

/** The value of `key`, or `fallback` where there is none or it is of another kind. `settings` may
 * be NULL: every key is then absent. */
double settings_number(const struct settings *settings, const char *key, double fallback);
bool settings_switch(const struct settings *settings, const char *key, bool fallback);
const char *settings_text(const struct settings *settings, const char *key, const char *fallback);

/** True where `key` is there. */
bool settings_has(const struct settings *settings, const char *key);

/** Number of entries; 0 for NULL. */
size_t settings_count(const struct settings *settings);

/** Key of entry `index`, 0 .. settings_count - 1, in order of first putting; borrowed. */
const char *settings_key(const struct settings *settings, size_t index);

/** Reads a whole number in minimum .. maximum. `*value` is left alone where the key is absent.
 * Errors: STATUS_INVALID, naming source, key and range. */
enum status settings_read_count(size_t *value, const struct settings *settings, const char *key,
                                size_t minimum, size_t maximum);

#endif
