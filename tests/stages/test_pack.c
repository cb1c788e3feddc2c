/* pack, on shards that the test writes: what the store holds of them, for any number of ranks, and
 * when it is made again. Run on 1 rank and on 3. */
#include "core/file.h"
#include "core/log.h"
#include "stages/pack/pack.h"
#include "storage/hdf5_prepare.h"
#include "storage/store_reader.h"
#include "tests/stages/pack_shards.h"
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct team team;
static struct run run;

static bool is_in_store(size_t caption)
{
    return caption != UNSPOKEN && caption != TOO_SHORT &&
           run.manifest.captions[caption].image != BAD_PICTURE;
}

static size_t row_of_picture(size_t picture)
{
    return picture > BAD_PICTURE ? picture - 1 : picture;
}

/* One row of a text dataset. */
static const char *text_at(const struct store_reader *reader, const char *dataset, size_t row)
{
    static char texts[4][300];
    static size_t next;
    char *text = texts[next++ % 4];
    check_status(store_reader_texts(text, sizeof texts[0], reader, dataset, row, 1), STATUS_OK,
                 NULL);
    return text;
}

static uint64_t number_at(const struct store_reader *reader, const char *dataset, size_t row)
{
    uint64_t number = UINT64_MAX;
    check_status(store_reader_numbers(&number, reader, dataset, row, 1, 1), STATUS_OK, NULL);
    return number;
}

static size_t rows_of(const struct store_reader *reader, const char *dataset)
{
    uint64_t rows = 0;
    size_t width = 0;
    check_status(store_reader_extent(&rows, &width, reader, dataset), STATUS_OK, NULL);
    return (size_t)rows;
}

static void check_caption(const struct store_reader *reader, size_t row, size_t caption,
                          size_t first_unit)
{
    const struct manifest_caption *expected = &run.manifest.captions[caption];
    CU_ASSERT_STRING_EQUAL(text_at(reader, "/captions/id", row), expected->id);
    CU_ASSERT_STRING_EQUAL(text_at(reader, "/captions/text", row), expected->text);
    CU_ASSERT_STRING_EQUAL(text_at(reader, "/captions/language", row), expected->language);
    CU_ASSERT_STRING_EQUAL(text_at(reader, "/captions/voice", row),
                           caption % 2 == 0 ? "en-us" : "ar+f2");
    CU_ASSERT_STRING_EQUAL(text_at(reader, "/captions/split", row),
                           run.manifest.images[expected->image].split);
    CU_ASSERT_EQUAL(number_at(reader, "/captions/image", row), row_of_picture(expected->image));
    CU_ASSERT_EQUAL(number_at(reader, "/speech/sample_count", row), 320 * pack_frames_of(caption));
    CU_ASSERT_EQUAL(number_at(reader, "/speech/offsets", row), first_unit);
    for (size_t r = 0; r < pack_runs_of(caption); r++) {
        CU_ASSERT_EQUAL(number_at(reader, "/speech/units", first_unit + r),
                        pack_unit_at(caption, r));
        CU_ASSERT_EQUAL(number_at(reader, "/speech/durations", first_unit + r),
                        pack_duration_at(caption, r));
    }
}

static void check_captions(const struct store_reader *reader)
{
    size_t row = 0, unit = 0;
    for (size_t c = 0; c < CAPTIONS; c++)
        if (is_in_store(c)) {
            check_caption(reader, row++, c, unit);
            unit += pack_runs_of(c);
        }
    CU_ASSERT_EQUAL(rows_of(reader, "/captions/id"), row);
    CU_ASSERT_EQUAL(rows_of(reader, "/speech/offsets"), row + 1);
    CU_ASSERT_EQUAL(number_at(reader, "/speech/offsets", row), unit);
    CU_ASSERT_EQUAL(rows_of(reader, "/speech/units"), unit);
    CU_ASSERT_EQUAL(rows_of(reader, "/speech/durations"), unit);
}

static void check_pictures(const struct store_reader *reader)
{
    CU_ASSERT_EQUAL(rows_of(reader, "/images/id"), PICTURES - 1);
    for (size_t p = 0; p < PICTURES; p++) {
        const size_t row = row_of_picture(p);
        uint64_t units[TOKENS];
        size_t wrong = 0;
        if (p == BAD_PICTURE)
            continue;
        CU_ASSERT_STRING_EQUAL(text_at(reader, "/images/id", row), run.manifest.images[p].id);
        CU_ASSERT_EQUAL(number_at(reader, "/images/width", row), 100 + p);
        CU_ASSERT_EQUAL(number_at(reader, "/images/height", row), 200);
        CU_ASSERT_EQUAL(number_at(reader, "/images/source_bytes", row), 1000 * p);
        check_status(store_reader_numbers(units, reader, "/images/units", row, 1, TOKENS),
                     STATUS_OK, NULL);
        for (size_t t = 0; t < TOKENS; t++)
            wrong += units[t] != pack_token_at(p, t);
        CU_ASSERT_EQUAL(wrong, 0);
    }
}

