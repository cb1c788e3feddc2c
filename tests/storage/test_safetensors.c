/* Safetensors: what is written comes back, and a header that lies is told. */
#include "storage/safetensors.h"
#include "tests/support/check.h"

#include "core/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void what_is_written_comes_back(void)
{
    struct tensor_table table = { 0 }, again = { 0 };
    float *values = NULL;
    CU_ASSERT_EQUAL(tensor_table_add(&values, &table, "b.weight", 2, (size_t[]){ 2, 3 }),
                    STATUS_OK);
    for (int i = 0; i < 6; i++)
        values[i] = (float)i - 0.5f;
    CU_ASSERT_EQUAL(tensor_table_add(&values, &table, "a \"ü\"", 0, NULL), STATUS_OK);
    values[0] = 7.0f;
    CU_ASSERT_EQUAL(tensor_table_add(&values, &table, "c", 2, (size_t[]){ 0, 3 }), STATUS_OK);

    const char *path = check_scratch("written.safetensors");
    const char *metadata[] = { "format", "pt", "made by", "a test", NULL };
    check_status(safetensors_write(path, &table, metadata), STATUS_OK, NULL);
    check_status(safetensors_read(&again, path), STATUS_OK, NULL);
    CU_ASSERT_EQUAL_FATAL(again.count, 3);
    CU_ASSERT_STRING_EQUAL(again.tensors[0].name, "a \"ü\"");
    CU_ASSERT_EQUAL(again.tensors[0].dimension_count, 0);
    CU_ASSERT_EQUAL(*(const float *)again.tensors[0].data, 7.0f);
    CU_ASSERT_EQUAL(again.tensors[1].shape[1], 3);
    CU_ASSERT_EQUAL(((const float *)again.tensors[1].data)[5], 4.5f);
    CU_ASSERT_EQUAL(again.tensors[2].count, 0);

    struct settings *texts = NULL;
    check_status(safetensors_read_metadata(&texts, path), STATUS_OK, NULL);
    CU_ASSERT_STRING_EQUAL(settings_text(texts, "made by", ""), "a test");
    settings_destroy(texts);
    tensor_table_end(&again);
    tensor_table_end(&table);
}

static void the_same_table_gives_the_same_bytes(void)
{
    struct tensor_table table = { 0 };
    float *values = NULL;
    uint8_t *bytes[2] = { NULL, NULL };
    size_t counts[2] = { 0, 0 };
    CU_ASSERT_EQUAL(tensor_table_add(&values, &table, "w", 1, (size_t[]){ 4 }), STATUS_OK);
    for (int i = 0; i < 2; i++) {
        const char *path = check_scratch(i == 0 ? "one.safetensors" : "two.safetensors");
        check_status(safetensors_write(path, &table, NULL), STATUS_OK, NULL);
        check_status(file_read(&bytes[i], &counts[i], path, 4096), STATUS_OK, NULL);
    }
    CU_ASSERT_EQUAL(counts[0], counts[1]);
    CU_ASSERT_EQUAL(memcmp(bytes[0], bytes[1], counts[0]), 0);
    CU_ASSERT_EQUAL((counts[0] - 16) % 8, 0);
    free(bytes[0]);
    free(bytes[1]);
    tensor_table_end(&table);
}

static void a_name_that_is_not_utf8_is_not_written(void)
{
    struct tensor_table table = { 0 };
    float *values = NULL;
    CU_ASSERT_EQUAL(tensor_table_add(&values, &table, "\xff", 0, NULL), STATUS_OK);
    const char *path = check_scratch("name.safetensors");
    check_status(safetensors_write(path, &table, NULL), STATUS_INVALID, "UTF-8");
    CU_ASSERT_FALSE(file_exists(path));
    tensor_table_end(&table);
}

/* Reads a file made of this header and `data_bytes` zeros, from memory of exactly that size. */
static enum status read_made(const char *header, size_t data_bytes)
{
    const size_t header_bytes = strlen(header), total = 8 + header_bytes + data_bytes;
    uint8_t *bytes = calloc(1, total);
    bytes[0] = (uint8_t)header_bytes;
    bytes[1] = (uint8_t)(header_bytes >> 8);
    memcpy(bytes + 8, header, header_bytes);
    struct tensor_table table;
    const enum status outcome = safetensors_read_bytes(&table, bytes, total, "made");
    tensor_table_end(&table);
    free(bytes);
    return outcome;
}

