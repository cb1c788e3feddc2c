#include "storage/audio_file.h"

#include "core/file.h"

#include <limits.h>
#include <math.h>
#include <sndfile.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK_FRAMES = 4096, CHANNELS_MAX = 256, LOG_BYTES = 16384, ENCODED_BYTES_FIRST = 4096 };

/* A stream of that length writes this or more as its data size, meaning "until the end". */
static const unsigned long long UNKNOWN_DATA_BYTES = 0x7FFFF000;

void audio_end(struct audio *audio)
{
    free(audio->samples);
    *audio = (struct audio){ 0 };
}

/* A file in memory, as libsndfile's virtual I/O sees it. */
struct memory_file {
    const uint8_t *read_bytes; /* borrowed; NULL when writing */
    uint8_t *written_bytes;    /* owned; NULL when reading */
    size_t byte_count, capacity_bytes, position;
    bool is_out_of_memory;
};

static sf_count_t memory_length(void *user)
{
    return (sf_count_t)((struct memory_file *)user)->byte_count;
}

static sf_count_t memory_tell(void *user)
{
    return (sf_count_t)((struct memory_file *)user)->position;
}

static sf_count_t memory_seek(sf_count_t offset, int whence, void *user)
{
    struct memory_file *file = user;
    const size_t base = whence == SEEK_CUR   ? file->position
                        : whence == SEEK_END ? file->byte_count
                                             : 0;
    sf_count_t target = 0;
    if (__builtin_add_overflow((sf_count_t)base, offset, &target) || target < 0 ||
        (size_t)target > file->byte_count)
        return -1;
    file->position = (size_t)target;
    return target;
}

static sf_count_t memory_read(void *out, sf_count_t count, void *user)
{
    struct memory_file *file = user;
    const size_t left = file->byte_count - file->position;
    const size_t taken = (size_t)count < left ? (size_t)count : left;
    if (count <= 0 || file->read_bytes == NULL)
        return 0;
    memcpy(out, file->read_bytes + file->position, taken);
    file->position += taken;
    return (sf_count_t)taken;
}

static bool grow(struct memory_file *file, size_t needed)
{
    size_t capacity =
        file->capacity_bytes == 0 ? (size_t)ENCODED_BYTES_FIRST : file->capacity_bytes;
    while (capacity < needed)
        capacity *= 2;
    if (capacity == file->capacity_bytes)
        return true;
    uint8_t *grown = realloc(file->written_bytes, capacity);
    if (grown == NULL) {
        file->is_out_of_memory = true;
        return false;
    }
    file->written_bytes = grown;
    file->capacity_bytes = capacity;
    return true;
}

static sf_count_t memory_write(const void *in, sf_count_t count, void *user)
{
    struct memory_file *file = user;
    if (count <= 0 || !grow(file, file->position + (size_t)count))
        return 0;
    memcpy(file->written_bytes + file->position, in, (size_t)count);
    file->position += (size_t)count;
    if (file->position > file->byte_count)
        file->byte_count = file->position;
    return count;
}

static SF_VIRTUAL_IO memory_calls(void)
{
    return (SF_VIRTUAL_IO){ .get_filelen = memory_length,
                            .seek = memory_seek,
                            .read = memory_read,
                            .write = memory_write,
                            .tell = memory_tell };
}

/* libsndfile reads a WAV file that ends early as if it were whole; only its log tells. */
static bool is_cut_short(SNDFILE *file)
{
    char log[LOG_BYTES] = "";
    unsigned long long declared = 0, present = 0;
    sf_command(file, SFC_GET_LOG_INFO, log, sizeof log);
    const char *line = strstr(log, "\ndata : ");
    return line != NULL &&
           sscanf(line, "\ndata : %llu (should be %llu)", &declared, &present) == 2 &&
           declared > present && declared < UNKNOWN_DATA_BYTES;
}

static enum status check_header(SNDFILE *file, const SF_INFO *info, size_t samples_max,
                                const char *name)
{
    if (info->channels < 1 || info->channels > CHANNELS_MAX || info->samplerate < 1)
        return status_fail(STATUS_CORRUPT, "%s: %d channels at %d Hz", name, info->channels,
                           info->samplerate);
    if (info->frames < 1)
        return status_fail(STATUS_CORRUPT, "%s: no samples", name);
    if ((uint64_t)info->frames > samples_max)
        return status_fail(STATUS_INVALID, "%s: %lld samples, at most %zu are accepted", name,
                           (long long)info->frames, samples_max);
    if (is_cut_short(file))
        return status_fail(STATUS_CORRUPT, "%s: cut short", name);
    return STATUS_OK;
}

/* Reads up to `count` frames as their mean over channels. `block` holds BLOCK_FRAMES frames. */
static size_t read_mean(float *samples, SNDFILE *file, float *block, size_t count, size_t channels)
{
    const sf_count_t got = sf_readf_float(file, block, (sf_count_t)count);
    for (sf_count_t frame = 0; frame < got; frame++) {
        const float *row = block + (size_t)frame * channels; /* [channels] */
        double sum = 0.0;
        for (size_t c = 0; c < channels; c++)
            sum += (double)row[c];
        samples[frame] = (float)(sum / (double)channels);
    }
    return got < 0 ? 0 : (size_t)got;
}

