/* What packing leaves on the table: bits a token beside the entropies; and whose the tokens are. */
#include "stages/audit/audit_sections.h"

#include <math.h>

enum { TOKENS, NOMINAL, STORED, ORDER_0, ORDER_1, ORDER_2, EACH_1, EACH_2, ABOVE };

static const struct audit_section entropy_section = {
    .key = "entropy",
    .title = "Bits a token, and what the tokens carry",
    .row_heading = "tokens",
    .quantities = { [TOKENS] = { "tokens", "tokens", "token", AUDIT_WHOLE },
                    [NOMINAL] = { "nominal_bits", "nominal", "bit", AUDIT_SHARE },
                    [STORED] = { "stored_bits", "stored", "bit", AUDIT_SHARE },
                    [ORDER_0] = { "order0_bits", "order 0", "bit", AUDIT_SHARE },
                    [ORDER_1] = { "order1_bits", "order 1", "bit", AUDIT_SHARE },
                    [ORDER_2] = { "order2_bits", "order 2", "bit", AUDIT_SHARE },
                    [EACH_1] = { "order1_tokens_per_context", NULL, "token", AUDIT_TENTHS },
                    [EACH_2] = { "order2_tokens_per_context", "seen", "token", AUDIT_TENTHS },
                    [ABOVE] = { "stored_above_order0_percent", "% above 0", "percent",
                                AUDIT_SHARE } },
    .note = "Stored: data, checksums and index, over the tokens. Order k: entropy of a token when "
            "the k before\nit are known, as counted; far too low where contexts of two tokens were "
            "seen but a few times\n(seen: tokens a context). Pictures in reading order.",
};

void audit_add_entropy(struct audit_report *report, const struct audit_subject *subject)
{
    static const char *const keys[] = { "speech_units", "speech_durations", "image_units" };
    static const char *const labels[] = { "speech units", "durations", "image units" };
    for (size_t k = 0; k < AUDIT_TOKEN_KINDS && subject->tokens.is_known; k++) {
        const struct token_entropy_result *entropy = &subject->tokens.entropies[k];
        const struct footprint_object *object =
            footprint_find(&subject->store, audit_token_datasets[k]);
        if (object == NULL || entropy->tokens == 0)
            continue;
        struct audit_row *row = audit_report_add(report, &entropy_section, keys[k], labels[k]);
        row->values[TOKENS] = (double)entropy->tokens;
        row->values[NOMINAL] = object->value_bits;
        row->values[STORED] =
            8.0 * (double)(object->data_bytes + object->index_bytes) / (double)entropy->tokens;
        for (size_t o = 0; o < TOKEN_ENTROPY_ORDERS; o++)
            row->values[ORDER_0 + o] = entropy->bits[o];
        row->values[EACH_1] = entropy->tokens_per_context[1];
        row->values[EACH_2] = entropy->tokens_per_context[2];
        row->values[ABOVE] =
            audit_percent(row->values[STORED] - row->values[ORDER_0], row->values[ORDER_0]);
    }
}

enum { CAPTIONS, SECONDS, UNITS, RAW, TEXT, NOMINAL_BYTES, STORED_BYTES, SHARE };

static const struct audit_section languages_section = {
    .key = "languages",
    .title = "Speech by language",
    .row_heading = "language",
    .quantities = { [CAPTIONS] = { "records", "captions", "record", AUDIT_WHOLE },
                    [SECONDS] = { "seconds", "seconds", "s", AUDIT_TENTHS },
                    [UNITS] = { "tokens", "units", "token", AUDIT_WHOLE },
                    [RAW] = { "raw_bytes", "raw audio", "B", AUDIT_WHOLE },
                    [TEXT] = { "text_bytes", "text", "B", AUDIT_WHOLE },
                    [NOMINAL_BYTES] = { "nominal_bytes", "nominal", "B", AUDIT_WHOLE },
                    [STORED_BYTES] = { "stored_bytes", "stored", "B", AUDIT_WHOLE },
                    [SHARE] = { "share_of_raw_percent", "% of raw", "percent", AUDIT_SHARE } },
    .note =
        "Nominal and stored: units and durations. Stored are each language's share of what both "
        "take,\nchecksums, index and headers included, by the number of its units: languages "
        "share their chunks.",
};

void audit_add_languages(struct audit_report *report, const struct audit_subject *subject)
{
    const struct store_counts *counts = &subject->counts;
    const double stored = (double)(audit_dataset_bytes(&subject->store, "/speech/units") +
                                   audit_dataset_bytes(&subject->store, "/speech/durations"));
    const double bits = audit_id_bits(counts->speech_codebook) + subject->duration_bits;
    for (size_t l = 0; l < subject->tokens.language_count; l++) {
        const struct audit_language *language = &subject->tokens.languages[l];
        const double raw = (double)language->samples * AUDIT_SAMPLE_BYTES;
        const double share = audit_ratio((double)language->units, (double)counts->units) * stored;
        struct audit_row *row =
            audit_report_add(report, &languages_section, language->name, language->name);
        row->values[CAPTIONS] = (double)language->captions;
        row->values[SECONDS] = (double)language->samples / AUDIT_SAMPLES_A_SECOND;
        row->values[UNITS] = (double)language->units;
        row->values[RAW] = raw;
        row->values[TEXT] = (double)language->text_bytes;
        row->values[NOMINAL_BYTES] = ceil((double)language->units * bits / 8.0);
        row->values[STORED_BYTES] = round(share);
        row->values[SHARE] = audit_percent(share, raw);
    }
}
