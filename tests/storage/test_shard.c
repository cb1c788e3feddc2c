/* Shards: what goes in comes out, of every type; equal content has an equal digest; what does not
 * belong is refused. */
#include "core/file.h"
#include "storage/hdf5_prepare.h"
#include "storage/shard.h"
#include "storage/shard_schemas.h"
#include "tests/support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT, BYTES, IDS, COUNTS, LARGE, HALVES, FLOATS, COLUMN_COUNT };

static const struct shard_column columns[COLUMN_COUNT] = {
    [TEXT] = { "text", COLUMN_TEXT, .width = 1, .is_deflated = true, .meaning = "texts" },
    [BYTES] = { "bytes", COLUMN_U8, .is_ragged = true, .width = 1, .meaning = "any bytes" },
    [IDS] = { "ids", COLUMN_U16, .width = 4, .bits = 13, .meaning = "ids of 13 bits" },
    [COUNTS] = { "counts", COLUMN_U32, .width = 1, .is_deflated = true, .meaning = "counts" },
    [LARGE] = { "large", COLUMN_U64, .is_ragged = true, .width = 2, .meaning = "pairs" },
    [HALVES] = { "halves", COLUMN_F16, .is_ragged = true, .width = 3, .meaning = "half rows" },
    [FLOATS] = { "floats", COLUMN_F32, .width = 1, .meaning = "floats" },
};

static const struct shard_identity identity = { .stage = "toy",
                                                .number = 3,
                                                .first_record = 100,
                                                .record_count = 8,
                                                .codebook = 8192,
                                                .recipe = "0123456789abcdef0123456789abcdef" };

static const char *const texts[] = { "", "a red star", "\xD9\x86\xD8\xAC\xD9\x85\xD8\xA9",
                                     "\xF0\x9F\x98\x80 and trailing blanks  " };
static const uint16_t half_bits[] = { 0x0000, 0x8000, 0x3C00, 0x0001, 0x7BFF, 0xFBFF,
                                      0x7C00, 0xFC00, 0x7E00, 0xFE01, 0x03FF, 0x1234 };
static const float floats[] = { 0.0f, -0.0f, 1e-45f, 3.4028235e38f };

static void add_record(struct shard *shard, size_t r)
{
    uint8_t bytes[300];
    for (size_t b = 0; b < sizeof bytes; b++)
        bytes[b] = (uint8_t)(b * 7 + r);
    const uint16_t ids[4] = { 0, 8191, (uint16_t)r, 4096 };
    const uint32_t count = r % 2 == 0 ? UINT32_MAX : (uint32_t)r;
    const uint64_t pairs[4] = { UINT64_MAX, r, 0, UINT64_C(1) << 63 };
    check_status(shard_add_text(shard, TEXT, texts[r]), STATUS_OK, NULL);
    check_status(shard_add(shard, BYTES, bytes, r == 1 ? 0 : 100 * r), STATUS_OK, NULL);
    check_status(shard_add(shard, IDS, ids, 1), STATUS_OK, NULL);
    check_status(shard_add(shard, COUNTS, &count, 1), STATUS_OK, NULL);
    check_status(shard_add(shard, LARGE, pairs, r % 3), STATUS_OK, NULL);
    check_status(shard_add(shard, HALVES, half_bits, r), STATUS_OK, NULL);
    check_status(shard_add(shard, HALVES, half_bits + 3 * r, 1), STATUS_OK, NULL);
    check_status(shard_add(shard, FLOATS, &floats[r], 1), STATUS_OK, NULL);
}

