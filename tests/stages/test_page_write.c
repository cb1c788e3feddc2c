/* The page as HTML: text of records stays text, parts that are missing leave no trace but a line,
 * and nothing leads elsewhere. */
#include "stages/page/html.h"
#include "stages/page/page_write.h"
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

static const char hostile[] = "</p><script src=\"//x\">'&\x01\x1b";

/* `*text` is the caller's. */
static void write_page(char **text, const struct page *page)
{
    size_t bytes = 0;
    FILE *stream = open_memstream(text, &bytes);
    page_write(stream, page);
    fclose(stream);
}

static size_t occurrences(const char *text, const char *wanted)
{
    size_t count = 0;
    for (text = strstr(text, wanted); text != NULL; text = strstr(text + 1, wanted))
        count++;
    return count;
}

static void check_escaped(const char *text, const char *expected)
{
    char *result = NULL;
    size_t bytes = 0;
    FILE *stream = open_memstream(&result, &bytes);
    html_text(stream, text);
    fclose(stream);
    CU_ASSERT_STRING_EQUAL(result, expected);
    free(result);
}

static void text_is_made_harmless(void)
{
    check_escaped(NULL, "");
    check_escaped("a red star", "a red star");
    check_escaped(hostile, "&lt;/p&gt;&lt;script src=&quot;//x&quot;&gt;&#39;&amp;"
                           "\xef\xbf\xbd\xef\xbf\xbd");
    check_escaped("\xd8\xb5\xd9\x86\xd8\xaf\xd9\x88\xd9\x82 \xe2\x80\x99",
                  "\xd8\xb5\xd9\x86\xd8\xaf\xd9\x88\xd9\x82 \xe2\x80\x99");
    check_escaped("a\xe2\x80\xae"
                  "b\xe2\x81\xa7"
                  "c\x7f",
                  "a\xef\xbf\xbd"
                  "b\xef\xbf\xbd"
                  "c\xef\xbf\xbd");
    check_escaped("cut \xe2", "cut \xe2");
    check_escaped("cut \xe2\x80", "cut \xe2\x80");
}

static void what_is_hostile_stays_text(void)
{
    struct page_said said = { "media/a.generated.wav", (char *)hostile };
    struct page_entry entry = { .id = hostile,
                                .text = hostile,
                                .language = hostile,
                                .picture = "media/a.jpg",
                                .speech = "media/a.wav",
                                .said = &said,
                                .said_count = 1,
                                .found = { { "", hostile, true },
                                           { "media/b.jpg", hostile, false } },
                                .found_count = 2,
                                .rank = 1 };
    struct page page = { .run = hostile, .split = hostile, .entries = &entry, .count = 1 };
    snprintf(page.missing[PAGE_RESYNTHESIS], sizeof page.missing[0], "%s", hostile);
    char *text = NULL;
    write_page(&text, &page);
    CU_ASSERT_EQUAL(occurrences(text, "<script"), 0);
    CU_ASSERT_EQUAL(occurrences(text, "\x1b"), 0);
    CU_ASSERT_EQUAL(occurrences(text, "&lt;script src=&quot;"), 10);
    CU_ASSERT_EQUAL(occurrences(text, "<article>"), occurrences(text, "</article>"));
    CU_ASSERT_EQUAL(occurrences(text, "<div"), occurrences(text, "</div>"));
    CU_ASSERT_EQUAL(occurrences(text, "<dl"), occurrences(text, "</dl>"));
    free(text);
}

static struct page small_page(struct page_entry *entries, size_t count)
{
    return (struct page){ .run = "tiny",
                          .split = "test",
                          .counts = { .captions = 20,
                                      .samples = 16000 * 90,
                                      .units = 1234,
                                      .speech_codebook = 100,
                                      .pictures = 2,
                                      .grid_rows = 28,
                                      .grid_columns = 28,
                                      .image_codebook = 8192,
                                      .source_pixels = 40000 },
                          .store_bytes = 30000,
                          .entries = entries,
                          .count = count };
}

static void figures_are_said(void)
{
    struct page page = small_page(NULL, 0);
    page.retrieval = (struct retrieval_figures){ .queries = 20,
                                                 .recall_at_1 = 0.5,
                                                 .recall_at_5 = 0.75,
                                                 .recall_at_10 = 1.0,
                                                 .median_rank = 1.5 };
    page.retrieval_pictures = 2;
    char *text = NULL;
    write_page(&text, &page);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "30.0 kB in place of 3.0 MB of raw sound and pixels, 100 "
                                        "times less"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "<dt>speech</dt><dd>1.5 minutes"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "<dt>image units</dt><dd>1568"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "<dt>R@5</dt><dd>75.0 %"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "20 spoken captions"));
    free(text);
}

static void what_is_missing_is_a_line(void)
{
    struct page_entry entry = { .id = "a", .text = "a star", .language = "en" };
    struct page page = small_page(&entry, 1);
    char *bare = NULL;
    write_page(&bare, &page);
    CU_ASSERT_EQUAL(occurrences(bare, "<img"), 0);
    CU_ASSERT_EQUAL(occurrences(bare, "<audio"), 0);
    CU_ASSERT_EQUAL(occurrences(bare, "R@1"), 0);
    CU_ASSERT_EQUAL(occurrences(bare, "recogniser"), 0);
    CU_ASSERT_EQUAL(occurrences(bare, "Not on this page"), 0);
    snprintf(page.missing[PAGE_GENERATED], sizeof page.missing[0], "unitmill generate makes it");
    char *told = NULL;
    write_page(&told, &page);
    CU_ASSERT_EQUAL(occurrences(told, "unitmill generate makes it"), 1);
    CU_ASSERT_EQUAL(occurrences(told, "<li>"), 1);
    free(bare);
    free(told);
}

static void what_is_there_can_be_seen_and_heard(void)
{
    struct page_said said[] = { { "media/a.generated-0.wav", (char *)"" },
                                { "media/a.generated-1.wav", (char *)"a star" } };
    struct page_entry entry = { .id = "a",
                                .text = "a star",
                                .language = "en",
                                .picture = "media/a.jpg",
                                .reconstruction = "media/a.units.jpg",
                                .speech = "media/a-0.wav",
                                .resynthesis = "media/a-0.units.wav",
                                .said = said,
                                .said_count = 2,
                                .found = { { "media/b.small.jpg", "b", false },
                                           { "media/a.small.jpg", "a", true } },
                                .found_count = 2,
                                .rank = 2 };
    struct page page = small_page(&entry, 1);
    char *text = NULL, *again = NULL;
    write_page(&text, &page);
    write_page(&again, &page);
    CU_ASSERT_EQUAL(occurrences(text, "<img"), 4);
    CU_ASSERT_EQUAL(occurrences(text, "<audio"), 4);
    CU_ASSERT_EQUAL(
        occurrences(text, "<li class=\"right\"><img loading=\"lazy\" src=\"media/a.small"), 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "<strong>2</strong>"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "</dt><dd>nothing</dd>"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "<q>a star</q>"));
    CU_ASSERT_EQUAL(occurrences(text, "http"), 0);
    CU_ASSERT_EQUAL(occurrences(text, "url("), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "prefers-color-scheme:dark"));
    CU_ASSERT_STRING_EQUAL(text, again);
    free(text);
    free(again);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "text is made harmless", text_is_made_harmless },
        { "what is hostile stays text", what_is_hostile_stays_text },
        { "figures are said", figures_are_said },
        { "what is missing is a line", what_is_missing_is_a_line },
        { "what is there can be seen and heard", what_is_there_can_be_seen_and_heard },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "page", cases);
}
