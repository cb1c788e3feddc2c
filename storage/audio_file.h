/** Audio files in, from disk and from memory, and WAV out. The door to libsndfile.
 *
 * Reading gives mono float: an integer of b bits is divided by 2^(b-1), so 16-bit samples are
 * x / 32768, and several channels become their mean, taken in double. Local: no function here talks
 * to other ranks. */
#ifndef STORAGE_AUDIO_FILE_H
#define STORAGE_AUDIO_FILE_H

#include "core/status.h"

#include <stddef.h>
#include <stdint.h>

/** A mono signal. */
struct audio {
    float *samples; /* [sample_count], owned; free with audio_end */
    size_t sample_count;
    unsigned rate_hz;
    unsigned channel_count; /* of the file; `samples` is their mean */
};

/** Frees the samples. An all-zero signal is allowed. */
void audio_end(struct audio *audio);

/** Local. Reads a whole audio file of any kind that libsndfile knows: WAV of 8, 16, 24 and 32 bits
 * or float, FLAC, ...
 *
 *     samples_max  in  most samples a channel to accept; checked before allocating
 *
 * On success `*out` is the caller's; on failure it is empty.
 * Errors: STATUS_NOT_FOUND  no such file
 *         STATUS_CORRUPT    not an audio file, cut short, without samples, NaN or infinite samples
 *         STATUS_INVALID    more than `samples_max` samples
 *         STATUS_NO_MEMORY */
enum status audio_file_read(struct audio *out, const char *path, size_t samples_max);

/** Local. As audio_file_read, for a whole file held in memory (the FLAC bytes of a shard).
 *
 *     bytes [byte_count]  in
 *
 * `name` is only for messages. */
enum status audio_file_decode(struct audio *out, const uint8_t *bytes, size_t byte_count,
                              size_t samples_max, const char *name);

/** Local. The 16-bit form of a float signal: x * 32768 to the nearest (half to even), held in
 * -32768 .. 32767. Undoes the division of reading exactly.
 *
 *     quantised [count]  out
 *     samples   [count]  in   finite */
void audio_quantise(int16_t *quantised, const float *samples, size_t count);

/** Local. Writes a mono 16-bit WAV file, durably and whole or not at all (file_write).
 *
 *     samples [count]  in  count >= 1
 *
 * Errors: STATUS_INVALID (no samples), STATUS_NOT_FOUND (no such folder), STATUS_IO,
 * STATUS_NO_MEMORY. */
enum status audio_file_write_wav(const char *path, const int16_t *samples, size_t count,
                                 unsigned rate_hz);

#endif
