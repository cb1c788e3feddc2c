/* The pickle reader: what each instruction builds, that nothing is ever called, and that a broken
 * program is told. Programs are written out as CPython's pickletools disassembles them. */
#include "storage/pickle.h"
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

struct program {
    const char *code;
    size_t byte_count;
};

/* From memory of exactly that size, so that a read beyond it is found. Borrowed by the result. */
static uint8_t *copy_exactly(const char *code, size_t byte_count)
{
    uint8_t *bytes = malloc(byte_count > 0 ? byte_count : 1);
    memcpy(bytes, code, byte_count);
    return bytes;
}

static enum status read_only(const char *code, size_t byte_count)
{
    struct pickle *pickle = NULL;
    uint8_t *bytes = copy_exactly(code, byte_count);
    const enum status outcome = pickle_read(&pickle, bytes, byte_count, NULL, "made");
    pickle_destroy(pickle);
    free(bytes);
    return outcome;
}

static void scalars_of_every_protocol_are_read(void)
{
    static const struct {
        const char *code;
        size_t byte_count;
        enum pickle_kind kind;
        int64_t integer;
    } cases[] = {
        { "N.", 2, PICKLE_NONE, 0 },
        { "I01\n.", 5, PICKLE_SWITCH, 1 },
        { "I00\n.", 5, PICKLE_SWITCH, 0 },
        { "\x80\2\x88.", 4, PICKLE_SWITCH, 1 },
        { "\x80\2\x89.", 4, PICKLE_SWITCH, 0 },
        { "I-12\n.", 6, PICKLE_INTEGER, -12 },
        { "L123456789012L\n.", 16, PICKLE_INTEGER, 123456789012 },
        { "K\xff.", 3, PICKLE_INTEGER, 255 },
        { "M\xff\xff.", 4, PICKLE_INTEGER, 65535 },
        { "J\xfe\xff\xff\xff.", 6, PICKLE_INTEGER, -2 },
        { "\x8a\0.", 3, PICKLE_INTEGER, 0 },
        { "\x8a\1\x80.", 4, PICKLE_INTEGER, -128 },
        { "\x8a\2\xff\0.", 5, PICKLE_INTEGER, 255 },
        { "\x8a\x8\0\0\0\0\0\0\0\x80.", 11, PICKLE_INTEGER, INT64_MIN },
        { "\x8b\1\0\0\0\7.", 7, PICKLE_INTEGER, 7 },
        { "\x8a\x9\0\0\0\0\0\0\0\0\1.", 12, PICKLE_BIG, 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pickle *pickle = NULL;
        uint8_t *bytes = copy_exactly(cases[i].code, cases[i].byte_count);
        check_status(pickle_read(&pickle, bytes, cases[i].byte_count, NULL, "made"), STATUS_OK,
                     NULL);
        CU_ASSERT_EQUAL(pickle_root(pickle)->kind, cases[i].kind);
        CU_ASSERT_EQUAL(pickle_root(pickle)->integer, cases[i].integer);
        CU_ASSERT_EQUAL(pickle_byte_count(pickle), cases[i].byte_count);
        pickle_destroy(pickle);
        free(bytes);
    }
}

static void floats_are_read(void)
{
    static const struct program programs[] = { { "F-2.5\n.", 7 }, { "G\xc0\4\0\0\0\0\0\0.", 10 } };
    for (size_t i = 0; i < 2; i++) {
        struct pickle *pickle = NULL;
        check_status(pickle_read(&pickle, (const uint8_t *)programs[i].code, programs[i].byte_count,
                                 NULL, "made"),
                     STATUS_OK, NULL);
        CU_ASSERT_EQUAL(pickle_root(pickle)->kind, PICKLE_NUMBER);
        CU_ASSERT_EQUAL(pickle_root(pickle)->number, -2.5);
        pickle_destroy(pickle);
    }
}

static void text_of_every_protocol_is_read(void)
{
    static const struct program programs[] = {
        { "S'ab'\n.", 7 },
        { "Vab\n.", 5 },
        { "U\2ab.", 5 },
        { "T\2\0\0\0ab.", 8 },
        { "X\2\0\0\0ab.", 8 },
        { "\x8c\2ab.", 5 },
        { "\x8d\2\0\0\0\0\0\0\0ab.", 12 },
    };
    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++) {
        struct pickle *pickle = NULL;
        check_status(pickle_read(&pickle, (const uint8_t *)programs[i].code, programs[i].byte_count,
                                 NULL, "made"),
                     STATUS_OK, NULL);
        CU_ASSERT_TRUE(pickle_is_text(pickle_root(pickle), "ab"));
        CU_ASSERT_FALSE(pickle_is_text(pickle_root(pickle), "abc"));
        pickle_destroy(pickle);
    }
}

