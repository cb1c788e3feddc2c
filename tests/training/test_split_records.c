/* Splits of a store, by language, with lengths in units or in frames; and the folder of
 * checkpoints, in which the newest and the best stay. */
#include "core/file.h"
#include "storage/hdf5_prepare.h"
#include "tests/support/check.h"
#include "tests/training/training_store.h"
#include "training/checkpoint_folder.h"
#include "training/split_records.h"

#include <string.h>
#include <unistd.h>

static struct team team;
static char store[PATH_BYTES];

static void check_choice(const struct split_choice *choice)
{
    struct split_records read;
    size_t count = 0;
    check_status(split_records_read(&read, store, choice), STATUS_OK, NULL);
    for (size_t c = 0; c < STORE_CAPTIONS; c++) {
        if (c == STORE_SILENT ||
            (choice->split != NULL && strcmp(training_store_split(c), choice->split) != 0) ||
            (choice->language != NULL && strcmp(training_store_language(c), choice->language) != 0))
            continue;
        CU_ASSERT_FATAL(count < read.count);
        CU_ASSERT_EQUAL(read.records[count], c);
        CU_ASSERT_EQUAL(read.lengths[count],
                        choice->by_features ? training_store_frames(c) : training_store_units(c));
        count++;
    }
    CU_ASSERT_EQUAL(read.count, count);
    split_records_end(&read);
    CU_ASSERT_PTR_NULL(read.records);
}

static void splits_and_languages_are_chosen(void)
{
    static const char *const splits[] = { "train", "val", "test", "", NULL };
    static const char *const languages[] = { NULL, "en", "ar", "fa", "e" };
    for (size_t s = 0; s < 5; s++)
        for (size_t l = 0; l < 5; l++)
            for (int by_features = 0; by_features < 2; by_features++)
                check_choice(&(struct split_choice){ splits[s], languages[l], by_features == 1 });
}

static void a_store_that_is_not_there_is_told(void)
{
    struct split_records read;
    const struct split_choice choice = { .split = "train" };
    check_status(split_records_read(&read, check_scratch("nowhere.h5"), &choice), STATUS_NOT_FOUND,
                 "nowhere.h5");
    CU_ASSERT_EQUAL(read.count, 0);
    split_records_end(&read);
}

static void touch(const char *folder, const char *name)
{
    char path[PATH_BYTES];
    check_status(path_join(path, folder, name), STATUS_OK, NULL);
    check_status(file_write(path, "x", 1), STATUS_OK, NULL);
}

static bool has(const char *folder, const char *name)
{
    char path[PATH_BYTES];
    check_status(path_join(path, folder, name), STATUS_OK, NULL);
    return file_exists(path);
}

static void the_newest_checkpoints_and_the_best_stay(void)
{
    static const char *const names[] = { "00000010.h5", "00000020.h5",  "00000030.h5",
                                         "00000040.h5", "123456789.h5", "00000050.h5.partial",
                                         "10.h5",       "config.json",  "000000x0.h5" };
    char path[PATH_BYTES];
    const char *folder = check_scratch("checkpoints");
    CU_ASSERT_EQUAL(checkpoint_newest(folder, SIZE_MAX), 0);
    check_status(folder_make(folder), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(checkpoint_newest(folder, SIZE_MAX), 0);
    for (size_t n = 0; n < sizeof names / sizeof names[0]; n++)
        touch(folder, names[n]);
    CU_ASSERT_EQUAL(checkpoint_newest(folder, SIZE_MAX), 123456789);
    CU_ASSERT_EQUAL(checkpoint_newest(folder, 40), 30);
    CU_ASSERT_EQUAL(checkpoint_newest(folder, 10), 0);
    checkpoint_remove_old(folder, 2, 20);
    CU_ASSERT(has(folder, "123456789.h5") && has(folder, "00000040.h5"));
    CU_ASSERT(has(folder, "00000020.h5") && !has(folder, "00000010.h5"));
    CU_ASSERT_FALSE(has(folder, "00000030.h5") || has(folder, "00000050.h5.partial"));
    CU_ASSERT(has(folder, "10.h5") && has(folder, "config.json") && has(folder, "000000x0.h5"));
    checkpoint_remove_old(folder, 9, 0);
    CU_ASSERT(has(folder, "00000020.h5") && has(folder, "00000040.h5"));
    check_status(checkpoint_path(path, folder, 200), STATUS_OK, NULL);
    CU_ASSERT_PTR_NOT_NULL(strstr(path, "checkpoints/00000200.h5"));
    checkpoint_remove_old(check_scratch("nowhere"), 1, 0);
}

static void begin(void)
{
    check_status(team_begin(&team, MPI_COMM_WORLD), STATUS_OK, NULL);
    snprintf(store, sizeof store, "%s", check_scratch("store.h5"));
    training_store_write(&team, store, NOTHING_SPOILT);
}

static void end(void)
{
    team_end(&team);
}

int main(int argc, char **argv)
{
    hdf5_prepare();
    CU_TestInfo cases[] = {
        { "begin", begin },
        { "splits and languages are chosen", splits_and_languages_are_chosen },
        { "a store that is not there", a_store_that_is_not_there_is_told },
        { "the newest checkpoints and the best stay", the_newest_checkpoints_and_the_best_stay },
        { "end", end },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "split records", cases);
}
