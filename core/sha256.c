#include "core/sha256.h"

#include "core/file.h"

#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>

enum { READ_BYTES = 1 << 20 };

static void write_text(char text[SHA256_TEXT_BYTES], struct sha256_ctx *state)
{
    uint8_t bytes[SHA256_DIGEST_SIZE];
    sha256_digest(state, sizeof bytes, bytes);
    for (size_t b = 0; b < sizeof bytes; b++)
        snprintf(text + 2 * b, 3, "%02x", bytes[b]);
}

enum status sha256_file(char text[SHA256_TEXT_BYTES], const char *path)
{
    FILE *file = NULL;
    struct sha256_ctx state;
    text[0] = '\0';
    enum status outcome = file_open(&file, path);
    if (outcome != STATUS_OK)
        return outcome;
    uint8_t *bytes = malloc(READ_BYTES);
    if (bytes == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "%s: SHA-256", path);
    sha256_init(&state);
    for (size_t got = 1; outcome == STATUS_OK && got > 0;) {
        got = fread(bytes, 1, READ_BYTES, file);
        sha256_update(&state, got, bytes);
    }
    if (outcome == STATUS_OK && ferror(file))
        outcome = file_fail(path, "cannot read");
    if (outcome == STATUS_OK)
        write_text(text, &state);
    free(bytes);
    fclose(file);
    return outcome;
}