/* {"a": [1, 2], "t": (3,)} in protocols 0, 2 and 4. */
static void containers_of_every_protocol_are_read(void)
{
    static const struct program programs[] = {
        { "(dp0\nVa\np1\n(lp2\nI1\naI2\nasVt\n(I3\ntp3\ns.", 39 },
        { "\x80\2}q\0(X\1\0\0\0aq\1]q\2(K\1K\2eX\1\0\0\0tK\3\x85q\3u.", 38 },
        { "\x80\4\x95\x18\0\0\0\0\0\0\0}\x94(\x8c\1a\x94]\x94(K\1K\2e\x8c\1tK\3\x85\x94u.", 35 },
    };
    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++) {
        struct pickle *pickle = NULL;
        check_status(pickle_read(&pickle, (const uint8_t *)programs[i].code, programs[i].byte_count,
                                 NULL, "made"),
                     STATUS_OK, NULL);
        if (pickle == NULL)
            continue;
        const struct pickle_value *list = pickle_find(pickle_root(pickle), "a");
        const struct pickle_value *tuple = pickle_find(pickle_root(pickle), "t");
        size_t number = 0;
        CU_ASSERT_TRUE(pickle_read_count(&number, pickle_item(list, 1)));
        CU_ASSERT_EQUAL(number, 2);
        CU_ASSERT_PTR_NULL(pickle_item(list, 2));
        CU_ASSERT_TRUE(pickle_read_count(&number, pickle_item(tuple, 0)));
        CU_ASSERT_EQUAL(number, 3);
        CU_ASSERT_PTR_NULL(pickle_find(pickle_root(pickle), "b"));
        pickle_destroy(pickle);
    }
}

/* posix.system("exit") by each way to ask for a call. */
static void a_call_is_noted_and_not_made(void)
{
    static const struct program programs[] = {
        { "cposix\nsystem\n(Vexit\ntR.", 24 },
        { "\x80\4\x8c\5posix\x8c\6system\x93\x8c\4exit\x85R.", 27 },
        { "\x80\2"
          "cposix\nsystem\nU\4exit\x85\x81.",
          25 },
        { "\x80\4"
          "cposix\nsystem\nU\4exit\x85}\x92.",
          26 },
        { "(Vexit\niposix\nsystem\n.", 22 },
        { "(cposix\nsystem\nVexit\no.", 23 },
    };
    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++) {
        struct pickle *pickle = NULL;
        check_status(pickle_read(&pickle, (const uint8_t *)programs[i].code, programs[i].byte_count,
                                 NULL, "made"),
                     STATUS_OK, NULL);
        if (pickle == NULL)
            continue;
        char text[64];
        const struct pickle_value *root = pickle_root(pickle);
        CU_ASSERT_TRUE(pickle_is_call(root, "posix.system"));
        CU_ASSERT_TRUE(pickle_is_text(pickle_item(root->arguments, 0), "exit"));
        pickle_describe(text, sizeof text, root);
        CU_ASSERT_STRING_EQUAL(text, "posix.system");
        pickle_destroy(pickle);
    }
}

static void an_object_keeps_its_state_and_items(void)
{
    static const char code[] = "\x80\2"
                               "ccollections\nOrderedDict\n)R(U\1aK\1U\1bK\2u}U\1vK\3sb.";
    struct pickle *pickle = NULL;
    check_status(pickle_read(&pickle, (const uint8_t *)code, sizeof code - 1, NULL, "made"),
                 STATUS_OK, NULL);
    size_t number = 0;
    const struct pickle_value *root = pickle_root(pickle);
    CU_ASSERT_TRUE(pickle_is_call(root, "collections.OrderedDict"));
    CU_ASSERT_TRUE(pickle_read_count(&number, pickle_find(root, "b")));
    CU_ASSERT_EQUAL(number, 2);
    CU_ASSERT_TRUE(pickle_read_count(&number, pickle_find(root->state, "v")));
    CU_ASSERT_EQUAL(number, 3);
    pickle_destroy(pickle);
}