static void a_header_that_lies_is_told(void)
{
    const struct {
        const char *header;
        size_t data_bytes;
        enum status expected;
        const char *told;
    } lies[] = {
        { "{}", 0, STATUS_OK, NULL },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, STATUS_OK, NULL },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 7, STATUS_CORRUPT,
          "of 7 bytes" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 9, STATUS_CORRUPT,
          "after the last" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", 8, STATUS_CORRUPT,
          "tensor a has 8 bytes" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", 8, STATUS_CORRUPT,
          "tensor a lies at 8 .. 0" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[-8,0]}}", 8, STATUS_CORRUPT,
          "-8 .. 0" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}", 8, STATUS_CORRUPT,
          "impossible shape" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}", 0,
          STATUS_CORRUPT, "impossible shape" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904],\"data_offsets\":[0,0]}}", 0,
          STATUS_CORRUPT, "not those of its shape" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[2.0],\"data_offsets\":[0,8]}}", 8, STATUS_CORRUPT,
          "impossible shape" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,2],\"data_offsets\":[0,8]}}", 8,
          STATUS_INVALID, "9 dimensions" },
        { "{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[8],\"data_offsets\":[0,8]}}", 8, STATUS_INVALID,
          "F8_E4M3" },
        { "{\"a\":{\"shape\":[2],\"data_offsets\":[0,8]}}", 8, STATUS_CORRUPT, "no dtype" },
        { "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}", 8, STATUS_CORRUPT, "no shape" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8, STATUS_CORRUPT, "no data_offsets" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0]}}", 8, STATUS_CORRUPT,
          "no data_offsets" },
        { "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
          "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[3,7]}}",
          7, STATUS_CORRUPT, "tensor b overlaps" },
        { "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
          "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[5,9]}}",
          9, STATUS_CORRUPT, "tensor b follows a gap" },
        { "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
          "\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[4,8]}}",
          8, STATUS_CORRUPT, "duplicate" },
        { "{\"a\":3}", 0, STATUS_CORRUPT, "tensor a is not described" },
        { "{\"a\":{\"dtype\":\"U8\",\"shape\":[[[1]]],\"data_offsets\":[0,1]}}", 1, STATUS_CORRUPT,
          "nested deeper" },
        { "[]", 0, STATUS_CORRUPT, "not an object" },
        { "{", 0, STATUS_CORRUPT, "JSON" },
        { "{\"a\\u0000b\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]}}", 1,
          STATUS_CORRUPT, "JSON" },
    };
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++)
        check_status(read_made(lies[i].header, lies[i].data_bytes), lies[i].expected, lies[i].told);
}

static void a_header_longer_than_the_file_is_told(void)
{
    const uint8_t short_file[7] = { 2 }, huge[16] = { 0, 0, 0, 0, 0, 0, 0, 0x80, '{', '}' },
                  over[10] = { 3, 0, 0, 0, 0, 0, 0, 0, '{', '}' };
    struct tensor_table table;
    check_status(safetensors_read_bytes(&table, short_file, sizeof short_file, "f"), STATUS_CORRUPT,
                 "f: 7 bytes");
    check_status(safetensors_read_bytes(&table, huge, sizeof huge, "f"), STATUS_CORRUPT,
                 "9223372036854775808");
    check_status(safetensors_read_bytes(&table, over, sizeof over, "f"), STATUS_CORRUPT,
                 "header of 3 bytes");
}

static void what_is_no_file_is_told(void)
{
    struct tensor_table table;
    check_status(safetensors_read(&table, check_scratch("absent")), STATUS_NOT_FOUND, "absent");
    check_status(safetensors_read(&table, "/tmp"), STATUS_INVALID, "not a regular file");
    check_status(safetensors_read(&table, "/dev/null"), STATUS_INVALID, "not a regular file");
    const char *empty = check_scratch("empty.safetensors");
    check_status(file_write(empty, "", 0), STATUS_OK, NULL);
    check_status(safetensors_read(&table, empty), STATUS_CORRUPT, "empty.safetensors");
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "what is written comes back", what_is_written_comes_back },
        { "the same table gives the same bytes", the_same_table_gives_the_same_bytes },
        { "a name that is not UTF-8", a_name_that_is_not_utf8_is_not_written },
        { "a header that lies", a_header_that_lies_is_told },
        { "a header longer than the file", a_header_longer_than_the_file_is_told },
        { "what is no file", what_is_no_file_is_told },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "safetensors", cases);
}
