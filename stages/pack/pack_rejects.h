/** The store's rejects: /rejects. */
#ifndef STAGES_PACK_PACK_REJECTS_H
#define STAGES_PACK_PACK_REJECTS_H

#include "stages/pack/pack_scan.h"
#include "storage/store_writer.h"

/** Collective. Gathers what every stage rejected and what pack itself rejects: captions whose
 * picture is a reject, and pictures whose bytes are those of one; writes the table. Takes
 * scan->rejects. */
enum status pack_rejects_write(struct store_writer *writer, struct pack_scan *scan,
                               const struct run *run);

#endif