/* Four kept records (100, 102, 103, 107) and two rejects (101, 105), one after half its values. */
static struct shard *build(void)
{
    static const size_t numbers[] = { 100, 102, 103, 107 };
    struct shard *shard = NULL;
    check_status(shard_create(&shard, &identity, columns, COLUMN_COUNT), STATUS_OK, NULL);
    for (size_t r = 0; r < 4; r++) {
        char id[32];
        if (r == 1)
            check_status(shard_reject(shard, 101, "id-101", "empty caption"), STATUS_OK, NULL);
        if (r == 3) {
            check_status(shard_add_text(shard, TEXT, "left over"), STATUS_OK, NULL);
            check_status(shard_add(shard, BYTES, "xyz", 3), STATUS_OK, NULL);
            check_status(shard_reject(shard, 105, "id-105", "\xC3\xA9"), STATUS_OK, NULL);
        }
        add_record(shard, r);
        snprintf(id, sizeof id, "id-%zu", numbers[r]);
        check_status(shard_keep(shard, numbers[r], id), STATUS_OK, NULL);
    }
    return shard;
}

static void check_values(const struct shard *shard, size_t column, size_t row, size_t rows,
                         const void *expected, size_t byte_count)
{
    size_t found = 77;
    const void *values = shard_values(shard, column, row, &found);
    CU_ASSERT_EQUAL(found, rows);
    CU_ASSERT(byte_count == 0 || memcmp(values, expected, byte_count) == 0);
}

static void check_content(const struct shard *shard)
{
    CU_ASSERT_EQUAL(shard_kept_count(shard), 4);
    CU_ASSERT_EQUAL(shard_reject_count(shard), 2);
    CU_ASSERT_EQUAL(shard_kept_record(shard, 3), 107);
    CU_ASSERT_STRING_EQUAL(shard_kept_id(shard, 2), "id-103");
    CU_ASSERT_STRING_EQUAL(shard_reject_at(shard, 0).reason, "empty caption");
    CU_ASSERT_EQUAL(shard_reject_at(shard, 1).record, 105);
    CU_ASSERT_STRING_EQUAL(shard_reject_at(shard, 1).id, "id-105");
    CU_ASSERT_STRING_EQUAL(shard_reject_at(shard, 1).reason, "\xC3\xA9");
    for (size_t r = 0; r < 4; r++) {
        const uint16_t ids[4] = { 0, 8191, (uint16_t)r, 4096 };
        const uint64_t pairs[4] = { UINT64_MAX, r, 0, UINT64_C(1) << 63 };
        size_t rows = 0;
        CU_ASSERT_STRING_EQUAL(shard_text(shard, TEXT, r), texts[r]);
        check_values(shard, IDS, r, 1, ids, sizeof ids);
        check_values(shard, LARGE, r, r % 3, pairs, r % 3 * 16);
        check_values(shard, FLOATS, r, 1, &floats[r], sizeof(float));
        const uint16_t *halves = shard_values(shard, HALVES, r, &rows);
        CU_ASSERT_EQUAL(rows, r + 1);
        CU_ASSERT(memcmp(halves, half_bits, r * 6) == 0);
        CU_ASSERT(memcmp(halves + 3 * r, half_bits + 3 * r, 6) == 0);
        const uint8_t *bytes = shard_values(shard, BYTES, r, &rows);
        CU_ASSERT_EQUAL(rows, r == 1 ? 0 : 100 * r);
        CU_ASSERT(rows == 0 || bytes[rows - 1] == (uint8_t)((rows - 1) * 7 + r));
    }
}

static void what_is_built_can_be_asked(void)
{
    struct shard *shard = build();
    check_content(shard);
    CU_ASSERT_EQUAL(shard_find(shard, 100), 0);
    CU_ASSERT_EQUAL(shard_find(shard, 107), 3);
    CU_ASSERT_EQUAL(shard_find(shard, 101), SIZE_MAX);
    CU_ASSERT_EQUAL(shard_find(shard, 0), SIZE_MAX);
    CU_ASSERT_EQUAL(shard_find(shard, 108), SIZE_MAX);
    shard_destroy(shard);
    shard_destroy(NULL);
}

