/* .npy files: recorded ones in both orders, every type that is read, and headers that lie. */
#include "storage/npy_file.h"
#include "tests/support/check.h"

#include "core/file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void read_golden(float **values, size_t *rows, size_t *columns, const char *name)
{
    char path[PATH_BYTES];
    check_status(path_join(path, check_golden_folder(), name), STATUS_OK, NULL);
    check_status(npy_file_read(values, rows, columns, path), STATUS_OK, NULL);
}

static void both_orders_give_the_same_matrix(void)
{
    float *plain = NULL, *fortran = NULL;
    size_t rows = 0, columns = 0, fortran_rows = 0, fortran_columns = 0;
    read_golden(&plain, &rows, &columns, "kmeans/centers.npy");
    read_golden(&fortran, &fortran_rows, &fortran_columns, "kmeans/centers_fortran_f64.npy");
    CU_ASSERT(rows > 1 && columns > 1);
    CU_ASSERT_EQUAL(rows, fortran_rows);
    CU_ASSERT_EQUAL(columns, fortran_columns);
    CU_ASSERT_EQUAL(memcmp(plain, fortran, rows * columns * sizeof *plain), 0);
    free(plain);
    free(fortran);
}

/* Reads a file of this version, header text and data, from memory of exactly that size. */
static enum status read_made(float **values, size_t *rows, size_t *columns, uint8_t version,
                             const char *header, const void *data, size_t data_bytes)
{
    const size_t width = version == 1 ? 2 : 4, length = strlen(header);
    const size_t total = 8 + width + length + data_bytes;
    uint8_t *bytes = calloc(1, total);
    struct numpy_array array;
    memcpy(bytes, "\x93NUMPY", 6);
    bytes[6] = version;
    bytes[8] = (uint8_t)length;
    bytes[9] = (uint8_t)(length >> 8);
    memcpy(bytes + 8 + width, header, length);
    if (data_bytes > 0)
        memcpy(bytes + 8 + width + length, data, data_bytes);
    *values = NULL;
    enum status outcome = npy_file_parse(&array, bytes, total, "made");
    if (outcome == STATUS_OK)
        outcome = numpy_array_to_matrix(values, rows, columns, &array, "made");
    free(bytes);
    return outcome;
}

