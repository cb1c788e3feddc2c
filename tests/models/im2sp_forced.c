#include "tests/models/im2sp_forced.h"

#include "models/im2sp_untrained.h"
#include "tests/support/check.h"

#include <math.h>
#include <string.h>

static struct im2sp_config small_decoder(size_t side)
{
    struct im2sp_config config = im2sp_config_compact(side, CHANNELS, UNITS);
    config.width = 32;
    config.heads = 4;
    config.mlp = 48;
    config.length_max = 20;
    return config;
}

struct im2sp_config im2sp_forced_by_embeddings(void)
{
    struct im2sp_config config = small_decoder(6);
    im2sp_config_see_embeddings(&config, EMBEDDING, TOKENS);
    return config;
}

struct im2sp_config im2sp_forced_by_units(void)
{
    struct im2sp_config config = small_decoder(SIDE);
    config.encoder.width = 24;
    config.encoder.heads = 3;
    config.encoder.mlp = 20;
    config.encoder.convolution_channels = CONVOLVED;
    return config;
}

struct im2sp_config im2sp_forced_by_similarities(void)
{
    struct im2sp_config config = im2sp_forced_by_units();
    config.encoder.sees_similarities = true;
    return config;
}

static void embed(float embeddings[PICTURES * EMBEDDING])
{
    for (size_t i = 0; i < PICTURES * EMBEDDING; i++)
        embeddings[i] = 3.0f * sinf((float)(i * i + 2 * i + 1));
}

/* What is trained has one table of ids, for what goes in and what comes out. */
static void tie(struct tensor_table *table)
{
    const struct tensor *output = tensor_table_find(table, "output.weight");
    const struct tensor *words = tensor_table_find(table, "git.embeddings.word_embeddings.weight");
    memcpy(words->owned, output->owned, output->count * sizeof(float));
}

static void show(struct im2sp_forcing *forcing)
{
    embed(forcing->embeddings);
    for (size_t i = 0; i < CODES * CHANNELS; i++)
        forcing->codes[i] = cosf((float)(i * i + 1));
    for (size_t i = 0; i < PICTURES * PLACES; i++)
        forcing->image_units[i] = (uint16_t)((i * i + 5 * i + i / 7) % CODES);
    if (forcing->config.input == IM2SP_UNITS)
        check_status(im2sp_trained_set_codebook(forcing->model, forcing->codes, CODES, CHANNELS),
                     STATUS_OK, NULL);
}

void im2sp_forcing_begin(struct im2sp_forcing *forcing, struct im2sp_config config)
{
    static const size_t lengths[PICTURES] = { 4, 7, 2 };
    size_t filled = 0;
    *forcing = (struct im2sp_forcing){ .config = config };
    check_status(im2sp_untrained(&forcing->table, &config, 5), STATUS_OK, NULL);
    tie(&forcing->table);
    check_status(parameter_set_create(&forcing->set), STATUS_OK, NULL);
    check_status(im2sp_trained_create(&forcing->model, forcing->set, &config, 0.1f), STATUS_OK,
                 NULL);
    check_status(parameter_set_lay_out(forcing->set), STATUS_OK, NULL);
    check_status(
        im2sp_trained_fill(&filled, forcing->model, &forcing->table, IM2SP_HUGGING_FACE, ""),
        STATUS_OK, NULL);
    CU_ASSERT_EQUAL(filled, parameter_set_count(forcing->set));
    check_status(tape_create(&forcing->tape, (size_t)64 << 20), STATUS_OK, NULL);
    show(forcing);
    for (size_t p = 0; p < PICTURES; p++) {
        uint16_t units[LONGEST];
        for (size_t u = 0; u + 1 < lengths[p]; u++)
            units[u] = (uint16_t)((p * 5 + u * 3) % UNITS);
        im2sp_trained_put_caption(forcing->ids + forcing->starts[p],
                                  forcing->targets + forcing->starts[p], forcing->model, units,
                                  lengths[p] - 1);
        forcing->starts[p + 1] = forcing->starts[p] + lengths[p];
    }
}

void im2sp_forcing_end(struct im2sp_forcing *forcing)
{
    tape_destroy(forcing->tape);
    im2sp_trained_destroy(forcing->model);
    parameter_set_destroy(forcing->set);
    tensor_table_end(&forcing->table);
}

struct array *im2sp_forcing_run(struct im2sp_forcing *forcing, bool is_recorded)
{
    const struct im2sp_trained_batch batch = { .count = PICTURES,
                                               .embeddings = forcing->embeddings,
                                               .image_units = forcing->image_units,
                                               .starts = forcing->starts,
                                               .ids = forcing->ids };
    tape_reset(forcing->tape);
    tape_set_recording(forcing->tape, is_recorded);
    struct array *logits = im2sp_trained_run(forcing->model, forcing->tape, &batch).logits;
    check_status(tape_status(forcing->tape), STATUS_OK, NULL);
    return logits;
}