static void every_type_comes_back_bit_by_bit(void)
{
    struct shard *shard = build(), *read = NULL;
    char before[DIGEST_TEXT_BYTES], after[DIGEST_TEXT_BYTES];
    const char *path = check_scratch("shard.h5");
    check_status(shard_write(shard, path), STATUS_OK, NULL);
    check_status(shard_read(&read, path, columns, COLUMN_COUNT), STATUS_OK, NULL);
    if (read != NULL) {
        check_content(read);
        CU_ASSERT_STRING_EQUAL(shard_identity(read)->stage, "toy");
        CU_ASSERT_STRING_EQUAL(shard_identity(read)->recipe, identity.recipe);
        CU_ASSERT_EQUAL(shard_identity(read)->number, 3);
        CU_ASSERT_EQUAL(shard_identity(read)->first_record, 100);
        CU_ASSERT_EQUAL(shard_identity(read)->record_count, 8);
        CU_ASSERT_EQUAL(shard_identity(read)->codebook, 8192);
        CU_ASSERT_EQUAL(shard_column_width(read, HALVES), 3);
        shard_content_digest(before, shard);
        shard_content_digest(after, read);
        CU_ASSERT_STRING_EQUAL(before, after);
    }
    shard_destroy(read);
    shard_destroy(shard);
}

static void a_width_may_be_left_to_the_file(void)
{
    struct shard *shard = build(), *read = NULL;
    struct shard_column open_width[COLUMN_COUNT];
    memcpy(open_width, columns, sizeof columns);
    open_width[IDS].width = open_width[HALVES].width = 0;
    check_status(shard_write(shard, check_scratch("shard.h5")), STATUS_OK, NULL);
    check_status(shard_read(&read, check_scratch("shard.h5"), open_width, COLUMN_COUNT), STATUS_OK,
                 NULL);
    if (read != NULL) {
        CU_ASSERT_EQUAL(shard_column_width(read, IDS), 4);
        CU_ASSERT_EQUAL(shard_column_width(read, HALVES), 3);
        check_content(read);
    }
    shard_destroy(read);
    shard_destroy(shard);
}

static void a_shard_may_hold_nothing_or_rejects_only(void)
{
    for (size_t rejects = 0; rejects < 2; rejects++) {
        struct shard *shard = NULL, *read = NULL;
        check_status(shard_create(&shard, &identity, columns, COLUMN_COUNT), STATUS_OK, NULL);
        if (rejects > 0)
            check_status(shard_reject(shard, 100, "i", "r"), STATUS_OK, NULL);
        check_status(shard_write(shard, check_scratch("empty.h5")), STATUS_OK, NULL);
        check_status(shard_read(&read, check_scratch("empty.h5"), columns, COLUMN_COUNT), STATUS_OK,
                     NULL);
        if (read != NULL) {
            CU_ASSERT_EQUAL(shard_kept_count(read), 0);
            CU_ASSERT_EQUAL(shard_reject_count(read), rejects);
            CU_ASSERT_EQUAL(shard_find(read, 100), SIZE_MAX);
        }
        shard_destroy(read);
        shard_destroy(shard);
    }
}

static void summary_and_rejects_are_read_alone(void)
{
    struct shard *shard = build(), *rejects = NULL;
    struct shard_summary summary;
    char content[DIGEST_TEXT_BYTES];
    const char *path = check_scratch("shard.h5");
    shard_content_digest(content, shard);
    check_status(shard_write(shard, path), STATUS_OK, NULL);
    check_status(shard_read_summary(&summary, path), STATUS_OK, NULL);
    CU_ASSERT(summary.number == 3 && summary.kept_count == 4 && summary.reject_count == 2);
    CU_ASSERT_STRING_EQUAL(summary.stage, "toy");
    CU_ASSERT_STRING_EQUAL(summary.recipe, identity.recipe);
    CU_ASSERT_STRING_EQUAL(summary.content, content);
    summary = (struct shard_summary){ 0 };
    check_status(shard_peek_summary(&summary, path), STATUS_OK, NULL);
    CU_ASSERT_STRING_EQUAL(summary.content, content);
    check_status(shard_read_rejects(&rejects, path), STATUS_OK, NULL);
    if (rejects != NULL) {
        CU_ASSERT_EQUAL(shard_kept_count(rejects), 0);
        CU_ASSERT_STRING_EQUAL(shard_reject_at(rejects, 0).id, "id-101");
    }
    shard_destroy(rejects);
    shard_destroy(shard);
}

