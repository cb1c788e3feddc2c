/** What a manifest keeps: texts in large blocks, and the set of ids seen. For storage/manifest*.c
 * only. */
#ifndef STORAGE_MANIFEST_MEMORY_H
#define STORAGE_MANIFEST_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

struct manifest_memory; /* opaque */

/** NULL without memory. */
struct manifest_memory *manifest_memory_create(void);

/** NULL is allowed. */
void manifest_memory_destroy(struct manifest_memory *memory);

/** A copy that lives as long as the memory; NULL without memory. */
const char *manifest_memory_text(struct manifest_memory *memory, const char *text);

/** The one copy of a text that occurs often (a language, a split); NULL without memory. */
const char *manifest_memory_common(struct manifest_memory *memory, const char *text);

enum manifest_space { MANIFEST_IMAGE_IDS, MANIFEST_CAPTION_IDS, MANIFEST_SPACES };

/** Enters an id, which must live as long as the memory, into one of the two sets, with a number.
 * `*before` is the number under which it was entered first. False without memory. */
bool manifest_memory_enter(struct manifest_memory *memory, enum manifest_space space,
                           const char *id, size_t number, size_t *before);

#endif
