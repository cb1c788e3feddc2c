#include "stages/generate/generate_nets.h"

#include "stages/unit_speech.h"

static enum status load_speaker(struct generate_nets *nets, const struct plan *plan)
{
    struct picture_speaker_options options = { .weights = plan->generate.im2sp,
                                               .config = plan->generate.config,
                                               .vit_vqgan = plan->image_units.vit_vqgan,
                                               .vit_vqgan_config = plan->image_units.config };
    enum status outcome = resize_filter_parse(&options.filter, plan->image_units.resize);
    if (outcome == STATUS_OK)
        outcome = picture_speaker_create(&nets->speaker, &options);
    if (outcome != STATUS_OK)
        return outcome;
    const struct im2sp_config *sizes = im2sp_sizes(picture_speaker_net(nets->speaker));
    if (sizes->input == IM2SP_EMBEDDINGS && plan->embed_images.clip == NULL)
        return status_fail(STATUS_INVALID, "%s sees image embeddings: embed_images.clip makes them",
                           plan->generate.im2sp);
    if (sizes->input == IM2SP_UNITS && plan->image_units.crop_tokens != sizes->encoder.side)
        return status_fail(STATUS_INVALID,
                           "%s sees grids of %zu x %zu image units, image_units.crop_tokens is %zu",
                           plan->generate.im2sp, sizes->encoder.side, sizes->encoder.side,
                           plan->image_units.crop_tokens);
    return STATUS_OK;
}

/* Captions have no durations and no repeats, so the vocoder has to know how long units last. */
static enum status load_vocoder(struct generate_nets *nets, const struct plan *plan)
{
    const size_t units = im2sp_sizes(picture_speaker_net(nets->speaker))->units;
    if (!plan->generate.audio)
        return STATUS_OK;
    if (plan->generate.vocoder == NULL)
        return status_fail(STATUS_INVALID, "generate.audio needs generate.vocoder");
    const enum status outcome =
        unit_speech_load(&nets->vocoder, plan->generate.vocoder, plan->generate.vocoder_config);
    if (outcome != STATUS_OK)
        return outcome;
    return unit_speech_check(nets->vocoder, plan->generate.vocoder, units);
}

static enum status make_generation(struct generate_nets *nets, const struct plan *plan)
{
    struct im2sp *net = picture_speaker_net(nets->speaker);
    struct generation_options options = { .batch = plan->generate.batch_images,
                                          .captions = plan->generate.captions,
                                          .length_max = generation_method_length(
                                              net, plan->generate.length_max),
                                          .beams = plan->generate.beams,
                                          .length_penalty = plan->generate.length_penalty,
                                          .temperature = plan->generate.temperature,
                                          .top_k = plan->generate.top_k,
                                          .top_p = plan->generate.top_p,
                                          .seed = plan->seed };
    const enum status outcome = generation_method_parse(&options.method, plan->generate.method);
    if (outcome != STATUS_OK)
        return outcome;
    generation_method_write(nets->settings, &options);
    nets->captions = options.captions;
    return generation_create(&nets->generation, net, &options);
}

enum status generate_nets_load(struct generate_nets *out, const struct plan *plan)
{
    *out = (struct generate_nets){ 0 };
    enum status outcome = load_speaker(out, plan);
    if (outcome == STATUS_OK)
        outcome = load_vocoder(out, plan);
    if (outcome == STATUS_OK)
        outcome = make_generation(out, plan);
    if (outcome != STATUS_OK)
        generate_nets_end(out);
    return outcome;
}

void generate_nets_end(struct generate_nets *nets)
{
    generation_destroy(nets->generation);
    unit_vocoder_destroy(nets->vocoder);
    picture_speaker_destroy(nets->speaker);
    *nets = (struct generate_nets){ 0 };
}
