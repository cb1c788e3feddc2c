#include "training/unit_shift.h"

#include "core/random.h"

#include <stdio.h>

/* Where row or column `place` of the moved picture comes from; `moved` is `limit` for none. */
static size_t origin(size_t place, size_t moved, size_t limit, size_t side)
{
    const size_t from = place + moved;
    if (from < limit)
        return 0;
    return from - limit < side ? from - limit : side - 1;
}

void unit_shift_copy(uint16_t *out, const uint16_t *units, size_t side,
                     const struct unit_shift *shift)
{
    char purpose[48];
    snprintf(purpose, sizeof purpose, "shift %llu", (unsigned long long)shift->step);
    struct random_stream stream = random_stream_numbered(shift->seed, shift->name, purpose);
    const uint32_t ways = 2 * (uint32_t)shift->limit + 1;
    const size_t down = random_below(&stream, ways), right = random_below(&stream, ways);
    for (size_t y = 0; y < side; y++) {
        const uint16_t *row = units + origin(y, down, shift->limit, side) * side;
        for (size_t x = 0; x < side; x++)
            out[y * side + x] = row[origin(x, right, shift->limit, side)];
    }
}
