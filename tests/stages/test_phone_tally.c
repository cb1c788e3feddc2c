/* Counts of phones and units over ranks: the same whoever counted what, and the same failure
 * everywhere. */
#include "stages/evaluate/phone_tally.h"
#include "tests/support/check.h"

#include <string.h>

enum { CLUSTERS = 5, CAPTIONS = 12, FRAMES = 40 };

static struct team team;

static const char *const phones[] = { "t", "a", "_", "i:", "b" };
static const char *const languages[] = { "fr", "en", "ar" };

/* Counts caption `number`, whose content depends on the number alone; new names turn up in another
 * order on each rank. */
static void count_caption(struct phone_tally *tally, size_t number)
{
    uint16_t classes[FRAMES], units[FRAMES];
    const char *language = languages[number % 3];
    struct tally_place place = { .is_held_out = number % 4 == 1 };
    check_status(name_list_place(&place.language, &tally->languages, language, strlen(language)),
                 STATUS_OK, NULL);
    for (size_t f = 0; f < FRAMES; f++) {
        size_t phone = 0;
        const char *name = phones[(number * 3 + f * f) % 5];
        check_status(name_list_place(&phone, &tally->phones, name, strlen(name)), STATUS_OK, NULL);
        classes[f] = (uint16_t)phone;
        units[f] = (uint16_t)((number + f * f + f % 2) % CLUSTERS);
    }
    place.units = number % 2 == 0 ? TALLY_RUN : TALLY_BASELINE;
    check_status(phone_tally_add(tally, place, classes, units, FRAMES), STATUS_OK, NULL);
}

/* Every `step`-th caption from `first` on. */
static void count_captions(struct phone_tally *tally, size_t first, size_t step)
{
    check_status(phone_tally_begin(tally, CLUSTERS), STATUS_OK, NULL);
    for (size_t number = first; number < CAPTIONS; number += step)
        count_caption(tally, number);
}