static void check_rejects(const struct store_reader *reader)
{
    static const struct {
        const char *stage, *id, *reason;
        size_t record;
    } expected[] = {
        { "image-units", "p5", "not a JPEG", BAD_PICTURE },
        { "pack", "p5-0", "its picture p5 is a reject", 10 },
        { "pack", "p5-1", "its picture p5 is a reject", 11 },
        { "speak", "p1-1", "text is empty", UNSPOKEN },
        { "speech-units", "p6-0", "shorter than a frame", TOO_SHORT },
    };
    const size_t count = sizeof expected / sizeof expected[0];
    CU_ASSERT_EQUAL(rows_of(reader, "/rejects/id"), count);
    for (size_t r = 0; r < count && rows_of(reader, "/rejects/id") == count; r++) {
        CU_ASSERT_STRING_EQUAL(text_at(reader, "/rejects/stage", r), expected[r].stage);
        CU_ASSERT_STRING_EQUAL(text_at(reader, "/rejects/id", r), expected[r].id);
        CU_ASSERT_STRING_EQUAL(text_at(reader, "/rejects/reason", r), expected[r].reason);
        CU_ASSERT_EQUAL(number_at(reader, "/rejects/record", r), expected[r].record);
    }
}

static void check_provenance(const struct store_reader *reader)
{
    char text[8192];
    uint64_t number = 0;
    check_status(store_reader_note_text(text, sizeof text, reader, "/provenance", "plan"),
                 STATUS_OK, NULL);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "shard_captions: 7\n"));
    check_status(
        store_reader_note_text(text, sizeof text, reader, "/provenance", "manifest_digest"),
        STATUS_OK, NULL);
    CU_ASSERT_STRING_EQUAL(text, run.plan.digests.manifest);
    check_status(store_reader_note_number(&number, reader, "/speech/units", "codebook"), STATUS_OK,
                 NULL);
    CU_ASSERT_EQUAL(number, SPEECH_CODES);
    check_status(store_reader_note_number(&number, reader, "/images/units", "grid_rows"), STATUS_OK,
                 NULL);
    CU_ASSERT_EQUAL(number, GRID);
}

static struct store_reader *open_store(void)
{
    struct store_reader *reader = NULL;
    check_status(store_reader_open(&reader, pack_store_path(&run)), STATUS_OK, NULL);
    return reader;
}

static void the_store_holds_what_the_shards_hold(void)
{
    pack_begin_run(&run, &team, FAULT_NONE, NULL);
    check_status(pack_run(&run), STATUS_OK, NULL);
    team_wait(&team);
    struct store_reader *reader = team.rank == 0 ? open_store() : NULL;
    if (reader != NULL) {
        check_captions(reader);
        check_pictures(reader);
        check_rejects(reader);
        check_provenance(reader);
        CU_ASSERT_FALSE(store_reader_has(reader, "/speech/features"));
        CU_ASSERT_FALSE(store_reader_has(reader, "/images/duplicates"));
    }
    store_reader_close(reader);
    pack_end_run(&run);
}

