#include "tests/models/im2sp_made.h"

#include "tests/support/check.h"

#include <stdlib.h>

struct settings *im2sp_made_settings(const struct im2sp_config *config)
{
    struct settings *settings = settings_create("test");
    check_status(im2sp_config_write(settings, config), STATUS_OK, NULL);
    return settings;
}

struct im2sp *im2sp_made(const struct tensor_table *table, const struct im2sp_config *config)
{
    struct im2sp *net = NULL;
    struct settings *settings = im2sp_made_settings(config);
    check_status(im2sp_create(&net, table, settings), STATUS_OK, NULL);
    settings_destroy(settings);
    if (net == NULL)
        abort();
    return net;
}
