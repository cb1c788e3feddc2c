#include "tokenizers/speech/run_length.h"

size_t run_length_encode(uint16_t *runs, uint16_t *durations, const uint16_t *units, size_t frames)
{
    size_t count = 0;
    for (size_t frame = 0; frame < frames; frame++) {
        if (count > 0 && runs[count - 1] == units[frame] && durations[count - 1] < UINT16_MAX)
            durations[count - 1]++;
        else {
            runs[count] = units[frame];
            durations[count++] = 1;
        }
    }
    return count;
}

size_t run_length_frames(const uint16_t *durations, size_t run_count)
{
    size_t frames = 0;
    for (size_t r = 0; r < run_count; r++)
        frames += durations[r];
    return frames;
}

void run_length_decode(uint16_t *units, const uint16_t *runs, const uint16_t *durations,
                       size_t run_count)
{
    for (size_t r = 0; r < run_count; r++)
        for (uint16_t frame = 0; frame < durations[r]; frame++)
            *units++ = runs[r];
}
