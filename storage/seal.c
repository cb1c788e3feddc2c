#include "storage/seal.h"

#include "core/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char mark[] = "unitmill sealed ";
enum { MARK_BYTES = sizeof mark - 1, READ_BYTES = 1 << 20 };

void seal_write(uint8_t *bytes, const char *digest)
{
    memcpy(bytes, mark, MARK_BYTES);
    memcpy(bytes + MARK_BYTES, digest, SEAL_BYTES - MARK_BYTES);
}

bool seal_is_one(const uint8_t *bytes)
{
    return memcmp(bytes, mark, MARK_BYTES) == 0;
}

bool seal_matches(const uint8_t *bytes, const char *digest)
{
    return seal_is_one(bytes) && memcmp(bytes + MARK_BYTES, digest, SEAL_BYTES - MARK_BYTES) == 0;
}

static enum status read_at(uint8_t *bytes, size_t byte_count, int file, uint64_t offset,
                           const char *path)
{
    for (size_t at = 0; at < byte_count;) {
        const ssize_t got = pread(file, bytes + at, byte_count - at, (off_t)(offset + at));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return file_fail(path, "cannot read");
        if (got == 0)
            return status_fail(STATUS_CORRUPT, "%s: became shorter while it was read", path);
        at += (size_t)got;
    }
    return STATUS_OK;
}

static enum status digest_block(int64_t words[2], uint8_t *buffer, int file, uint64_t first,
                                uint64_t byte_count, const char *path)
{
    char text[DIGEST_TEXT_BYTES];
    struct digest *digest = digest_begin();
    if (digest == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: digest", path);
    enum status outcome = STATUS_OK;
    for (uint64_t at = 0; at < byte_count && outcome == STATUS_OK; at += READ_BYTES) {
        const uint64_t left = byte_count - at;
        const size_t bytes = left < READ_BYTES ? (size_t)left : READ_BYTES;
        outcome = read_at(buffer, bytes, file, first + at, path);
        if (outcome == STATUS_OK)
            digest_add(digest, buffer, bytes);
    }
    digest_end(text, digest);
    digest_words(words, text);
    return outcome;
}

/* This rank's share of the blocks; words of the others stay 0. */
static enum status digest_share(int64_t *words, size_t block_count, const struct team *team,
                                const char *path, uint64_t byte_count)
{
    enum status outcome = STATUS_OK;
    uint8_t *buffer = malloc(READ_BYTES);
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (buffer == NULL || words == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "%s: digest", path);
    else if (file < 0)
        outcome = file_fail(path, "cannot open");
    for (size_t b = (size_t)team->rank; b < block_count && outcome == STATUS_OK;
         b += (size_t)team->size) {
        const uint64_t first = (uint64_t)b * SEAL_BLOCK_BYTES, left = byte_count - first;
        outcome = digest_block(words + 2 * b, buffer, file, first,
                               left < SEAL_BLOCK_BYTES ? left : SEAL_BLOCK_BYTES, path);
    }
    if (file >= 0)
        close(file);
    free(buffer);
    return outcome;
}

/* Of the first `byte_count` bytes, which all ranks pass alike. */
static enum status digest_store(char digest[DIGEST_TEXT_BYTES], const struct team *team,
                                const char *path, uint64_t byte_count)
{
    const size_t block_count = (size_t)((byte_count + SEAL_BLOCK_BYTES - 1) / SEAL_BLOCK_BYTES);
    int64_t *words = calloc(2 * block_count + 1, sizeof *words);
    const enum status outcome =
        team_agree(team, "digest store", digest_share(words, block_count, team, path, byte_count));
    if (outcome == STATUS_OK) {
        team_sum(team, words, 2 * block_count);
        digest_of(digest, words, 2 * block_count * sizeof *words);
    }
    free(words);
    return outcome;
}

static uint64_t agreed_bytes(const struct team *team, const char *path)
{
    uint64_t bytes = team->rank == 0 ? file_bytes(path) : 0;
    team_broadcast(team, &bytes, sizeof bytes, 0);
    return bytes;
}

static enum status append(const char *path, const char *digest)
{
    uint8_t bytes[SEAL_BYTES];
    seal_write(bytes, digest);
    const int file = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (file < 0)
        return file_fail(path, "cannot open");
    const ssize_t put = write(file, bytes, sizeof bytes);
    if (put >= 0 && put < SEAL_BYTES)
        errno = ENOSPC;
    const enum status outcome =
        put == SEAL_BYTES ? STATUS_OK : file_fail(path, "cannot write its seal");
    return close(file) == 0 || outcome != STATUS_OK ? outcome : file_fail(path, "cannot close");
}

enum status seal_store(const struct team *team, const char *path)
{
    char digest[DIGEST_TEXT_BYTES];
    enum status outcome = digest_store(digest, team, path, agreed_bytes(team, path));
    if (outcome == STATUS_OK && team->rank == 0)
        outcome = append(path, digest);
    return team_agree(team, "seal store", outcome);
}

/* On rank 0. */
static enum status read_seal(uint8_t seal[SEAL_BYTES], const char *path, uint64_t byte_count)
{
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return file_fail(path, "cannot open");
    enum status outcome = STATUS_OK;
    if (byte_count > SEAL_BYTES)
        outcome = read_at(seal, SEAL_BYTES, file, byte_count - SEAL_BYTES, path);
    if (outcome == STATUS_OK && (byte_count <= SEAL_BYTES || !seal_is_one(seal)))
        outcome = status_fail(STATUS_CORRUPT, "%s: cut short, or not by unitmill", path);
    close(file);
    return outcome;
}

bool seal_matches_file(const char *path)
{
    char digest[DIGEST_TEXT_BYTES];
    uint8_t seal[SEAL_BYTES];
    const uint64_t bytes = file_bytes(path);
    return read_seal(seal, path, bytes) == STATUS_OK &&
           digest_file_part(digest, path, bytes - SEAL_BYTES) == STATUS_OK &&
           seal_matches(seal, digest);
}

enum status seal_check_store(const struct team *team, const char *path)
{
    char digest[DIGEST_TEXT_BYTES];
    uint8_t seal[SEAL_BYTES] = { 0 };
    const uint64_t bytes = agreed_bytes(team, path);
    enum status outcome =
        team_agree(team, "read seal", team->rank == 0 ? read_seal(seal, path, bytes) : STATUS_OK);
    if (outcome == STATUS_OK)
        outcome = digest_store(digest, team, path, bytes - SEAL_BYTES);
    if (outcome == STATUS_OK && team->rank == 0 && !seal_matches(seal, digest))
        outcome =
            status_fail(STATUS_CORRUPT, "%s: damaged: its bytes are not those of its seal", path);
    return team_agree(team, "check seal", outcome);
}