static void broken_programs_are_told(void)
{
    static const struct {
        const char *code;
        size_t byte_count;
        enum status expected;
        const char *told;
    } cases[] = {
        { "", 0, STATUS_CORRUPT, "byte 0: cut short" },
        { ".", 1, STATUS_CORRUPT, "empty stack" },
        { "N", 1, STATUS_CORRUPT, "cut short" },
        { "(.", 2, STATUS_CORRUPT, "empty stack" },
        { "t.", 2, STATUS_CORRUPT, "mark" },
        { "X\xff\xff\xff\xff.", 6, STATUS_CORRUPT, "cut short" },
        { "\x8d\xff\xff\xff\xff\xff\xff\xff\xff.", 10, STATUS_CORRUPT, "cut short" },
        { "\x8b\xff\xff\xff\x7f.", 6, STATUS_CORRUPT, "cut short" },
        { "\x95\xff\0\0\0\0\0\0\0N.", 11, STATUS_CORRUPT, "frame" },
        { "\x80\6N.", 4, STATUS_INVALID, "protocol 6" },
        { "h\0.", 3, STATUS_CORRUPT, "never put" },
        { "Nr\xff\xff\xff\xff.", 7, STATUS_CORRUPT, "larger memo" },
        { "Np99999999999999\n.", 18, STATUS_CORRUPT, "memo index" },
        { "NNa.", 4, STATUS_CORRUPT, "adds items" },
        { "}(Nu.", 5, STATUS_CORRUPT, "key without" },
        { "(Nd.", 4, STATUS_CORRUPT, "key without" },
        { "cm\nn\nNR.", 8, STATUS_CORRUPT, "no tuple" },
        { "(o.", 3, STATUS_CORRUPT, "without a class" },
        { "}Nb.", 4, STATUS_CORRUPT, "no object" },
        { "cm\nn\n)RNNsNa.", 13, STATUS_CORRUPT, "a list and a dict" },
        { "NN\x93.", 4, STATUS_CORRUPT, "not text" },
        { "Ix\n.", 4, STATUS_CORRUPT, "number" },
        { "I99999999999999999999\n.", 23, STATUS_CORRUPT, "64 bits" },
        { "V\\u0041\n.", 9, STATUS_INVALID, "escapes" },
        { "S'\n.", 4, STATUS_CORRUPT, "quotes" },
        { "\x82\1.", 3, STATUS_INVALID, "0x82" },
        { "\x97.", 2, STATUS_INVALID, "0x97" },
        { "\0.", 2, STATUS_INVALID, "0x00" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_status(read_only(cases[i].code, cases[i].byte_count), cases[i].expected,
                     cases[i].told);
}

static void a_program_that_grows_without_end_is_stopped(void)
{
    const size_t byte_count = 5000000;
    char *code = malloc(byte_count);
    memset(code, ']', byte_count);
    check_status(read_only(code, byte_count), STATUS_CORRUPT, "more values");
    memset(code, '2', byte_count);
    code[0] = 'N';
    check_status(read_only(code, byte_count), STATUS_CORRUPT, "larger stack");
    free(code);
}

static enum status take_three(void *context, size_t *taken, const struct pickle_value *object,
                              const uint8_t *rest, size_t rest_bytes)
{
    (void)rest;
    *(size_t *)context = rest_bytes;
    *taken = pickle_is_call(object, "m.n") ? 3 : 0;
    return STATUS_OK;
}

static void a_hook_takes_bytes_from_the_stream(void)
{
    struct pickle *pickle = NULL;
    size_t rest_bytes = 0;
    const struct pickle_hook hook = { take_three, &rest_bytes };
    const uint8_t code[] = "cm\nn\n)RNbxyz.";
    check_status(pickle_read(&pickle, code, sizeof code - 1, &hook, "made"), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(rest_bytes, 4);
    CU_ASSERT_EQUAL(pickle_root(pickle)->bytes.count, 3);
    CU_ASSERT_EQUAL(pickle_root(pickle)->bytes.at[0], 'x');
    pickle_destroy(pickle);
    check_status(pickle_read(&pickle, code, sizeof code - 3, &hook, "made"), STATUS_CORRUPT,
                 "cut short");
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "scalars of every protocol", scalars_of_every_protocol_are_read },
        { "floats", floats_are_read },
        { "text of every protocol", text_of_every_protocol_is_read },
        { "containers of every protocol", containers_of_every_protocol_are_read },
        { "a call is noted and not made", a_call_is_noted_and_not_made },
        { "an object keeps its state and items", an_object_keeps_its_state_and_items },
        { "broken programs", broken_programs_are_told },
        { "growth without end", a_program_that_grows_without_end_is_stopped },
        { "a hook takes bytes", a_hook_takes_bytes_from_the_stream },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "pickle", cases);
}
