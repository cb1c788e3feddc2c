/** A small store of every kind of dataset, written by all ranks, its values given by formulas. */
#ifndef TESTS_STORAGE_SAMPLE_STORE_H
#define TESTS_STORAGE_SAMPLE_STORE_H

#include "storage/store_writer.h"

enum { ROWS = 1000, TOKENS = 6, TEXT_BYTES = 12 };

/** Value `token` of row `row` of "/data/ids", and row `row` of "/data/names". Besides there are, by
 * row r: "/data/small" r % 256, "/data/large" r * r (the last, row ROWS, UINT64_MAX),
 * "/data/halves" 1.0 and the half of bits r, "/data/singles" r / 4, and "/data/nothing" of no rows.
 */
uint16_t sample_store_id(size_t row, size_t token);
void sample_store_name(char name[TEXT_BYTES], size_t row);

/** Collective. Fills a fresh store: its recipe is "0123". Errors: those of the writer. */
enum status sample_store_fill(struct store_writer *writer, const struct team *on);

/** Collective. Writes the store in chunks of 4 KiB. Errors: those of the writer. */
enum status sample_store_write(const struct team *on, const char *path);

#endif
