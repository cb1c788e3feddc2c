#include "storage/import/import_state.h"

#include "cluster/stop.h"
#include "storage/manifest_writer.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

enum { CAPTION_ID_BYTES = IMPORT_ID_BYTES + 48 };

/* Sorts the records, which come by id, back into the order of the input; an id that comes again
 * gets
 * "~2", "~3", ... No id of an input holds a '~', so none of these is another's. */
static enum status order(struct record_sort *ordered, struct record_sort *records)
{
    char previous[IMPORT_ID_BYTES] = "", id[IMPORT_ID_BYTES + 24];
    uint64_t repeats = 0;
    struct text_pack pack = { 0 };
    struct sorted_record record;
    bool is_there = false;
    enum status outcome = record_sort_next(&is_there, &record, records);
    while (outcome == STATUS_OK && is_there) {
        struct text_unpack unpack = { record.payload };
        const char *own = text_unpack_next(&unpack);
        repeats = strcmp(own, previous) == 0 ? repeats + 1 : 1;
        snprintf(previous, sizeof previous, "%s", own);
        snprintf(id, sizeof id, "%s", own);
        if (repeats > 1)
            snprintf(id, sizeof id, "%s~%" PRIu64, own, repeats);
        pack.used = 0;
        text_pack_add(&pack, id);
        const size_t taken = (size_t)(unpack.at - (const uint8_t *)record.payload);
        text_pack_add_bytes(&pack, unpack.at, record.payload_bytes - taken);
        outcome = text_pack_check(&pack);
        const struct sorted_record placed = { .key = (const uint8_t *)record.key + strlen(own) + 1,
                                              .key_bytes = 8,
                                              .payload = pack.bytes,
                                              .payload_bytes = pack.used };
        if (outcome == STATUS_OK)
            outcome = record_sort_add(ordered, &placed);
        if (outcome == STATUS_OK)
            outcome = record_sort_next(&is_there, &record, records);
    }
    text_pack_end(&pack);
    return outcome;
}

static void put_captions(struct import_summary *summary, struct json_writer *writer, const char *id,
                         struct text_unpack *unpack)
{
    const bool has_numbers = text_unpack_number(unpack) != 0;
    const uint64_t count = text_unpack_number(unpack);
    for (uint64_t c = 0; c < count; c++) {
        char caption_id[CAPTION_ID_BYTES];
        const uint64_t number = text_unpack_number(unpack);
        snprintf(caption_id, sizeof caption_id, "%s-%" PRIu64, id, has_numbers ? number : c);
        struct manifest_caption caption = { .id = caption_id };
        caption.text = text_unpack_next(unpack);
        caption.language = text_unpack_next(unpack);
        caption.speaker = text_unpack_next(unpack);
        caption.audio = text_unpack_next(unpack);
        manifest_write_caption(writer, &caption);
        summary->recorded += caption.audio != NULL;
    }
    summary->captions += count;
}

static enum status put_record(struct import_summary *summary, struct json_writer *writer,
                              FILE *file, const char *name, const struct sorted_record *record)
{
    struct text_unpack unpack = { record->payload };
    struct manifest_image image = { .id = text_unpack_next(&unpack) };
    const char *path = text_unpack_next(&unpack);
    image.path = path == NULL ? "" : path;
    image.split = text_unpack_next(&unpack);
    manifest_write_image(writer, &image);
    put_captions(summary, writer, image.id, &unpack);
    summary->pictures++;
    if (stop_requested())
        return status_fail(STATUS_STOPPED, "stopped; nothing was written");
    return manifest_write_end(writer, file, name);
}

static enum status put_records(struct import_summary *summary, struct record_sort *ordered,
                               const struct import_roots *roots, FILE *file, const char *name)
{
    struct json_writer *writer = json_writer_create();
    struct sorted_record record;
    bool is_there = false;
    if (writer == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: no memory", name);
    enum status outcome = manifest_write_header(
        writer, file, name, roots->images, strcmp(roots->audio, ".") == 0 ? NULL : roots->audio);
    if (outcome == STATUS_OK)
        outcome = record_sort_next(&is_there, &record, ordered);
    while (outcome == STATUS_OK && is_there) {
        outcome = put_record(summary, writer, file, name, &record);
        if (outcome == STATUS_OK)
            outcome = record_sort_next(&is_there, &record, ordered);
    }
    json_writer_destroy(writer);
    return outcome;
}

/* Nobody wants an empty manifest. */
static enum status check_some(const struct import_summary *summary, const struct import_sink *sink)
{
    const struct skip_tally *skipped = &sink->skipped;
    if (summary->pictures > 0)
        return STATUS_OK;
    if (skipped->count == 0)
        return status_fail(STATUS_INVALID, "%s: no captions in it", sink->input);
    return status_fail(STATUS_INVALID, "%s: nothing can be imported; %" PRIu64 " skipped: %s (%s)",
                       sink->input, skip_tally_total(skipped), skipped->reasons[0].reason,
                       skipped->reasons[0].examples[0]);
}

static enum status write_file(struct import_summary *summary, struct record_sort *ordered,
                              const struct import_sink *sink, const struct import_roots *roots)
{
    char partial[PATH_BYTES];
    const char *out = sink->options->out;
    if (snprintf(partial, sizeof partial, "%s.partial", out) >= PATH_BYTES)
        return status_fail(STATUS_INVALID, "%.80s...: path too long", out);
    FILE *file = fopen(partial, "we");
    if (file == NULL)
        return file_fail(partial, "cannot create");
    enum status outcome = put_records(summary, ordered, roots, file, partial);
    if (fclose(file) != 0 && outcome == STATUS_OK)
        outcome = file_fail(partial, "cannot write");
    if (outcome == STATUS_OK)
        outcome = check_some(summary, sink);
    if (outcome == STATUS_OK)
        outcome = file_publish(out);
    if (outcome != STATUS_OK)
        unlink(partial);
    return outcome;
}

enum status import_write(struct import_summary *summary, struct record_sort *records,
                         const struct import_sink *sink, const struct import_roots *roots)
{
    struct record_sort *ordered = NULL;
    enum status outcome =
        record_sort_create(&ordered, sink->out_folder, sink->options->memory_bytes);
    if (outcome == STATUS_OK)
        outcome = order(ordered, records);
    if (outcome == STATUS_OK)
        outcome = write_file(summary, ordered, sink, roots);
    record_sort_destroy(ordered);
    return outcome;
}