static void every_type_becomes_float(void)
{
    static const struct {
        const char *type;
        uint8_t bytes[16];
        size_t byte_count;
    } cases[] = {
        { "<f2", { 0x00, 0x3c, 0x00, 0x40 }, 4 },
        { "<f4", { 0, 0, 0x80, 0x3f, 0, 0, 0, 0x40 }, 8 },
        { "<f8", { 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0x40 }, 16 },
        { "|i1", { 1, 2 }, 2 },
        { "|u1", { 1, 2 }, 2 },
        { "<i2", { 1, 0, 2, 0 }, 4 },
        { "<u2", { 1, 0, 2, 0 }, 4 },
        { "<i4", { 1, 0, 0, 0, 2 }, 8 },
        { "<u4", { 1, 0, 0, 0, 2 }, 8 },
        { "<i8", { 1, 0, 0, 0, 0, 0, 0, 0, 2 }, 16 },
        { "<u8", { 1, 0, 0, 0, 0, 0, 0, 0, 2 }, 16 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char header[100];
        float *values = NULL;
        size_t rows = 0, columns = 0;
        snprintf(header, sizeof header,
                 "{'descr': '%s', 'fortran_order': False, 'shape': (1, 2), }  \n", cases[i].type);
        check_status(read_made(&values, &rows, &columns, (uint8_t)(1 + i % 3), header,
                               cases[i].bytes, cases[i].byte_count),
                     STATUS_OK, NULL);
        CU_ASSERT_PTR_NOT_NULL_FATAL(values);
        CU_ASSERT(rows == 1 && columns == 2 && values[0] == 1.0f && values[1] == 2.0f);
        free(values);
    }
}

static void signs_vectors_and_nothing_are_read(void)
{
    float *values = NULL;
    size_t rows = 0, columns = 0;
    check_status(read_made(&values, &rows, &columns, 1,
                           "{\"shape\":(2,),\"descr\":\"<i2\",\"fortran_order\":True}",
                           "\xff\xff\0\x80", 4),
                 STATUS_OK, NULL);
    CU_ASSERT(rows == 2 && columns == 1 && values[0] == -1.0f && values[1] == -32768.0f);
    free(values);
    check_status(read_made(&values, &rows, &columns, 1,
                           "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 3)}", NULL, 0),
                 STATUS_OK, NULL);
    CU_ASSERT(rows == 0 && columns == 3);
    free(values);
}

static void headers_that_lie_are_told(void)
{
    static const struct {
        const char *header;
        size_t data_bytes;
        enum status expected;
        const char *told;
    } cases[] = {
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2)}", 15, STATUS_CORRUPT,
          "15 bytes of data" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2)}", 17, STATUS_CORRUPT,
          "17 bytes of data" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4)}", 16,
          STATUS_CORRUPT, "data" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999, 4)}", 16,
          STATUS_CORRUPT, "header is broken" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (-2, 2)}", 16, STATUS_CORRUPT,
          "header is broken" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2}", 16, STATUS_CORRUPT,
          "header is broken" },
        { "{'descr': '<f4', 'fortran_order': Maybe, 'shape': (2, 2)}", 16, STATUS_CORRUPT,
          "header is broken" },
        { "{'descr': '<f4', 'shape': (2, 2)}", 16, STATUS_CORRUPT, "header is broken" },
        { "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2, 2)}", 16,
          STATUS_CORRUPT, "header is broken" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2)", 16, STATUS_CORRUPT,
          "header is broken" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2)} x", 16, STATUS_CORRUPT,
          "header is broken" },
        { "{'descr', '<f4'}", 16, STATUS_CORRUPT, "header is broken" },
        { "{", 16, STATUS_CORRUPT, "header is broken" },
        { "{'descr", 16, STATUS_CORRUPT, "header is broken" },
        { "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}", 16, STATUS_INVALID,
          "records" },
        { "{'descr': '|O', 'fortran_order': False, 'shape': (2, 1)}", 16, STATUS_INVALID,
          "type |O" },
        { "{'descr': '<c8', 'fortran_order': False, 'shape': (2, 1)}", 16, STATUS_INVALID,
          "type c8" },
        { "{'descr': '<f16', 'fortran_order': False, 'shape': (1, 1)}", 16, STATUS_INVALID,
          "type f16" },
        { "{'descr': '<i0', 'fortran_order': False, 'shape': (1, 1)}", 0, STATUS_INVALID,
          "type i0" },
        { "{'descr': '>f4', 'fortran_order': False, 'shape': (2, 2)}", 16, STATUS_INVALID,
          "little-endian" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2, 1)}", 16, STATUS_INVALID,
          "3 dimensions" },
        { "{'descr': '<f4', 'fortran_order': False, 'shape': ()}", 4, STATUS_INVALID,
          "0 dimensions" },
    };
    const uint8_t zeros[32] = { 0 };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        float *values = NULL;
        size_t rows, columns;
        check_status(
            read_made(&values, &rows, &columns, 1, cases[i].header, zeros, cases[i].data_bytes),
            cases[i].expected, cases[i].told);
        CU_ASSERT_PTR_NULL(values);
    }
}

static void values_that_are_not_finite_are_told(void)
{
    const float bad[2] = { 1.0f, INFINITY };
    float *values = NULL;
    size_t rows, columns;
    check_status(read_made(&values, &rows, &columns, 1,
                           "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1)}", bad,
                           sizeof bad),
                 STATUS_CORRUPT, "not finite at element 1");
    CU_ASSERT_PTR_NULL(values);
}

static void prefixes_that_lie_are_told(void)
{
    struct numpy_array array;
    const uint8_t long_header[12] = "\x93NUMPY\1\0\xff\xff{}";
    const uint8_t longer_header[13] = "\x93NUMPY\2\0\xff\xff\xff\xff";
    check_status(npy_file_parse(&array, long_header, 12, "f"), STATUS_CORRUPT, "65535 bytes");
    check_status(npy_file_parse(&array, longer_header, 13, "f"), STATUS_CORRUPT, "4294967295");
    check_status(npy_file_parse(&array, long_header, 9, "f"), STATUS_CORRUPT, "file of 9");
    check_status(npy_file_parse(&array, long_header, 7, "f"), STATUS_CORRUPT, "not an .npy");
    check_status(npy_file_parse(&array, (const uint8_t *)"\x93NUMPY\4\0\2\0{}", 12, "f"),
                 STATUS_INVALID, "version 4");
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "both orders", both_orders_give_the_same_matrix },
        { "every type", every_type_becomes_float },
        { "signs, vectors and nothing", signs_vectors_and_nothing_are_read },
        { "headers that lie", headers_that_lie_are_told },
        { "values that are not finite", values_that_are_not_finite_are_told },
        { "prefixes that lie", prefixes_that_lie_are_told },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "npy_file", cases);
}