static void equal_content_gives_equal_files_and_digests(void)
{
    struct shard *one = build(), *other = build();
    uint8_t *bytes[2];
    size_t byte_counts[2];
    check_status(shard_write(one, check_scratch("one.h5")), STATUS_OK, NULL);
    check_status(shard_write(other, check_scratch("other.h5")), STATUS_OK, NULL);
    file_read(&bytes[0], &byte_counts[0], check_scratch("one.h5"), 1 << 24);
    file_read(&bytes[1], &byte_counts[1], check_scratch("other.h5"), 1 << 24);
    CU_ASSERT(byte_counts[0] == byte_counts[1] && memcmp(bytes[0], bytes[1], byte_counts[0]) == 0);
    free(bytes[0]);
    free(bytes[1]);
    shard_destroy(one);
    shard_destroy(other);
}

/* Digest of a shard of one text record and one reject, from its parts. */
static void digest_parts(char digest[DIGEST_TEXT_BYTES], size_t record, const char *id,
                         const char *text, const char *reason)
{
    struct shard *shard = NULL;
    check_status(shard_create(&shard, &identity, columns, 1), STATUS_OK, NULL);
    shard_add_text(shard, 0, text);
    shard_keep(shard, record, id);
    shard_reject(shard, 107, "r", reason);
    shard_content_digest(digest, shard);
    shard_destroy(shard);
}

static void another_content_gives_another_digest(void)
{
    char digests[6][DIGEST_TEXT_BYTES];
    digest_parts(digests[0], 100, "id", "text", "reason");
    digest_parts(digests[1], 101, "id", "text", "reason");
    digest_parts(digests[2], 100, "ix", "text", "reason");
    digest_parts(digests[3], 100, "id", "texx", "reason");
    digest_parts(digests[4], 100, "id", "text", "reasox");
    digest_parts(digests[5], 100, "idt", "ext", "reason");
    for (size_t a = 0; a < 6; a++)
        for (size_t b = 0; b < a; b++)
            CU_ASSERT_STRING_NOT_EQUAL(digests[a], digests[b]);
}

static void the_columns_of_another_stage_are_refused(void)
{
    struct shard *shard = build(), *read = NULL;
    const char *path = check_scratch("shard.h5");
    check_status(shard_write(shard, path), STATUS_OK, NULL);
    check_status(shard_read(&read, path, image_columns, IMAGE_COLUMN_COUNT), STATUS_CORRUPT,
                 "shard.h5: ");
    check_status(shard_read(&read, path, speech_columns, SPEECH_COLUMN_COUNT), STATUS_CORRUPT,
                 "shard.h5: ");
    check_status(shard_read(&read, path, columns, COLUMN_COUNT - 1), STATUS_CORRUPT, "digest");
    for (size_t c = 0; c < COLUMN_COUNT; c++)
        for (int type = COLUMN_TEXT; type <= COLUMN_F32; type++) {
            struct shard_column changed[COLUMN_COUNT];
            memcpy(changed, columns, sizeof columns);
            if (changed[c].type == (enum column_type)type)
                continue;
            changed[c].type = (enum column_type)type;
            check_status(shard_read(&read, path, changed, COLUMN_COUNT), STATUS_CORRUPT,
                         "shard.h5: ");
            CU_ASSERT_PTR_NULL(read);
        }
    struct shard_column wider[COLUMN_COUNT];
    memcpy(wider, columns, sizeof columns);
    wider[IDS].width = 5;
    check_status(shard_read(&read, path, wider, COLUMN_COUNT), STATUS_CORRUPT, "ids");
    shard_destroy(shard);
}

