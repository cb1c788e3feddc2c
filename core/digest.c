#include "core/digest.h"

#include "core/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum { READ_BYTES = 1 << 20 };

struct digest {
    XXH3_state_t *state; /* owned; xxHash aligns it itself */
};

struct digest *digest_begin(void)
{
    struct digest *digest = malloc(sizeof *digest);
    if (digest == NULL)
        return NULL;
    digest->state = XXH3_createState();
    if (digest->state == NULL) {
        free(digest);
        return NULL;
    }
    XXH3_128bits_reset(digest->state);
    return digest;
}

void digest_add(struct digest *digest, const void *bytes, size_t byte_count)
{
    if (byte_count > 0)
        XXH3_128bits_update(digest->state, bytes, byte_count);
}

void digest_add_text(struct digest *digest, const char *text)
{
    digest_add_number(digest, strlen(text));
    digest_add(digest, text, strlen(text));
}

void digest_add_number(struct digest *digest, uint64_t number)
{
    uint8_t bytes[8];
    for (int b = 0; b < 8; b++)
        bytes[b] = (uint8_t)(number >> (8 * b));
    digest_add(digest, bytes, sizeof bytes);
}

static void write_text(char text[DIGEST_TEXT_BYTES], XXH128_hash_t hash)
{
    snprintf(text, DIGEST_TEXT_BYTES, "%016llx%016llx", (unsigned long long)hash.high64,
             (unsigned long long)hash.low64);
}

void digest_end(char text[DIGEST_TEXT_BYTES], struct digest *digest)
{
    text[0] = '\0';
    if (digest == NULL)
        return;
    write_text(text, XXH3_128bits_digest(digest->state));
    XXH3_freeState(digest->state);
    free(digest);
}

void digest_of(char text[DIGEST_TEXT_BYTES], const void *bytes, size_t byte_count)
{
    write_text(text, XXH3_128bits(bytes, byte_count));
}

void digest_words(int64_t words[2], const char *text)
{
    char half[17] = "";
    words[0] = words[1] = 0;
    if (strlen(text) != DIGEST_TEXT_BYTES - 1)
        return;
    memcpy(half, text, 16);
    words[0] = (int64_t)strtoull(half, NULL, 16);
    words[1] = (int64_t)strtoull(text + 16, NULL, 16);
}

enum status digest_file(char text[DIGEST_TEXT_BYTES], const char *path)
{
    return digest_file_part(text, path, UINT64_MAX);
}

enum status digest_file_part(char text[DIGEST_TEXT_BYTES], const char *path, uint64_t byte_count)
{
    text[0] = '\0';
    FILE *file = NULL;
    enum status outcome = file_open(&file, path);
    if (outcome != STATUS_OK)
        return outcome;
    struct digest *digest = digest_begin();
    uint8_t *bytes = malloc(READ_BYTES);
    if (digest == NULL || bytes == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "%s: digest", path);
    for (size_t got = 1; outcome == STATUS_OK && got > 0; byte_count -= got) {
        got = fread(bytes, 1, byte_count < READ_BYTES ? (size_t)byte_count : READ_BYTES, file);
        digest_add(digest, bytes, got);
    }
    if (outcome == STATUS_OK && ferror(file))
        outcome = file_fail(path, "cannot read");
    digest_end(text, digest);
    if (outcome != STATUS_OK)
        text[0] = '\0';
    free(bytes);
    fclose(file);
    return outcome;
}
