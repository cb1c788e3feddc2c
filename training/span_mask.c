#include "training/span_mask.h"

#include <string.h>

static size_t count_masked(const uint8_t *is_masked, size_t T)
{
    size_t count = 0;
    for (size_t t = 0; t < T; t++)
        count += is_masked[t];
    return count;
}

size_t span_mask_draw(uint8_t *is_masked, size_t T, const struct span_mask *mask,
                      struct random_stream stream)
{
    memset(is_masked, 0, T);
    if (T < 2)
        return 0;
    const size_t length = mask->length < T / 2 ? mask->length : T / 2, places = T - length + 1;
    const double wanted = mask->probability * (double)T + random_uniform(&stream);
    size_t spans = wanted < 1.0 ? 1 : (size_t)wanted;
    spans = spans < places ? spans : places;
    for (size_t t = 0; t < places && spans > 0; t++) /* each choice of places is as likely */
        if (random_below(&stream, (uint32_t)(places - t)) < spans) {
            memset(is_masked + t, 1, length);
            spans--;
        }
    size_t masked = count_masked(is_masked, T);
    if (masked == T) {
        is_masked[random_below(&stream, (uint32_t)T)] = 0;
        masked--;
    }
    return masked;
}
