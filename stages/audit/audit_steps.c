/* What each step of packing gains. */
#include "stages/audit/audit_sections.h"

#include <math.h>
#include <string.h>

enum { BYTES, GAIN, OF_FIRST };

static const struct audit_section steps_section = {
    .key = "steps",
    .title = "What each step of packing gains",
    .row_heading = "after the step",
    .quantities = { [BYTES] = { "bytes", "bytes", "B", AUDIT_WHOLE },
                    [GAIN] = { "gain_percent", "% gained", "percent", AUDIT_SHARE },
                    [OF_FIRST] = { "share_of_first_percent", "% of first", "percent",
                                   AUDIT_SHARE } },
    .note =
        "Gained: against the line before, less than 0 where a step costs. Run lengths cost where "
        "units\nhardly repeat, and are kept since durations are wanted. Deflate comes where it "
        "gains a\ntwentieth at least.",
};

/* One side of the store, step by step. */
struct steps {
    struct audit_report *report;
    double first, last; /* not a number before the first step */
};

static void add(struct steps *steps, const char *key, const char *label, double bytes)
{
    struct audit_row *row = audit_report_add(steps->report, &steps_section, key, label);
    row->values[BYTES] = ceil(bytes);
    row->values[GAIN] = audit_percent(steps->last - bytes, steps->last);
    steps->first = isnan(steps->first) ? bytes : steps->first;
    row->values[OF_FIRST] = audit_percent(bytes, steps->first);
    steps->last = bytes;
}

/* Sums over the datasets of a side. */
struct sums {
    double plain, narrow, packed, data, whole;
};

static struct sums sum_up(const struct footprint *store, const char *const *names)
{
    struct sums sums = { 0 };
    for (size_t n = 0; names[n] != NULL; n++) {
        const struct footprint_object *object = footprint_find(store, names[n]);
        if (object == NULL)
            continue;
        sums.plain += (double)object->logical_bytes;
        sums.narrow += audit_nominal_bytes(object);
        sums.packed += (double)(object->data_bytes - object->checksum_bytes);
        sums.data += (double)object->data_bytes;
        sums.whole += (double)(object->data_bytes + object->index_bytes + object->header_bytes);
    }
    return sums;
}

static void add_unit_steps(struct steps *steps, const struct sums *sums, const char *prefix,
                           const char *what)
{
    static const struct {
        const char *key, *label;
    } names[] = { { "bits", "in the bits that they need" },
                  { "deflate", "deflated" },
                  { "checksums", "with checksums" },
                  { "index", "with index and headers" } };
    const double bytes[] = { sums->narrow, sums->packed, sums->data, sums->whole };
    for (size_t s = 0; s < sizeof names / sizeof names[0]; s++) {
        char key[64], label[96];
        snprintf(key, sizeof key, "%s_%s", prefix, names[s].key);
        snprintf(label, sizeof label, "%s: %s", what, names[s].label);
        add(steps, key, label, bytes[s]);
    }
}

void audit_add_steps(struct audit_report *report, const struct audit_subject *subject)
{
    static const char *const speech[] = { "/speech/units", "/speech/durations", NULL };
    static const char *const captions[] = {
        "/captions/id",    "/captions/text",       "/captions/language",
        "/captions/voice", "/captions/image",      "/captions/split",
        "/speech/offsets", "/speech/sample_count", NULL,
    };
    static const char *const pictures[] = { "/images/units", NULL };
    if (!subject->has_store)
        return;
    struct sums sums = sum_up(&subject->store, speech);
    struct steps steps = { .report = report, .first = NAN, .last = NAN };
    add(&steps, "speech_frames", "speech: a 16-bit id a frame",
        (double)subject->counts.frames * sizeof(uint16_t));
    add(&steps, "speech_runs", "speech: run lengths, 16-bit ids and durations", sums.plain);
    add_unit_steps(&steps, &sums, "speech", "speech");

    sums = sum_up(&subject->store, captions);
    steps = (struct steps){ .report = report, .first = NAN, .last = NAN };
    add(&steps, "captions_plain", "captions: texts, offsets, lengths", sums.plain);
    add(&steps, "captions_deflate", "captions: deflated", sums.packed);
    add(&steps, "captions_index", "captions: with checksums, index and headers", sums.whole);

    sums = sum_up(&subject->store, pictures);
    steps = (struct steps){ .report = report, .first = NAN, .last = NAN };
    add(&steps, "pictures_plain", "pictures: 16-bit ids", sums.plain);
    add_unit_steps(&steps, &sums, "pictures", "pictures");
}
