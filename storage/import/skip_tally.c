#include "storage/import/skip_tally.h"

#include <stdio.h>
#include <string.h>

static struct skip_reason *find(struct skip_tally *tally, const char *reason)
{
    for (size_t r = 0; r < tally->count; r++)
        if (strcmp(tally->reasons[r].reason, reason) == 0)
            return &tally->reasons[r];
    if (tally->count == SKIP_REASONS_MAX)
        return &tally->reasons[SKIP_REASONS_MAX - 1];
    struct skip_reason *added = &tally->reasons[tally->count++];
    *added = (struct skip_reason){ .reason = reason };
    return added;
}

void skip_tally_add(struct skip_tally *tally, const char *reason, const char *place)
{
    struct skip_reason *found = find(tally, reason);
    if (found->count++ >= SKIP_EXAMPLES)
        return;
    char *example = found->examples[found->count - 1];
    snprintf(example, SKIP_EXAMPLE_BYTES, "%s", place);
    for (; *example != '\0'; example++)
        if ((unsigned char)*example < 0x20 || *example == 0x7f)
            *example = '?';
}

uint64_t skip_tally_total(const struct skip_tally *tally)
{
    uint64_t total = 0;
    for (size_t r = 0; r < tally->count; r++)
        total += tally->reasons[r].count;
    return total;
}
