#include "stages/generation_method.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const names[] = {
    [GENERATION_GREEDY] = "greedy", [GENERATION_BEAM] = "beam", [GENERATION_SAMPLE] = "sample"
};

enum status generation_method_parse(enum generation_method *method, const char *name)
{
    for (size_t m = 0; m < sizeof names / sizeof names[0]; m++)
        if (strcmp(names[m], name) == 0) {
            *method = (enum generation_method)m;
            return STATUS_OK;
        }
    return status_fail(STATUS_INVALID, "%s: expected greedy, beam or sample", name);
}

size_t generation_method_length(const struct im2sp *net, size_t wanted)
{
    const size_t limit = im2sp_sizes(net)->length_max;
    return wanted < limit ? wanted : limit;
}

void generation_method_write(char text[GENERATION_TEXT_BYTES],
                             const struct generation_options *options)
{
    int at = snprintf(text, GENERATION_TEXT_BYTES, "method=%s length_max=%zu length_penalty=%g",
                      names[options->method], options->length_max, options->length_penalty);
    if (options->method == GENERATION_BEAM)
        at += snprintf(text + at, GENERATION_TEXT_BYTES - (size_t)at, " beams=%zu", options->beams);
    if (options->method == GENERATION_SAMPLE)
        at += snprintf(text + at, GENERATION_TEXT_BYTES - (size_t)at,
                       " temperature=%g top_k=%zu top_p=%g seed=%" PRIu64, options->temperature,
                       options->top_k, options->top_p, options->seed);
    if (options->captions > 1)
        snprintf(text + at, GENERATION_TEXT_BYTES - (size_t)at, " captions=%zu", options->captions);
}
