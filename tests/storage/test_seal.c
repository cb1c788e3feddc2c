/* The seal of large files: any change is found, whoever of the ranks reads it. Run on 1 rank and
 * on 3. */
#include "core/file.h"
#include "storage/seal.h"
#include "tests/support/check.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Two blocks and a bit. */
enum { BYTES = 2 * SEAL_BLOCK_BYTES + 12345 };

static struct team team;

/* A file of `byte_count` bytes, sealed. */
static const char *make_sealed(size_t byte_count)
{
    const char *path = check_scratch("sealed.h5");
    if (team.rank == 0) {
        uint8_t *bytes = malloc(byte_count + 1);
        for (size_t b = 0; bytes != NULL && b < byte_count; b++)
            bytes[b] = (uint8_t)((b * 31 >> 3) + (b >> 24));
        check_status(file_write(path, bytes, byte_count), STATUS_OK, NULL);
        free(bytes);
    }
    team_wait(&team);
    check_status(seal_store(&team, path), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(file_bytes(path), byte_count + SEAL_BYTES);
    return path;
}

static void flip(const char *path, off_t at)
{
    team_wait(&team);
    if (team.rank == 0) {
        uint8_t byte = 0;
        const int file = open(path, O_RDWR);
        CU_ASSERT_EQUAL(pread(file, &byte, 1, at), 1);
        byte ^= 16;
        CU_ASSERT_EQUAL(pwrite(file, &byte, 1, at), 1);
        close(file);
    }
    team_wait(&team);
}

static void any_bit_counts(void)
{
    static const off_t places[] = {
        0, SEAL_BLOCK_BYTES - 1, SEAL_BLOCK_BYTES, 2 * SEAL_BLOCK_BYTES + 7, BYTES - 1, BYTES + 20
    };
    const char *path = make_sealed(BYTES);
    check_status(seal_check_store(&team, path), STATUS_OK, NULL);
    for (size_t p = 0; p < sizeof places / sizeof places[0]; p++) {
        flip(path, places[p]);
        check_status(seal_check_store(&team, path), STATUS_CORRUPT, "sealed.h5: damaged");
        flip(path, places[p]);
    }
    check_status(seal_check_store(&team, path), STATUS_OK, NULL);
    flip(path, BYTES);
    check_status(seal_check_store(&team, path), STATUS_CORRUPT, "cut short, or not by unitmill");
}

static void blocks_that_change_places_are_found(void)
{
    const char *path = make_sealed(2 * SEAL_BLOCK_BYTES);
    uint8_t *bytes = NULL;
    size_t byte_count = 0;
    if (team.rank == 0) {
        check_status(file_read(&bytes, &byte_count, path, 1 << 28), STATUS_OK, NULL);
        memmove(bytes + SEAL_BLOCK_BYTES, bytes, SEAL_BLOCK_BYTES);
        check_status(file_write(path, bytes, byte_count), STATUS_OK, NULL);
        free(bytes);
    }
    team_wait(&team);
    check_status(seal_check_store(&team, path), STATUS_CORRUPT, "damaged");
}

static void what_is_short_or_not_there_is_told(void)
{
    const char *path = make_sealed(100);
    check_status(seal_check_store(&team, path), STATUS_OK, NULL);
    for (off_t left = 147; left >= 0; left -= 49) {
        team_wait(&team);
        if (team.rank == 0)
            CU_ASSERT_EQUAL(truncate(path, left), 0);
        team_wait(&team);
        check_status(seal_check_store(&team, path), STATUS_CORRUPT, "cut short");
    }
    check_status(seal_check_store(&team, check_scratch("absent.h5")), STATUS_NOT_FOUND,
                 "absent.h5");
    check_status(seal_store(&team, check_scratch("absent.h5")), STATUS_NOT_FOUND, "absent.h5");
}

static void a_failure_of_one_rank_is_that_of_all(void)
{
    static const char *const steps[] = { "read seal", "digest store", "check seal" };
    const char *path = make_sealed(5000);
    for (size_t s = 0; s < sizeof steps / sizeof steps[0]; s++)
        for (int rank = 0; rank < team.size; rank++) {
            const struct team_fault fault = { steps[s], rank, STATUS_IO };
            struct team faulty = team;
            faulty.fault = &fault;
            check_status(seal_check_store(&faulty, path), STATUS_IO, steps[s]);
        }
    check_status(seal_check_store(&team, path), STATUS_OK, NULL);
}

static void begin(void)
{
    check_status(team_begin(&team, MPI_COMM_WORLD), STATUS_OK, NULL);
}

static void end(void)
{
    team_end(&team);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "begin", begin },
        { "any bit", any_bit_counts },
        { "blocks that change places", blocks_that_change_places_are_found },
        { "short or not there", what_is_short_or_not_there_is_told },
        { "a failure of one rank", a_failure_of_one_rank_is_that_of_all },
        { "end", end },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "seal", cases);
}
