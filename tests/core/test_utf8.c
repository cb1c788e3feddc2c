/* Well-formed UTF-8 and nothing else. The tables follow RFC 3629, section 4. */
#include "core/utf8.h"
#include "tests/support/check.h"

#include <stdint.h>
#include <string.h>

/* The encoding of a code point by the plain rule, whether or not it is allowed. */
static size_t encode(char bytes[4], uint32_t code)
{
    if (code < 0x80) {
        bytes[0] = (char)code;
        return 1;
    }
    const size_t length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char leads[] = { 0, 0, 0xC0, 0xE0, 0xF0 };
    for (size_t b = length; b-- > 1; code >>= 6)
        bytes[b] = (char)(0x80 | (code & 0x3F));
    bytes[0] = (char)(leads[length] | code);
    return length;
}

static void every_code_point_is_one_character_but_surrogates(void)
{
    size_t wrong = 0;
    for (uint32_t code = 0; code <= 0x10FFFF; code++) {
        char bytes[4];
        const size_t length = encode(bytes, code);
        const size_t expected = code >= 0xD800 && code <= 0xDFFF ? 0 : length;
        wrong += utf8_character_bytes(bytes, length) != expected;
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void a_cut_character_is_none(void)
{
    size_t wrong = 0;
    for (uint32_t code = 0x80; code <= 0x10FFFF; code += 61) {
        char bytes[4];
        const size_t length = encode(bytes, code);
        for (size_t cut = 0; cut < length; cut++)
            wrong += utf8_character_bytes(bytes, cut) != 0;
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void malformed_sequences_are_refused(void)
{
    const char *const bad[] = {
        "\x80",             /* a continuation alone */
        "\xC0\x80",         /* overlong zero */
        "\xC1\xBF",         /* overlong 7F */
        "\xE0\x80\xAF",     /* overlong slash */
        "\xE0\x9F\xBF",     /* overlong 7FF */
        "\xF0\x8F\xBF\xBF", /* overlong FFFF */
        "\xED\xA0\x80",     /* first surrogate */
        "\xED\xBF\xBF",     /* last surrogate */
        "\xF4\x90\x80\x80", /* 110000 */
        "\xF5\x80\x80\x80", /* lead beyond the range */
        "\xF8\x88\x80\x80\x80",
        "\xFE",
        "\xFF",
        "\xC3(",
        "\xE2\x82(",
        "\xE2(\xA1",
        "\xF0\x9F\x98(",
        "\xF0(\x98\x80",
    };
    for (size_t b = 0; b < sizeof bad / sizeof bad[0]; b++) {
        CU_ASSERT_EQUAL(utf8_character_bytes(bad[b], strlen(bad[b])), 0);
        CU_ASSERT_FALSE(utf8_is_valid(bad[b], strlen(bad[b])));
    }
}

static void a_text_is_valid_where_all_of_it_is(void)
{
    const char good[] = "a\0 star \xD9\x86\xD8\xAC\xD9\x85\xD8\xA9 \xF0\x9F\x98\x80";
    CU_ASSERT_TRUE(utf8_is_valid(good, sizeof good - 1));
    CU_ASSERT_FALSE(utf8_is_valid(good, sizeof good - 2));
    CU_ASSERT_TRUE(utf8_is_valid("", 0));
    CU_ASSERT_FALSE(utf8_is_valid("good until here \xFF good", 22));
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "every code point but surrogates", every_code_point_is_one_character_but_surrogates },
        { "a cut character", a_cut_character_is_none },
        { "malformed sequences", malformed_sequences_are_refused },
        { "a text is valid where all of it is", a_text_is_valid_where_all_of_it_is },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "utf8", cases);
}