static enum status read_samples(struct audio *out, SNDFILE *file, const char *name)
{
    const size_t channels = out->channel_count;
    float *block = malloc(BLOCK_FRAMES * channels * sizeof *block);
    if (block == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: %zu channels", name, channels);

    size_t done = 0, got = 1;
    while (done < out->sample_count && got > 0) {
        const size_t left = out->sample_count - done;
        const size_t count = left < BLOCK_FRAMES ? left : BLOCK_FRAMES;
        got = read_mean(out->samples + done, file, block, count, channels);
        done += got;
    }
    free(block);
    if (done < out->sample_count)
        return status_fail(STATUS_CORRUPT, "%s: cut short or broken after %zu of %zu samples", name,
                           done, out->sample_count);
    for (size_t i = 0; i < done; i++)
        if (!isfinite(out->samples[i]))
            return status_fail(STATUS_CORRUPT, "%s: sample %zu is not finite", name, i);
    return STATUS_OK;
}

static enum status read_open(struct audio *out, SNDFILE *file, const SF_INFO *info,
                             size_t samples_max, const char *name)
{
    enum status outcome = check_header(file, info, samples_max, name);
    if (outcome != STATUS_OK)
        return outcome;
    out->sample_count = (size_t)info->frames;
    out->rate_hz = (unsigned)info->samplerate;
    out->channel_count = (unsigned)info->channels;
    out->samples = calloc(out->sample_count, sizeof *out->samples);
    if (out->samples == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "%s: %lld samples", name, (long long)info->frames);
    else
        outcome = read_samples(out, file, name);
    if (outcome != STATUS_OK)
        audio_end(out);
    return outcome;
}

enum status audio_file_read(struct audio *out, const char *path, size_t samples_max)
{
    *out = (struct audio){ 0 };
    if (access(path, R_OK) != 0)
        return file_fail(path, "cannot be read");
    SF_INFO info = { 0 };
    SNDFILE *file = sf_open(path, SFM_READ, &info);
    if (file == NULL)
        return status_fail(STATUS_CORRUPT, "%s: not an audio file (%s)", path, sf_strerror(NULL));
    const enum status outcome = read_open(out, file, &info, samples_max, path);
    sf_close(file);
    return outcome;
}

enum status audio_file_decode(struct audio *out, const uint8_t *bytes, size_t byte_count,
                              size_t samples_max, const char *name)
{
    *out = (struct audio){ 0 };
    struct memory_file memory = { .read_bytes = bytes, .byte_count = byte_count };
    SF_VIRTUAL_IO calls = memory_calls();
    SF_INFO info = { 0 };
    SNDFILE *file = sf_open_virtual(&calls, SFM_READ, &info, &memory);
    if (file == NULL)
        return status_fail(STATUS_CORRUPT, "%s: not audio (%s)", name, sf_strerror(NULL));
    const enum status outcome = read_open(out, file, &info, samples_max, name);
    sf_close(file);
    return outcome;
}

void audio_quantise(int16_t *quantised, const float *samples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const float scaled = samples[i] * 32768.0f;
        const float low = scaled < -32768.0f ? -32768.0f : scaled;
        quantised[i] = (int16_t)(int)lrintf(low > 32767.0f ? 32767.0f : low);
    }
}

/* Encodes to `memory`, whose bytes the caller frees whatever the outcome. */
static enum status encode_wav(struct memory_file *memory, const int16_t *samples, size_t count,
                              unsigned rate_hz, const char *name)
{
    if (count < 1 || count > INT_MAX || rate_hz < 1 || rate_hz > INT_MAX)
        return status_fail(STATUS_INVALID, "%s: %zu samples at %u Hz cannot be written", name,
                           count, rate_hz);
    SF_VIRTUAL_IO calls = memory_calls();
    SF_INFO info = { .samplerate = (int)rate_hz,
                     .channels = 1,
                     .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16 };
    SNDFILE *file = sf_open_virtual(&calls, SFM_WRITE, &info, memory);
    if (file == NULL)
        return status_fail(memory->is_out_of_memory ? STATUS_NO_MEMORY : STATUS_INVALID,
                           "%s: %u Hz: %s", name, rate_hz, sf_strerror(NULL));
    const sf_count_t written = sf_writef_short(file, samples, (sf_count_t)count);
    const int closed = sf_close(file);
    if (memory->is_out_of_memory)
        return status_fail(STATUS_NO_MEMORY, "%s: %zu samples", name, count);
    if (written != (sf_count_t)count || closed != 0)
        return status_fail(STATUS_INVALID, "%s: %zu samples at %u Hz cannot be written", name,
                           count, rate_hz);
    return STATUS_OK;
}

enum status audio_file_write_wav(const char *path, const int16_t *samples, size_t count,
                                 unsigned rate_hz)
{
    struct memory_file memory = { 0 };
    enum status outcome = encode_wav(&memory, samples, count, rate_hz, path);
    if (outcome == STATUS_OK)
        outcome = file_write(path, memory.written_bytes, memory.byte_count);
    free(memory.written_bytes);
    return outcome;
}