/* Writes one text record of that number, and a reject, and expects both refused at reading. */
static void check_numbers_refused(size_t first, size_t second, size_t reject)
{
    struct shard *shard = NULL, *read = NULL;
    const char *path = check_scratch("numbers.h5");
    check_status(shard_create(&shard, &identity, columns, 1), STATUS_OK, NULL);
    shard_add_text(shard, 0, "a");
    shard_keep(shard, first, "a");
    shard_add_text(shard, 0, "b");
    shard_keep(shard, second, "b");
    shard_reject(shard, reject, "r", "reason");
    check_status(shard_write(shard, path), STATUS_OK, NULL);
    check_status(shard_read(&read, path, columns, 1), STATUS_CORRUPT, "record");
    CU_ASSERT_PTR_NULL(read);
    shard_destroy(shard);
}

static void records_outside_the_range_or_out_of_order_are_refused(void)
{
    check_numbers_refused(99, 100, 101);
    check_numbers_refused(100, 108, 101);
    check_numbers_refused(101, 100, 102);
    check_numbers_refused(100, 100, 102);
    check_numbers_refused(100, SIZE_MAX, 102);
    check_numbers_refused(100, 101, 99);
    check_numbers_refused(100, 101, 108);
}

static void what_is_no_shard_is_told_apart(void)
{
    struct shard *read = NULL;
    struct shard_summary summary;
    check_status(shard_read(&read, check_scratch("absent.h5"), columns, COLUMN_COUNT),
                 STATUS_NOT_FOUND, "absent.h5");
    file_write(check_scratch("text.h5"), "hello", 5);
    check_status(shard_read(&read, check_scratch("text.h5"), columns, COLUMN_COUNT), STATUS_CORRUPT,
                 "text.h5");
    check_status(shard_read_summary(&summary, check_scratch("text.h5")), STATUS_CORRUPT, "text.h5");
    folder_make(check_scratch("folder.h5"));
    check_status(shard_read(&read, check_scratch("folder.h5"), columns, COLUMN_COUNT),
                 STATUS_CORRUPT, "folder.h5");
    CU_ASSERT_PTR_NULL(read);
}

static void ids_of_a_codebook_take_the_bits_they_need(void)
{
    CU_ASSERT_EQUAL(shard_id_bits(0), 1);
    CU_ASSERT_EQUAL(shard_id_bits(2), 1);
    CU_ASSERT_EQUAL(shard_id_bits(3), 2);
    CU_ASSERT_EQUAL(shard_id_bits(100), 7);
    CU_ASSERT_EQUAL(shard_id_bits(8192), 13);
    CU_ASSERT_EQUAL(shard_id_bits(8193), 14);
    CU_ASSERT_EQUAL(shard_id_bits(32768), 15);
    CU_ASSERT_EQUAL(shard_id_bits(32769), 0);
    CU_ASSERT_EQUAL(shard_id_bits(65536), 0);
}

int main(int argc, char **argv)
{
    hdf5_prepare();
    CU_TestInfo cases[] = {
        { "what is built can be asked", what_is_built_can_be_asked },
        { "every type comes back", every_type_comes_back_bit_by_bit },
        { "a width left to the file", a_width_may_be_left_to_the_file },
        { "nothing, or rejects only", a_shard_may_hold_nothing_or_rejects_only },
        { "summary and rejects alone", summary_and_rejects_are_read_alone },
        { "equal content", equal_content_gives_equal_files_and_digests },
        { "another content", another_content_gives_another_digest },
        { "another stage's columns", the_columns_of_another_stage_are_refused },
        { "records outside the range", records_outside_the_range_or_out_of_order_are_refused },
        { "what is no shard", what_is_no_shard_is_told_apart },
        { "bits of ids", ids_of_a_codebook_take_the_bits_they_need },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "shard", cases);
}
