/* A finished shard and what came of its rejects, merged: as if all had been made at once. */
#include "storage/shard.h"
#include "tests/support/check.h"

#include <stdio.h>
#include <string.h>

enum { FIRST = 40, COUNT = 9 };

static const struct shard_column columns[] = {
    { "name", COLUMN_TEXT, .width = 1, .meaning = "texts" },
    { "pairs", COLUMN_U16, .is_ragged = true, .width = 2, .meaning = "any number" },
    { "one", COLUMN_F32, .width = 1, .meaning = "one" },
};

static const struct shard_identity identity = {
    .stage = "toy", .number = 4, .first_record = FIRST, .record_count = COUNT, .recipe = "0123"
};

static void add(struct shard *shard, size_t record, bool is_kept, const char *reason)
{
    char id[32];
    const uint16_t pairs[8] = { (uint16_t)record, 1, 2, 3, 4, 5, 6, (uint16_t)(record + 1) };
    const float one = (float)record;
    snprintf(id, sizeof id, "id-%zu", record);
    check_status(shard_add_text(shard, 0, id + record % 4), STATUS_OK, NULL);
    check_status(shard_add(shard, 1, pairs, record % 5), STATUS_OK, NULL);
    check_status(shard_add(shard, 2, &one, 1), STATUS_OK, NULL);
    check_status(is_kept ? shard_keep(shard, record, id) : shard_reject(shard, record, id, reason),
                 STATUS_OK, NULL);
}

/* Of each letter: a record that is kept, rejected, or not there. */
static struct shard *build(const char *letters, const char *reason)
{
    struct shard *shard = NULL;
    check_status(shard_create(&shard, &identity, columns, 3), STATUS_OK, NULL);
    for (size_t r = 0; letters[r] != '\0'; r++)
        if (letters[r] != '-')
            add(shard, FIRST + r, letters[r] == 'k', reason);
    return shard;
}

static void check_merge(const char *before, const char *again, const char *expected)
{
    char found[DIGEST_TEXT_BYTES], wanted[DIGEST_TEXT_BYTES];
    struct shard *first = build(before, "before"), *second = build(again, "again"), *merged = NULL;
    struct shard *whole = build(expected, "again");
    check_status(shard_create(&merged, &identity, columns, 3), STATUS_OK, NULL);
    check_status(shard_merge(merged, first, second), STATUS_OK, NULL);
    shard_content_digest(found, merged);
    shard_content_digest(wanted, whole);
    CU_ASSERT_STRING_EQUAL(found, wanted);
    shard_destroy(first);
    shard_destroy(second);
    shard_destroy(merged);
    shard_destroy(whole);
}

static void retried_records_take_their_places(void)
{
    check_merge("krkkrkrkk", "-k--k-k--", "kkkkkkkkk");
    check_merge("rkkkkkkkr", "k-------k", "kkkkkkkkk");
}

static void rejects_that_stay_have_their_new_reasons(void)
{
    check_merge("krkkrkrkk", "-r--k-r--", "krkkkkrkk");
    check_merge("rrrrrrrrr", "rrrrrrrrr", "rrrrrrrrr");
}

static void what_an_earlier_stage_left_out_stays_out(void)
{
    check_merge("k-rk-r--k", "--k--r---", "k-kk-r--k");
    check_merge("---------", "---------", "---------");
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "retried records", retried_records_take_their_places },
        { "rejects that stay", rejects_that_stay_have_their_new_reasons },
        { "left out", what_an_earlier_stage_left_out_stays_out },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "shard_merge", cases);
}
