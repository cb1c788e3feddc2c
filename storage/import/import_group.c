#include "storage/import/import_state.h"

#include <stdlib.h>
#include <string.h>

/* One picture with all its rows. */
struct group {
    char *key; /* owned */
    bool has_picture, is_skipped;
    size_t picture_count;      /* how often it was added */
    uint64_t sequence;         /* of the first of them */
    struct text_pack head;     /* id, path, split of the first of them */
    struct text_pack captions; /* [caption_count] of number, text, language, speaker, audio */
    size_t caption_count, caption_capacity;
    size_t excess_count; /* captions beyond the limits */
    uint64_t *numbers;   /* [caption_count] */
    char listed[IMPORT_SPLIT_BYTES];
    bool is_listed;
};

struct grouping {
    struct record_sort *records;
    struct import_sink *sink;
    const struct import_roots *roots;
    struct group group;
    struct text_pack pack; /* scratch */
};

static void skip(struct grouping *grouping, const char *reason, const char *subject)
{
    char where[SKIP_EXAMPLE_BYTES];
    snprintf(where, sizeof where, "%.200s", subject);
    skip_tally_add(&grouping->sink->skipped, reason, where);
}

static void skip_captions(struct grouping *grouping, const char *reason, size_t count)
{
    for (size_t c = 0; c < count; c++)
        skip(grouping, reason, grouping->group.key);
}

