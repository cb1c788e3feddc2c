/** What units stand for, as first values of the embedding tables that training learns from: the
 * k-means centres of speech units and the codebook rows of image units, so that units that are
 * alike begin alike. Local. */
#ifndef STAGES_UNIT_TABLES_H
#define STAGES_UNIT_TABLES_H

#include "models/unit_codes.h"
#include "stages/run_directory.h"

/** Rows of one kind of unit, standardised (models/unit_codes.h). */
struct unit_table {
    float *rows; /* [units][width], owned */
    size_t units, width;
};

/** The centres that the run uses. The caller ends `table` with unit_table_end; on failure it is
 * empty. Errors: those of kmeans_file_read. */
enum status unit_table_of_speech(struct unit_table *table, const struct run *run);

/** The codebook of the plan's ViT-VQGAN. Errors: those of weights_file_read and vit_vqgan_create.
 */
enum status unit_table_of_images(struct unit_table *table, const struct run *run);

/** Borrowed from the table. */
struct unit_codes unit_table_codes(const struct unit_table *table);

/** An all-zero one is allowed. */
void unit_table_end(struct unit_table *table);

#endif
