/** Image-to-speech-unit models out of tensors drawn for a test, with the settings that a
 * configuration file would have. */
#ifndef TESTS_MODELS_IM2SP_MADE_H
#define TESTS_MODELS_IM2SP_MADE_H

#include "models/im2sp.h"

/** What im2sp_config_write says of the sizes; the caller's, ended with settings_destroy. */
struct settings *im2sp_made_settings(const struct im2sp_config *config);

/** The caller's, ended with im2sp_destroy. One that cannot be made ends the test. */
struct im2sp *im2sp_made(const struct tensor_table *table, const struct im2sp_config *config);

#endif