static void features_are_packed_where_the_plan_keeps_them(void)
{
    pack_begin_run(&run, &team, FAULT_NONE, "speech_units.features=true");
    check_status(pack_run(&run), STATUS_OK, NULL);
    team_wait(&team);
    struct store_reader *reader = team.rank == 0 ? open_store() : NULL;
    size_t row = 0, frame = 0, wrong = 0;
    for (size_t c = 0; reader != NULL && c < CAPTIONS; c++) {
        uint16_t values[FEATURE_WIDTH];
        if (!is_in_store(c))
            continue;
        wrong += number_at(reader, "/speech/feature_offsets", row++) != frame;
        for (uint32_t f = 0; f < pack_frames_of(c); f += 1 + pack_frames_of(c) / 5) {
            check_status(store_reader_halves(values, reader, "/speech/features", frame + f, 1,
                                             FEATURE_WIDTH),
                         STATUS_OK, NULL);
            wrong += values[0] != 0x3C00 || values[1] != c || values[2] != (uint16_t)f;
        }
        frame += pack_frames_of(c);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    if (reader != NULL)
        CU_ASSERT_EQUAL(rows_of(reader, "/speech/features"), frame);
    store_reader_close(reader);
    pack_end_run(&run);
}

static void a_store_may_be_without_pictures_and_captions(void)
{
    pack_begin_run(&run, &team, FAULT_ALL_PICTURES_REJECTED, NULL);
    check_status(pack_run(&run), STATUS_OK, NULL);
    team_wait(&team);
    struct store_reader *reader = team.rank == 0 ? open_store() : NULL;
    if (reader != NULL) {
        CU_ASSERT_EQUAL(rows_of(reader, "/captions/id"), 0);
        CU_ASSERT_EQUAL(rows_of(reader, "/images/units"), 0);
        CU_ASSERT_EQUAL(rows_of(reader, "/speech/offsets"), 1);
        CU_ASSERT_EQUAL(number_at(reader, "/speech/offsets", 0), 0);
        CU_ASSERT_EQUAL(rows_of(reader, "/rejects/id"), PICTURES + CAPTIONS);
    }
    store_reader_close(reader);
    pack_end_run(&run);
}

/* Row in the store of a picture of a run with twins. */
static size_t row_with_twins(size_t picture)
{
    const size_t twin = pack_twin_of(picture, FAULT_TWINS);
    size_t row = 0;
    for (size_t p = 0; p < twin; p++)
        row += p != BAD_PICTURE && pack_twin_of(p, FAULT_TWINS) == p;
    return row;
}

static void check_twins(const struct store_reader *reader)
{
    const char *lost = NULL;
    CU_ASSERT_EQUAL(rows_of(reader, "/images/id"), PICTURES - 4);
    CU_ASSERT_EQUAL(rows_of(reader, "/images/units"), PICTURES - 4);
    CU_ASSERT_EQUAL(rows_of(reader, "/images/duplicates/id"), 2);
    CU_ASSERT_EQUAL(rows_of(reader, "/images/duplicates/row"), 2);
    CU_ASSERT_STRING_EQUAL(text_at(reader, "/images/duplicates/id", 0), "p9");
    CU_ASSERT_STRING_EQUAL(text_at(reader, "/images/duplicates/id", 1), "p17");
    CU_ASSERT_EQUAL(number_at(reader, "/images/duplicates/row", 0), 2);
    CU_ASSERT_EQUAL(number_at(reader, "/images/duplicates/row", 1), 2);
    for (size_t row = 0; row < rows_of(reader, "/captions/id"); row++) {
        const unsigned long picture = strtoul(text_at(reader, "/captions/id", row) + 1, NULL, 10);
        CU_ASSERT_EQUAL(number_at(reader, "/captions/image", row), row_with_twins(picture));
    }
    for (size_t row = 0; row < rows_of(reader, "/rejects/id"); row++)
        if (strcmp(text_at(reader, "/rejects/id", row), "p11") == 0)
            lost = text_at(reader, "/rejects/reason", row);
    CU_ASSERT_PTR_NOT_NULL(lost);
}

static void same_bytes_have_one_row(void)
{
    static const enum pack_fault kinds[] = { FAULT_TWINS, FAULT_LOST_TWIN };
    for (size_t k = 0; k < 2; k++) {
        pack_begin_run(&run, &team, kinds[k], NULL);
        check_status(pack_run(&run), STATUS_OK, NULL);
        team_wait(&team);
        struct store_reader *reader = team.rank == 0 ? open_store() : NULL;
        if (reader != NULL)
            check_twins(reader);
        store_reader_close(reader);
        pack_end_run(&run);
    }
}

static ino_t store_inode(void)
{
    struct stat info = { 0 };
    team_wait(&team);
    stat(pack_store_path(&run), &info);
    team_wait(&team);
    return info.st_ino;
}

/* A second name keeps the first store's inode from being used again. */
static void keep_inode(void)
{
    char kept[PATH_BYTES];
    team_wait(&team);
    check_status(run_path(kept, &run, "kept.h5"), STATUS_OK, NULL);
    if (team.rank == 0) {
        unlink(kept);
        CU_ASSERT_EQUAL(link(pack_store_path(&run), kept), 0);
    }
    team_wait(&team);
}

static void a_store_is_made_again_only_where_something_changed(void)
{
    pack_begin_run(&run, &team, FAULT_NONE, NULL);
    check_status(pack_run(&run), STATUS_OK, NULL);
    keep_inode();
    const ino_t first = store_inode();
    check_status(pack_run(&run), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(store_inode(), first);
    pack_write_shards(&run, FAULT_OTHER_UNIT);
    check_status(pack_run(&run), STATUS_OK, NULL);
    const ino_t second = store_inode();
    CU_ASSERT_NOT_EQUAL(second, first);
    keep_inode();
    if (team.rank == 0)
        CU_ASSERT_EQUAL(truncate(pack_store_path(&run), 2000), 0);
    team_wait(&team);
    check_status(pack_run(&run), STATUS_OK, NULL);
    CU_ASSERT_NOT_EQUAL(store_inode(), second);
    pack_end_run(&run);
}

static void begin(void)
{
    check_status(team_begin(&team, MPI_COMM_WORLD), STATUS_OK, NULL);
    const struct log_options log = { .stage = "pack", .rank = team.rank, .is_quiet = true };
    check_status(log_begin(&log), STATUS_OK, NULL);
}

static void end(void)
{
    log_end();
    team_end(&team);
}

int main(int argc, char **argv)
{
    hdf5_prepare();
    CU_TestInfo cases[] = {
        { "begin", begin },
        { "the store holds what the shards hold", the_store_holds_what_the_shards_hold },
        { "same bytes have one row", same_bytes_have_one_row },
        { "features", features_are_packed_where_the_plan_keeps_them },
        { "an empty store", a_store_may_be_without_pictures_and_captions },
        { "made again only where something changed",
          a_store_is_made_again_only_where_something_changed },
        { "end", end },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "pack", cases);
}
