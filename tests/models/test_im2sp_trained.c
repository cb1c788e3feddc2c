/* First values of the image-to-speech-unit model that is trained: drawn, or those of a checkpoint.
 */
#include "models/im2sp_trained.h"
#include "models/im2sp_untrained.h"
#include "tests/support/check.h"

#include <math.h>
#include <string.h>

static struct im2sp_config sizes(void)
{
    struct im2sp_config config = im2sp_config_compact(6, 3, 120);
    config.width = config.encoder.width = 16;
    config.mlp = config.encoder.mlp = 24;
    config.length_max = 30;
    return config;
}

static struct im2sp_trained *make(struct parameter_set **set, const struct im2sp_config *config)
{
    struct im2sp_trained *model;
    check_status(parameter_set_create(set), STATUS_OK, NULL);
    check_status(im2sp_trained_create(&model, *set, config, 0.1f), STATUS_OK, NULL);
    check_status(parameter_set_lay_out(*set), STATUS_OK, NULL);
    return model;
}

static void end(struct im2sp_trained *model, struct parameter_set *set, struct tensor_table *table)
{
    im2sp_trained_destroy(model);
    parameter_set_destroy(set);
    tensor_table_end(table);
}

/* Whether a parameter holds the values of a tensor of the table. */
static bool holds(struct parameter_set *set, const char *name, const struct tensor_table *table,
                  const char *tensor_name)
{
    const struct parameter *parameter = parameter_set_find(set, name);
    const struct tensor *tensor = tensor_table_find(table, tensor_name);
    return parameter != NULL && tensor != NULL && parameter->count == tensor->count &&
           memcmp(parameter->value, tensor->data, tensor->count * sizeof(float)) == 0;
}

static const char query[] = "git.encoder.layer.1.attention.self.query.weight";

static void either_naming_is_taken(void)
{
    struct im2sp_config config = sizes();
    struct parameter_set *set;
    struct im2sp_trained *model = make(&set, &config);
    struct tensor_table table;
    size_t filled = 0;
    check_status(im2sp_untrained(&table, &config, 3), STATUS_OK, NULL);
    check_status(im2sp_trained_fill(&filled, model, &table, IM2SP_HUGGING_FACE, ""), STATUS_OK,
                 NULL);
    CU_ASSERT_EQUAL(filled, parameter_set_count(set));
    CU_ASSERT(holds(set, query, &table, query));
    tensor_table_end(&table);
    config.naming = IM2SP_MICROSOFT;
    check_status(im2sp_untrained(&table, &config, 4), STATUS_OK, NULL);
    check_status(im2sp_trained_fill(&filled, model, &table, IM2SP_MICROSOFT, ""), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(filled, parameter_set_count(set));
    CU_ASSERT(holds(set, query, &table,
                    "textual.transformer.encoder.layer.1.attention.self.query.weight"));
    CU_ASSERT(holds(set, "output.weight", &table, "textual.output.weight"));
    end(model, set, &table);
}

/* A model of pixels with more ids: its decoder's layers fit, its tables of ids do not. */
static void a_decoder_is_taken_alone(void)
{
    const struct im2sp_config config = sizes();
    struct im2sp_config other = config;
    struct parameter_set *set;
    struct im2sp_trained *model = make(&set, &config);
    struct tensor_table table;
    size_t filled = 0;
    other.input = IM2SP_PIXELS;
    other.vocabulary = 300;
    other.encoder.channels = 3;
    check_status(im2sp_untrained(&table, &other, 3), STATUS_OK, NULL);
    im2sp_trained_draw(model, 9);
    check_status(im2sp_trained_fill(&filled, model, &table, IM2SP_HUGGING_FACE, ""), STATUS_OK,
                 NULL);
    CU_ASSERT(filled > 0 && filled < parameter_set_count(set));
    CU_ASSERT(holds(set, query, &table, query));
    const struct parameter *output = parameter_set_find(set, "output.weight");
    double square = 0.0;
    for (size_t i = 0; i < output->count; i++)
        square += (double)output->value[i] * (double)output->value[i];
    CU_ASSERT_DOUBLE_EQUAL(sqrt(square / (double)output->count), 0.02, 0.002);
    end(model, set, &table);
}

static void values_that_are_not_finite_are_refused(void)
{
    const struct im2sp_config config = sizes();
    struct parameter_set *set;
    struct im2sp_trained *model = make(&set, &config);
    struct tensor_table table;
    size_t filled = 0;
    check_status(im2sp_untrained(&table, &config, 3), STATUS_OK, NULL);
    ((float *)tensor_table_find(&table, query)->owned)[5] = NAN;
    check_status(im2sp_trained_fill(&filled, model, &table, IM2SP_HUGGING_FACE, ""), STATUS_CORRUPT,
                 query);
    end(model, set, &table);
}

static void pixels_freeze_their_encoder(void)
{
    struct im2sp_config config = sizes();
    struct parameter_set *set;
    config.input = IM2SP_PIXELS;
    config.encoder.channels = 3;
    struct im2sp_trained *model = make(&set, &config);
    struct tensor_table none = { 0 };
    for (size_t p = 0; p < parameter_set_count(set); p++) {
        const struct parameter *parameter = parameter_set_at(set, p);
        CU_ASSERT_EQUAL(parameter->is_frozen, strstr(parameter->name, "image_encoder") != NULL);
    }
    end(model, set, &none);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "either naming is taken", either_naming_is_taken },
        { "a decoder is taken alone", a_decoder_is_taken_alone },
        { "values that are not finite are refused", values_that_are_not_finite_are_refused },
        { "pixels freeze their encoder", pixels_freeze_their_encoder },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "im2sp_trained", cases);
}
