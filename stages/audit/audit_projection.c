/* What larger stores would take: this one's figures, scaled up. */
#include "stages/audit/audit_sections.h"

#include <math.h>
#include <string.h>

enum {
    CAPTIONS,
    PICTURES,
    SECONDS_EACH,
    RAW_AUDIO,
    RAW_PICTURES,
    SPEECH_SIDE,
    PICTURE_SIDE,
    STORE,
    SPEECH_SHARE,
    PICTURE_SHARE
};

static const struct audit_section projection_section = {
    .key = "projection",
    .title = "Stores of other sizes, packed like this one",
    .row_heading = "store",
    .quantities = { [CAPTIONS] = { "captions", "captions", "record", AUDIT_WHOLE },
                    [PICTURES] = { "pictures", "pictures", "record", AUDIT_WHOLE },
                    [SECONDS_EACH] = { "seconds_per_caption", "s each", "s", AUDIT_TENTHS },
                    [RAW_AUDIO] = { "raw_audio_bytes", "raw audio", "B", AUDIT_BILLIONS },
                    [RAW_PICTURES] = { "raw_picture_bytes", "raw pict.", "B", AUDIT_BILLIONS },
                    [SPEECH_SIDE] = { "speech_side_bytes", "speech", "B", AUDIT_BILLIONS },
                    [PICTURE_SIDE] = { "picture_side_bytes", "pictures", "B", AUDIT_BILLIONS },
                    [STORE] = { "store_bytes", "store", "B", AUDIT_BILLIONS },
                    [SPEECH_SHARE] = { "speech_share_of_raw_percent", NULL, "percent",
                                       AUDIT_SHARE },
                    [PICTURE_SHARE] = { "picture_share_of_raw_percent", NULL, "percent",
                                        AUDIT_SHARE } },
    .note =
        "Sizes in GB of 1e9 bytes. Assumed: units, durations and features grow with the seconds "
        "of speech,\nother columns with captions or pictures, headers and provenance not at all; "
        "speech is as fast and\npictures are as plain as here. A requested store has captions "
        "as long and pictures as many a\ncaption as this one. Collections: COCO as spoken by "
        "SpokenCOCO, 742 hours; CC3M and LAION-400M\none caption a picture, 4.4 seconds each, "
        "as in COCO; every record taken.",
};

/* Public collections. COCO: pictures of train and val 2014 and recordings of SpokenCOCO (Hsu et al.
 * 2021), 742 hours; CC3M: the training set (Sharma et al. 2018), captions about as long as COCO's;
 * LAION-400M: its round number. */
static const struct collection {
    const char *key, *label;
    double captions, pictures, seconds_each;
} collections[] = {
    { "coco", "COCO", 605495, 123287, 742.0 * 3600.0 / 605495.0 },
    { "cc3m", "CC3M", 3318333, 3318333, 4.4 },
    { "laion400m", "LAION-400M", 400e6, 400e6, 4.4 },
};

/* Bytes of the store by what they grow with. */
struct growth {
    double a_second, a_caption, a_picture, fixed; /* of both sides */
    double other_second, other_picture;           /* features, embeddings */
};

/* What a dataset grows with, by the first line whose prefix fits its name. */
static void add_dataset(struct growth *growth, const struct footprint_object *object)
{
    const struct {
        const char *prefix;
        double *bytes;
    } rules[] = {
        { "/speech/units", &growth->a_second },
        { "/speech/durations", &growth->a_second },
        { "/speech/features", &growth->other_second },
        { "/speech/", &growth->a_caption },
        { "/captions/", &growth->a_caption },
        { "/images/embedding", &growth->other_picture },
        { "/images/", &growth->a_picture },
    };
    for (size_t r = 0; r < sizeof rules / sizeof rules[0]; r++)
        if (strncmp(object->name, rules[r].prefix, strlen(rules[r].prefix)) == 0) {
            *rules[r].bytes += (double)(object->data_bytes + object->index_bytes);
            return;
        }
}

/* A share of what there is; 0 where there is nothing to divide by. */
static double each(double bytes, double count)
{
    return count > 0.0 ? bytes / count : 0.0;
}

static struct growth measure(const struct audit_subject *subject)
{
    const struct store_counts *counts = &subject->counts;
    struct growth growth = { 0 };
    for (size_t o = 0; o < subject->store.object_count; o++)
        if (subject->store.objects[o].is_dataset)
            add_dataset(&growth, &subject->store.objects[o]);
    growth.fixed = (double)subject->store.file_bytes - growth.a_second - growth.a_caption -
                   growth.a_picture - growth.other_second - growth.other_picture;
    growth.a_second = each(growth.a_second, audit_seconds(counts));
    growth.other_second = each(growth.other_second, audit_seconds(counts));
    growth.a_caption = each(growth.a_caption, (double)counts->captions);
    growth.a_picture = each(growth.a_picture, (double)counts->pictures);
    growth.other_picture = each(growth.other_picture, (double)counts->pictures);
    return growth;
}

static void add(struct audit_report *report, const struct collection *collection,
                const struct growth *growth)
{
    const double seconds = collection->captions * collection->seconds_each;
    const double speech = seconds * growth->a_second + collection->captions * growth->a_caption;
    const double pictures = collection->pictures * growth->a_picture;
    const double raw_audio = seconds * AUDIT_SAMPLES_A_SECOND * AUDIT_SAMPLE_BYTES;
    const double raw_pictures = collection->pictures * AUDIT_RAW_PICTURE_BYTES;
    struct audit_row *row =
        audit_report_add(report, &projection_section, collection->key, collection->label);
    row->values[CAPTIONS] = collection->captions;
    row->values[PICTURES] = round(collection->pictures);
    row->values[SECONDS_EACH] = collection->seconds_each;
    row->values[RAW_AUDIO] = round(raw_audio);
    row->values[RAW_PICTURES] = round(raw_pictures);
    row->values[SPEECH_SIDE] = round(speech);
    row->values[PICTURE_SIDE] = round(pictures);
    row->values[STORE] = round(speech + pictures + growth->fixed + seconds * growth->other_second +
                               collection->pictures * growth->other_picture);
    row->values[SPEECH_SHARE] = audit_percent(speech, raw_audio);
    row->values[PICTURE_SHARE] = audit_percent(pictures, raw_pictures);
}

void audit_add_projection(struct audit_report *report, const struct audit_subject *subject,
                          uint64_t captions)
{
    const struct store_counts *counts = &subject->counts;
    if (!subject->has_store || counts->captions == 0 || counts->pictures == 0)
        return;
    const struct growth growth = measure(subject);
    const struct collection requested = { "requested", "requested", (double)captions,
                                          (double)captions * (double)counts->pictures /
                                              (double)counts->captions,
                                          audit_seconds(counts) / (double)counts->captions };
    if (captions > 0)
        add(report, &requested, &growth);
    for (size_t c = 0; c < sizeof collections / sizeof collections[0]; c++)
        add(report, &collections[c], &growth);
}
