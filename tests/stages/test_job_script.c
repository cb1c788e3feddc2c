/* Templates of job scripts: words, shell text, lists, comments, and what is refused. */
#include "stages/submit/job_script.h"
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

static const char *const stage[] = { "pack" }, *const awkward[] = { "it's $HOME" };
static const char *const lines[] = { "module load a", "export B=c" };
static const struct script_value values[] = {
    { "stage", stage, 1, false },     { "path", awkward, 1, false }, { "absent", NULL, 0, false },
    { "prologue", lines, 2, true },   { "extra", lines, 2, false },  { "nothing", NULL, 0, true },
    { "launch", &lines[0], 1, true },
};

static enum status fill(char **script, const char *text)
{
    return job_script_fill(script, text, "t.sh", values, sizeof values / sizeof values[0]);
}

static void check_filled(const char *text, const char *expected)
{
    char *script = NULL;
    check_status(fill(&script, text), STATUS_OK, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(script);
    CU_ASSERT_STRING_EQUAL(script, expected);
    free(script);
}

static void a_value_is_a_word_in_commands_and_itself_in_comments(void)
{
    check_filled("#SBATCH --job-name=@stage@\nrun @stage@ @path@\n",
                 "#SBATCH --job-name=pack\nrun 'pack' 'it'\\''s $HOME'\n");
}

static void a_line_without_its_value_is_left_out(void)
{
    check_filled("one\n#SBATCH --partition=@absent@\ntwo @nothing@ three\n", "one\ntwo  three\n");
}

static void a_value_of_several_texts_repeats_its_line(void)
{
    check_filled("@prologue@\n#SBATCH @extra@\n",
                 "module load a\nexport B=c\n#SBATCH module load a\n#SBATCH export B=c\n");
    check_filled("@launch@ x", "module load a x\n");
}

static void at_signs_that_are_no_names_stay(void)
{
    check_filled("--signal=B:USR1@@stage@ me@host @ @@\n", "--signal=B:USR1@'pack' me@host @ @@\n");
}

static void what_a_template_cannot_ask_for_is_named(void)
{
    static const char *const broken[] = { "a\nb" };
    const struct script_value bad = { "broken", broken, 1, false };
    char *script = NULL;
    check_status(fill(&script, "one\ntwo @stagee@\n"), STATUS_INVALID, "t.sh:2: @stagee@");
    CU_ASSERT_PTR_NULL(script);
    check_status(job_script_fill(&script, "@broken@", "t.sh", &bad, 1), STATUS_INVALID,
                 "t.sh:1: @broken@: a control character");
    CU_ASSERT_PTR_NULL(script);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "words and comments", a_value_is_a_word_in_commands_and_itself_in_comments },
        { "absent", a_line_without_its_value_is_left_out },
        { "several", a_value_of_several_texts_repeats_its_line },
        { "at signs", at_signs_that_are_no_names_stay },
        { "refused", what_a_template_cannot_ask_for_is_named },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "job script", cases);
}
