/* Sorting beyond memory: the order is that of the keys, then of adding, whether all fits or goes
 * through files, few or many. */
#include "storage/record_sort.h"
#include "tests/support/check.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

enum { PAYLOAD_BYTES_MAX = 300 };

/* The key is one of `key_count`, the payload the record's number and filling. */
static void add(struct record_sort *sort, size_t number, size_t key_count)
{
    uint8_t payload[PAYLOAD_BYTES_MAX] = { 0 };
    char key[24];
    memcpy(payload, &number, sizeof number);
    snprintf(key, sizeof key, "%zu", number * 7919 % key_count);
    const struct sorted_record record = { .key = key,
                                          .key_bytes = strlen(key),
                                          .payload = payload,
                                          .payload_bytes = sizeof number + number % 200 };
    check_status(record_sort_add(sort, &record), STATUS_OK, NULL);
}

/* Adds `count` records and takes them out again. */
static void check_order(size_t count, size_t key_count, size_t memory_bytes)
{
    struct record_sort *sort = NULL;
    struct sorted_record record;
    bool is_there = true;
    check_status(record_sort_create(&sort, check_scratch("."), memory_bytes), STATUS_OK, NULL);
    for (size_t n = 0; n < count; n++)
        add(sort, n, key_count);
    char previous[24] = "";
    size_t previous_number = 0, taken = 0, wrong = 0;
    for (;; taken++) {
        check_status(record_sort_next(&is_there, &record, sort), STATUS_OK, NULL);
        if (!is_there)
            break;
        char key[24] = "";
        size_t number = 0;
        memcpy(key, record.key, record.key_bytes);
        memcpy(&number, record.payload, sizeof number);
        wrong += record.payload_bytes != sizeof number + number % 200;
        const int order = strcmp(previous, key);
        wrong += order > 0 || (order == 0 && previous_number >= number && taken > 0);
        memcpy(previous, key, sizeof previous);
        previous_number = number;
    }
    CU_ASSERT_EQUAL(taken, count);
    CU_ASSERT_EQUAL(wrong, 0);
    check_status(record_sort_next(&is_there, &record, sort), STATUS_OK, NULL);
    CU_ASSERT_FALSE(is_there);
    record_sort_destroy(sort);
}

static void what_fits_comes_out_in_order(void)
{
    check_order(0, 1, 1 << 20);
    check_order(1, 1, 1 << 20);
    check_order(1000, 100, 1 << 20);
}

static void what_does_not_fit_comes_out_in_order(void)
{
    check_order(5000, 700, 0);
    check_order(5000, 1, 0);
}

/* More runs than are open at once: they are joined in between. */
static void many_runs_come_out_in_order(void)
{
    check_order(60000, 5000, 0);
}

static void records_larger_than_the_memory_are_taken(void)
{
    enum { LARGE_BYTES = 3 << 20 };
    struct record_sort *sort = NULL;
    struct sorted_record record;
    bool is_there = false;
    uint8_t *large = calloc(1, LARGE_BYTES);
    CU_ASSERT_PTR_NOT_NULL_FATAL(large);
    check_status(record_sort_create(&sort, check_scratch("."), 0), STATUS_OK, NULL);
    for (const char *key = "cab"; *key != '\0'; key++) {
        large[0] = (uint8_t)*key;
        record = (struct sorted_record){ key, large, 1, LARGE_BYTES };
        check_status(record_sort_add(sort, &record), STATUS_OK, NULL);
    }
    for (const char *key = "abc"; *key != '\0'; key++) {
        check_status(record_sort_next(&is_there, &record, sort), STATUS_OK, NULL);
        CU_ASSERT(is_there && *(const char *)record.key == *key);
        CU_ASSERT(record.payload_bytes == LARGE_BYTES && *(const char *)record.payload == *key);
    }
    record_sort_destroy(sort);
    free(large);
}

static void a_record_beyond_the_limit_is_refused(void)
{
    struct record_sort *sort = NULL;
    const struct sorted_record record = {
        .key = "k", .key_bytes = 1, .payload = "", .payload_bytes = RECORD_SORT_BYTES_MAX
    };
    check_status(record_sort_create(&sort, check_scratch("."), 0), STATUS_OK, NULL);
    check_status(record_sort_add(sort, &record), STATUS_INVALID, "33554433 bytes");
    record_sort_destroy(sort);
}

static void a_folder_that_is_not_there_is_told(void)
{
    struct record_sort *sort = NULL;
    enum status outcome = STATUS_OK;
    uint8_t payload[1 << 12] = { 0 };
    const struct sorted_record record = { "k", payload, 1, sizeof payload };
    check_status(record_sort_create(&sort, check_scratch("nowhere"), 0), STATUS_OK, NULL);
    for (size_t r = 0; r < 100 && outcome == STATUS_OK; r++)
        outcome = record_sort_add(sort, &record);
    check_status(outcome, STATUS_NOT_FOUND, "nowhere");
    record_sort_destroy(sort);
}

static void nothing_is_left_in_the_folder(void)
{
    DIR *folder = opendir(check_scratch("."));
    size_t count = 0;
    CU_ASSERT_PTR_NOT_NULL_FATAL(folder);
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder))
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(folder);
    CU_ASSERT_EQUAL(count, 0);
}

static void numbers_as_keys_sort_as_numbers(void)
{
    static const uint64_t numbers[] = { 0, 1, 255, 256, 1u << 31, UINT64_MAX - 1, UINT64_MAX };
    for (size_t n = 1; n < sizeof numbers / sizeof numbers[0]; n++) {
        uint8_t left[8], right[8];
        record_sort_number_key(left, numbers[n - 1]);
        record_sort_number_key(right, numbers[n]);
        CU_ASSERT(memcmp(left, right, 8) < 0);
    }
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "what fits comes out in order", what_fits_comes_out_in_order },
        { "what does not fit comes out in order", what_does_not_fit_comes_out_in_order },
        { "many runs come out in order", many_runs_come_out_in_order },
        { "records larger than the memory are taken", records_larger_than_the_memory_are_taken },
        { "a record beyond the limit is refused", a_record_beyond_the_limit_is_refused },
        { "a folder that is not there is told", a_folder_that_is_not_there_is_told },
        { "nothing is left in the folder", nothing_is_left_in_the_folder },
        { "numbers as keys sort as numbers", numbers_as_keys_sort_as_numbers },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "sorting beyond memory", cases);
}
