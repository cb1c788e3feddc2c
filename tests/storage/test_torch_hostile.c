/* PyTorch files that lie: views outside their storage, tensors that need a call, nesting without
 * end, and recorded files cut short or changed by one bit. */
#include "storage/torch_file.h"
#include "tests/support/check.h"

#include "core/file.h"

#include <stdlib.h>
#include <string.h>

struct content {
    struct tensor_table table;
    struct settings *settings;
};

static void end(struct content *content)
{
    tensor_table_end(&content->table);
    settings_destroy(content->settings);
}

/* A file of the older form around `object`, a program without its end, with the storage "0" of
 * `element_count` floats, or without one. */
static enum status read_made(const char *object, size_t object_bytes, uint8_t element_count)
{
    static const char head[] = "\x80\2\x8a\nl\xfc\x9c\x46\xf9 j\xa8P\x19.\x80\2M\xe9\3."
                               "\x80\2}U\rlittle_endian\x88s.";
    static const char one_key[] = "\x80\2]U\1"
                                  "0a.";
    static const char no_key[] = "\x80\2].";
    const char *keys = element_count > 0 ? one_key : no_key;
    const size_t keys_bytes = element_count > 0 ? sizeof one_key - 1 : sizeof no_key - 1;
    uint8_t *bytes = calloc(1, 4096);
    size_t at = 0;
    memcpy(bytes, head, sizeof head - 1);
    at += sizeof head - 1;
    memcpy(bytes + at, object, object_bytes);
    at += object_bytes;
    memcpy(bytes + at, keys, keys_bytes);
    at += keys_bytes;
    bytes[at] = element_count;
    at += element_count > 0 ? 8 + element_count * sizeof(float) : 0;

    struct content content = { 0 };
    uint8_t *exact = malloc(at);
    memcpy(exact, bytes, at);
    const enum status outcome =
        torch_file_read_bytes(&content.table, &content.settings, exact, at, "made");
    end(&content);
    free(exact);
    free(bytes);
    return outcome;
}

/* {"w": torch._utils._rebuild_tensor_v2(storage "0", offset, shape, strides)} */
#define TENSOR(offset_shape_strides)                                                               \
    "\x80\2}U\1wctorch._utils\n_rebuild_tensor_v2\n((U\7storagectorch\nFloatStorage\nU\1"          \
    "0U\3cpuK\4tQ" offset_shape_strides "tRs."

static void views_that_lie_are_told(void)
{
    static const struct {
        const char *object;
        size_t object_bytes;
        enum status expected;
        const char *told;
    } cases[] = {
#define CASE(text, status, told) { TENSOR(text), sizeof(TENSOR(text)) - 1, status, told }
        CASE("K\0K\4\x85K\1\x85", STATUS_OK, NULL),
        CASE("K\1K\3\x85K\1\x85", STATUS_OK, NULL),
        CASE("K\1K\4\x85K\1\x85", STATUS_CORRUPT, "tensor w reaches beyond"),
        CASE("K\0K\3\x85K\2\x85", STATUS_CORRUPT, "tensor w reaches beyond"),
        CASE("K\0K\0\x85K\2\x85", STATUS_OK, NULL),
        CASE("J\xff\xff\xff\xffK\1\x85K\1\x85", STATUS_CORRUPT, "no shape, strides or offset"),
        CASE("K\0J\xff\xff\xff\xff\x85K\1\x85", STATUS_CORRUPT, "impossible shape"),
        CASE("K\0K\2\x85J\xff\xff\xff\xff\x85", STATUS_CORRUPT, "impossible shape"),
        CASE("K\0K\2\x85)", STATUS_CORRUPT, "no shape, strides or offset"),
        CASE("K\0J\xff\xff\xff\x7f\x85K\0\x85", STATUS_CORRUPT, "expanded beyond"),
        CASE("K\0\x8a\x8\0\0\0\0\1\0\0\0\x85\x8a\x8\0\0\0\0\1\0\0\0\x85", STATUS_CORRUPT,
             "reaches beyond"),
        CASE("K\0\x8a\x8\0\0\0\0\0\0\0\x40K\x8\x86K\0K\0\x86", STATUS_CORRUPT, "impossible shape"),
        CASE("K\0(K\1K\1K\1K\1K\1K\1K\1K\1K\1t(K\1K\1K\1K\1K\1K\1K\1K\1K\1t", STATUS_INVALID,
             "9 dimensions"),
#undef CASE
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_status(read_made(cases[i].object, cases[i].object_bytes, 4), cases[i].expected,
                     cases[i].told);
}

static void a_tensor_that_needs_a_call_is_told(void)
{
    static const char object[] = "\x80\2}U\1wctorch._utils\n_rebuild_tensor_v2\n(cposix\nsystem\n"
                                 "U\4exit\x85RK\0K\1\x85K\1\x85tRs.";
    check_status(read_made(object, sizeof object - 1, 0), STATUS_INVALID,
                 "tensor w is made of posix.system");
}

static void nesting_without_end_is_told(void)
{
    static const char circle[] = "\x80\2}q\0U\1ah\0s.";
    check_status(read_made(circle, sizeof circle - 1, 0), STATUS_CORRUPT, "without end");
    char sharing[1024] = "\x80\2]q\0";
    size_t at = 5;
    for (unsigned i = 0; i < 25; i++) { /* each list holds the one before it twice */
        const char level[] = { ']', '(', 'h', (char)i, 'h', (char)i, 'e', 'q', (char)(i + 1) };
        memcpy(sharing + at, level, sizeof level);
        at += sizeof level;
    }
    sharing[at++] = '.';
    check_status(read_made(sharing, at, 0), STATUS_CORRUPT, "without end");
}

static void every_cut_and_every_flip_is_survived(void)
{
    const char *names[] = { "hubert-tiny/odd.pt", "hubert-tiny/odd_legacy.pt" };
    for (size_t n = 0; n < 2; n++) {
        char path[PATH_BYTES];
        uint8_t *bytes = NULL;
        size_t byte_count = 0, accepted = 0;
        check_status(path_join(path, check_golden_folder(), names[n]), STATUS_OK, NULL);
        check_status(file_read(&bytes, &byte_count, path, 1 << 20), STATUS_OK, NULL);
        for (size_t cut = 0; cut < byte_count; cut += 7) {
            struct content content;
            uint8_t *exact = malloc(cut + 1);
            memcpy(exact, bytes, cut);
            accepted += torch_file_read_bytes(&content.table, &content.settings, exact, cut,
                                              "cut") == STATUS_OK;
            end(&content);
            free(exact);
        }
        CU_ASSERT_EQUAL(accepted, 0);
        for (size_t flip = 0; flip < byte_count; flip += 3) {
            struct content content;
            bytes[flip] ^= (uint8_t)(1u << flip % 8);
            torch_file_read_bytes(&content.table, &content.settings, bytes, byte_count, "flipped");
            end(&content);
            bytes[flip] ^= (uint8_t)(1u << flip % 8);
        }
        free(bytes);
    }
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "views that lie", views_that_lie_are_told },
        { "a tensor that needs a call", a_tensor_that_needs_a_call_is_told },
        { "nesting without end", nesting_without_end_is_told },
        { "every cut and every flip", every_cut_and_every_flip_is_survived },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "torch_hostile", cases);
}