static int compare_numbers(const void *left, const void *right)
{
    const uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

/* The captions' own numbers serve where each has one and no two have the same. */
static bool are_numbers_usable(struct group *group)
{
    if (group->caption_count > 1)
        qsort(group->numbers, group->caption_count, sizeof *group->numbers, compare_numbers);
    for (size_t c = 0; c < group->caption_count; c++)
        if (group->numbers[c] == IMPORT_NO_NUMBER ||
            (c > 0 && group->numbers[c] == group->numbers[c - 1]))
            return false;
    return true;
}

static enum status is_on_disk(bool *is_there, const struct grouping *grouping, const char *root,
                              const char *path)
{
    char folder[PATH_BYTES], whole[PATH_BYTES];
    enum status outcome = path_join(folder, grouping->sink->out_folder, root);
    if (outcome == STATUS_OK)
        outcome = path_join(whole, folder, path);
    *is_there = outcome == STATUS_OK && file_exists(whole);
    return outcome;
}

/* Takes out the captions whose audio is not on disk. */
static enum status drop_silent(struct grouping *grouping)
{
    struct group *group = &grouping->group;
    struct text_unpack unpack = { group->captions.bytes };
    struct text_pack *kept = &grouping->pack;
    size_t kept_count = 0;
    enum status outcome = STATUS_OK;
    kept->used = 0;
    for (size_t c = 0; c < group->caption_count && outcome == STATUS_OK; c++) {
        const uint8_t *begin = unpack.at;
        const uint64_t number = text_unpack_number(&unpack);
        text_unpack_next(&unpack);
        text_unpack_next(&unpack);
        text_unpack_next(&unpack);
        const char *audio = text_unpack_next(&unpack);
        bool is_there = true;
        if (audio != NULL)
            outcome = is_on_disk(&is_there, grouping, grouping->roots->audio, audio);
        if (!is_there) {
            skip(grouping, "audio file is not there", audio);
            continue;
        }
        text_pack_add_bytes(kept, begin, (size_t)(unpack.at - begin));
        group->numbers[kept_count++] = number;
    }
    const struct text_pack swapped = group->captions;
    group->captions = *kept;
    *kept = swapped;
    group->caption_count = kept_count;
    return outcome == STATUS_OK ? text_pack_check(&group->captions) : outcome;
}

/* A reason why the picture is left out, or NULL; `*subject` is what to name. */
static const char *find_reason(const struct grouping *grouping, const char *path)
{
    const struct group *group = &grouping->group;
    if (grouping->sink->expects_once && group->picture_count > 1)
        return "key stands more than once in the archive";
    if (grouping->sink->has_lists && !group->is_listed)
        return "picture is in none of the split lists";
    if (group->caption_count == 0)
        return "picture without captions";
    bool is_there = true;
    if (grouping->sink->options->checks_files && path != NULL &&
        (is_on_disk(&is_there, grouping, grouping->roots->images, path) != STATUS_OK || !is_there))
        return "picture file is not there";
    return NULL;
}

static enum status add_record(struct grouping *grouping)
{
    struct group *group = &grouping->group;
    struct text_unpack head = { group->head.bytes };
    struct text_pack *pack = &grouping->pack;
    const char *id = text_unpack_next(&head), *path = text_unpack_next(&head);
    const char *split = text_unpack_next(&head);
    enum status outcome = grouping->sink->options->checks_files ? drop_silent(grouping) : STATUS_OK;
    if (outcome != STATUS_OK)
        return outcome;
    const char *reason = find_reason(grouping, path);
    if (reason != NULL) {
        skip(grouping, reason, path != NULL ? path : id);
        return STATUS_OK;
    }
    pack->used = 0;
    text_pack_add(pack, id);
    text_pack_add(pack, path);
    text_pack_add(pack, group->is_listed ? group->listed : split);
    text_pack_add_number(pack, are_numbers_usable(group));
    text_pack_add_number(pack, group->caption_count);
    text_pack_add_bytes(pack, group->captions.bytes, group->captions.used);
    outcome = text_pack_check(pack);
    char key[IMPORT_RECORD_KEY_BYTES];
    const size_t id_bytes = strlen(id) + 1;
    memcpy(key, id, id_bytes);
    record_sort_number_key((uint8_t *)key + id_bytes, group->sequence);
    const struct sorted_record record = {
        .key = key, .key_bytes = id_bytes + 8, .payload = pack->bytes, .payload_bytes = pack->used
    };
    return outcome == STATUS_OK ? record_sort_add(grouping->records, &record) : outcome;
}

static enum status end_group(struct grouping *grouping)
{
    struct group *group = &grouping->group;
    if (group->key == NULL)
        return STATUS_OK;
    skip_captions(grouping, "more captions of one picture than fit into a record",
                  group->excess_count);
    if (group->is_skipped)
        skip_captions(grouping, "caption of a picture that was skipped", group->caption_count);
    else if (group->has_picture)
        return add_record(grouping);
    else if (group->caption_count > 0)
        skip_captions(grouping, "caption of a picture that is not listed", group->caption_count);
    else
        skip(grouping, "picture of a split list that has no captions", group->key);
    return STATUS_OK;
}

static enum status begin_group(struct grouping *grouping, const struct sorted_record *row)
{
    struct group *group = &grouping->group;
    free(group->key);
    group->key = strndup(row->key, row->key_bytes);
    if (group->key == NULL)
        return status_fail(STATUS_NO_MEMORY, "an import's records: no memory");
    group->has_picture = group->is_skipped = group->is_listed = false;
    group->picture_count = group->caption_count = group->excess_count = 0;
    group->head.used = group->captions.used = 0;
    return STATUS_OK;
}

static enum status take_caption(struct group *group, const uint8_t *packed, size_t byte_count)
{
    struct text_unpack unpack = { packed };
    if (group->caption_count == IMPORT_CAPTIONS_MAX ||
        byte_count > IMPORT_RECORD_BYTES_MAX - group->captions.used) {
        group->excess_count++;
        return STATUS_OK;
    }
    if (group->caption_count == group->caption_capacity) {
        const size_t capacity = 2 * group->caption_capacity + 16;
        uint64_t *grown = realloc(group->numbers, capacity * sizeof *grown);
        if (grown == NULL)
            return status_fail(STATUS_NO_MEMORY, "an import's records: no memory");
        group->numbers = grown;
        group->caption_capacity = capacity;
    }
    group->numbers[group->caption_count++] = text_unpack_number(&unpack);
    text_pack_add_bytes(&group->captions, packed, byte_count);
    return text_pack_check(&group->captions);
}

static enum status take_row(struct group *group, const struct sorted_record *row)
{
    struct text_unpack unpack = { row->payload };
    const uint64_t kind = text_unpack_number(&unpack);
    const size_t left = row->payload_bytes - (size_t)(unpack.at - (const uint8_t *)row->payload);
    if (kind == IMPORT_CAPTION)
        return take_caption(group, unpack.at, left);
    if (kind == IMPORT_SKIPPED)
        group->is_skipped = true;
    if (kind == IMPORT_LISTED && !group->is_listed) {
        group->is_listed = true;
        snprintf(group->listed, sizeof group->listed, "%s", text_unpack_next(&unpack));
    }
    if (kind != IMPORT_PICTURE)
        return STATUS_OK;
    group->picture_count++;
    const uint64_t sequence = text_unpack_number(&unpack);
    if (group->has_picture)
        return STATUS_OK;
    group->has_picture = true;
    group->sequence = sequence;
    text_pack_add_bytes(&group->head, unpack.at, left - sizeof sequence);
    return text_pack_check(&group->head);
}

enum status import_group(struct record_sort *records, struct import_sink *sink,
                         const struct import_roots *roots)
{
    struct grouping grouping = { .records = records, .sink = sink, .roots = roots };
    struct group *group = &grouping.group;
    struct sorted_record row;
    bool is_there = false;
    enum status outcome = record_sort_next(&is_there, &row, sink->rows);
    while (outcome == STATUS_OK && is_there) {
        if (group->key == NULL || strlen(group->key) != row.key_bytes ||
            memcmp(group->key, row.key, row.key_bytes) != 0) {
            outcome = end_group(&grouping);
            if (outcome == STATUS_OK)
                outcome = begin_group(&grouping, &row);
        }
        if (outcome == STATUS_OK)
            outcome = take_row(group, &row);
        if (outcome == STATUS_OK)
            outcome = record_sort_next(&is_there, &row, sink->rows);
    }
    if (outcome == STATUS_OK)
        outcome = end_group(&grouping);
    free(group->key);
    free(group->numbers);
    text_pack_end(&group->head);
    text_pack_end(&group->captions);
    text_pack_end(&grouping.pack);
    return outcome;
}
