/* An import takes as much memory for many records as for few: the largest resident size, which only
 * ever grows, stays where the small import brought it. */
#include "storage/import/import.h"
#include "tests/support/check.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

enum { FEW = 20000, MANY = 300000, GROWTH_MAX_KIB = 4096 };

static long peak_kib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static void write_lines(FILE *file, size_t count)
{
    for (size_t c = 0; c < count; c++)
        fprintf(file, "%08zu.jpg#%zu\tA caption of many, the number is %zu .\n",
                c / 5 * 7919 % 1000000, c % 5, c);
}

/* Annotations lie far from their images. */
static void write_coco(FILE *file, size_t count)
{
    fputs("{\"images\": [", file);
    for (size_t i = 0; i < count / 5; i++)
        fprintf(file, "%s{\"id\": %zu, \"file_name\": \"%012zu.jpg\"}", i == 0 ? "" : ",", i, i);
    fputs("], \"annotations\": [", file);
    for (size_t c = 0; c < count; c++)
        fprintf(file, "%s{\"id\": %zu, \"image_id\": %zu, \"caption\": \"Caption number %zu.\"}",
                c == 0 ? "" : ",", c, c * 7919 % (count / 5), c);
    fputs("]}", file);
}

static void import(const char *format, void (*write)(FILE *file, size_t count), size_t count)
{
    const char *input = check_scratch("input");
    struct import_summary summary;
    FILE *file = fopen(input, "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    write(file, count);
    fclose(file);
    const struct import_options options = { .inputs = &input,
                                            .input_count = 1,
                                            .out = check_scratch("out.jsonl"),
                                            .language = "en",
                                            .memory_bytes = 1 << 20 };
    check_status(import_run(&summary, format, &options), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(summary.captions, count);
    CU_ASSERT_EQUAL(summary.pictures, count / 5);
}

static void check_growth(const char *format, void (*write)(FILE *file, size_t count))
{
    import(format, write, FEW);
    const long before = peak_kib();
    import(format, write, MANY);
    const long growth = peak_kib() - before;
    CU_ASSERT(growth <= GROWTH_MAX_KIB);
    if (growth > GROWTH_MAX_KIB)
        fprintf(stderr, "%s: %ld KiB more for %d records than for %d\n", format, growth, MANY, FEW);
}

static void lines_take_bounded_memory(void)
{
    check_growth("flickr8k", write_lines);
}

static void one_large_document_takes_bounded_memory(void)
{
    check_growth("coco", write_coco);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "lines take bounded memory", lines_take_bounded_memory },
        { "one large document takes bounded memory", one_large_document_takes_bounded_memory },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "memory of imports", cases);
}
