/** Frames counted by phone and unit, apart by language and by whether the voice was held out: first
 * what a rank has seen, then, united, the same for all ranks together. */
#ifndef STAGES_EVALUATE_PHONE_TALLY_H
#define STAGES_EVALUATE_PHONE_TALLY_H

#include "stages/evaluate/name_list.h"
#include "stages/evaluate/unit_quality.h"

/** Two sets of units are counted side by side. */
enum tally_units { TALLY_RUN, TALLY_BASELINE, TALLY_UNITS_COUNT };

struct phone_tally {
    size_t clusters;
    struct name_list phones, languages;
    int64_t **rows; /* [language][held out][units][phone], each [clusters] or NULL; owned */
};

/** Local. An empty tally of units 0 .. clusters - 1; the caller ends it with phone_tally_end.
 * Errors: STATUS_NO_MEMORY. */
enum status phone_tally_begin(struct phone_tally *tally, size_t clusters);

/** Local. An all-zero one is allowed. */
void phone_tally_end(struct phone_tally *tally);

/** What a stretch of frames is counted under. */
struct tally_place {
    size_t language; /* its number in `languages` */
    bool is_held_out;
    enum tally_units units;
};

/** Local. Counts frames.
 *
 *     phones [frames]  in  numbers in tally->phones
 *     units  [frames]  in
 *
 * Errors: STATUS_CORRUPT (a unit that is none), STATUS_NO_MEMORY. */
enum status phone_tally_add(struct phone_tally *tally, struct tally_place place,
                            const uint16_t *phones, const uint16_t *units, size_t frames);

/** Collective. What all ranks have counted, on every rank; names in the order of their bytes.
 * On success the caller ends `united`; on failure it is empty.
 * Errors: those of name_list_unite; STATUS_NO_MEMORY. */
enum status phone_tally_unite(struct phone_tally *united, const struct phone_tally *mine,
                              const struct team *team);

/** Which frames a measurement takes. */
enum tally_voices { TALLY_ALL_VOICES, TALLY_HEARD_VOICES, TALLY_HELD_OUT_VOICES };
enum { TALLY_ALL_LANGUAGES = NAME_LIST_MAX };

/** Local. Measures one set of units over the frames chosen. Errors: STATUS_NO_MEMORY. */
enum status phone_tally_measure(struct unit_quality *out, const struct phone_tally *tally,
                                enum tally_units units, enum tally_voices voices, size_t language);

#endif