static void check_same(const struct phone_tally *a, enum tally_units units,
                       enum tally_voices voices, size_t language_a, const struct phone_tally *b,
                       size_t language_b)
{
    struct unit_quality left, right;
    check_status(phone_tally_measure(&left, a, units, voices, language_a), STATUS_OK, NULL);
    check_status(phone_tally_measure(&right, b, units, voices, language_b), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(left.frames, right.frames);
    CU_ASSERT_EQUAL(left.phones, right.phones);
    CU_ASSERT_EQUAL(left.units, right.units);
    CU_ASSERT_DOUBLE_EQUAL(left.phone_purity, right.phone_purity, 0.0);
    CU_ASSERT_DOUBLE_EQUAL(left.cluster_purity, right.cluster_purity, 0.0);
    CU_ASSERT_DOUBLE_EQUAL(left.pnmi, right.pnmi, 1e-12); /* phones are added in another order */
}

static void the_whole_does_not_depend_on_who_counted(void)
{
    struct phone_tally mine, whole, alone;
    count_captions(&mine, (size_t)team.rank, (size_t)team.size);
    count_captions(&alone, 0, 1);
    check_status(phone_tally_unite(&whole, &mine, &team), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(whole.languages.count, 3);
    CU_ASSERT_EQUAL(whole.phones.count, 5);
    if (whole.languages.count == 3 && whole.phones.count == 5) {
        CU_ASSERT_STRING_EQUAL(whole.languages.names[0], "ar");
        CU_ASSERT_STRING_EQUAL(whole.languages.names[2], "fr");
        CU_ASSERT_STRING_EQUAL(whole.phones.names[0], "_");
        CU_ASSERT_STRING_EQUAL(whole.phones.names[4], "t");
        for (int units = 0; units < TALLY_UNITS_COUNT; units++)
            for (int voices = TALLY_ALL_VOICES; voices <= TALLY_HELD_OUT_VOICES; voices++) {
                check_same(&whole, units, voices, TALLY_ALL_LANGUAGES, &alone, TALLY_ALL_LANGUAGES);
                for (size_t l = 0; l < 3; l++)
                    check_same(&whole, units, voices, l, &alone, 2 - l); /* ar, en, fr; fr first */
            }
    }
    phone_tally_end(&mine);
    phone_tally_end(&whole);
    phone_tally_end(&alone);
}

static void ranks_that_counted_nothing_take_part(void)
{
    struct phone_tally mine, whole;
    struct unit_quality quality;
    count_captions(&mine, team.rank == 0 ? CAPTIONS - 1 : CAPTIONS, 1);
    check_status(phone_tally_unite(&whole, &mine, &team), STATUS_OK, NULL);
    check_status(phone_tally_measure(&quality, &whole, TALLY_BASELINE, TALLY_ALL_VOICES,
                                     TALLY_ALL_LANGUAGES),
                 STATUS_OK, NULL);
    CU_ASSERT_EQUAL(quality.frames, FRAMES);
    check_status(
        phone_tally_measure(&quality, &whole, TALLY_RUN, TALLY_ALL_VOICES, TALLY_ALL_LANGUAGES),
        STATUS_OK, NULL);
    CU_ASSERT_EQUAL(quality.frames, 0);
    CU_ASSERT_DOUBLE_EQUAL(quality.pnmi, 0.0, 0.0);
    phone_tally_end(&mine);
    phone_tally_end(&whole);
}

static void nothing_at_all_is_united_to_nothing(void)
{
    struct phone_tally mine, whole;
    struct unit_quality quality;
    check_status(phone_tally_begin(&mine, 0), STATUS_OK, NULL);
    check_status(phone_tally_unite(&whole, &mine, &team), STATUS_OK, NULL);
    check_status(
        phone_tally_measure(&quality, &whole, TALLY_RUN, TALLY_ALL_VOICES, TALLY_ALL_LANGUAGES),
        STATUS_OK, NULL);
    CU_ASSERT_EQUAL(quality.frames, 0);
    phone_tally_end(&mine);
    phone_tally_end(&whole);
}

static void a_unit_beyond_the_codebook_is_refused(void)
{
    struct phone_tally tally;
    const uint16_t phone = 0, unit = CLUSTERS;
    count_captions(&tally, 0, CAPTIONS);
    check_status(phone_tally_add(&tally, (struct tally_place){ 0 }, &phone, &unit, 1),
                 STATUS_CORRUPT, "unit 5 of 5");
    phone_tally_end(&tally);
}

static void a_failure_on_one_rank_is_told_on_all(void)
{
    static const char *const steps[] = { "begin counts", "merge names", "share names",
                                         "copy counts", "prepare counts" };
    for (size_t s = 0; s < sizeof steps / sizeof steps[0]; s++) {
        const struct team_fault fault = { steps[s], team.size - 1, STATUS_NO_MEMORY };
        struct phone_tally mine, whole;
        count_captions(&mine, (size_t)team.rank, (size_t)team.size);
        team.fault = &fault;
        check_status(phone_tally_unite(&whole, &mine, &team), STATUS_NO_MEMORY, NULL);
        team.fault = NULL;
        CU_ASSERT_PTR_NULL(whole.rows);
        phone_tally_end(&mine);
    }
}

static void the_team_begins(void)
{
    check_status(team_begin(&team, MPI_COMM_WORLD), STATUS_OK, NULL);
}

static void the_team_ends(void)
{
    team_end(&team);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "the team begins", the_team_begins },
        { "the whole does not depend on who counted", the_whole_does_not_depend_on_who_counted },
        { "ranks that counted nothing take part", ranks_that_counted_nothing_take_part },
        { "nothing at all is united to nothing", nothing_at_all_is_united_to_nothing },
        { "a unit beyond the codebook is refused", a_unit_beyond_the_codebook_is_refused },
        { "a failure on one rank is told on all", a_failure_on_one_rank_is_told_on_all },
        { "the team ends", the_team_ends },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "phone_tally", cases);
}
