/** Grids of tokens (or of anything that has one cell a token). */
#ifndef TOKENIZERS_IMAGE_TOKEN_GRID_H
#define TOKENIZERS_IMAGE_TOKEN_GRID_H

#include "core/status.h"

#include <stddef.h>
#include <stdint.h>

/** Cuts the middle out of a grid, as Image-to-Speech does with its tokens (32 x 32 to 28 x 28):
 * half the margin, rounded half to even, is left out above and on the left.
 *
 *     out  [side][side] cells       out  may be the grid itself
 *     grid [rows][columns] cells    in   row by row
 *     cell_bytes                    in   2 for a uint16_t token, 4 C for a latent
 *
 * Local. Errors: STATUS_INVALID (a side of 0 or larger than the grid). */
enum status token_grid_crop(void *out, const void *grid, size_t rows, size_t columns, size_t side,
                            size_t cell_bytes);

/** Puts the middle back into a whole grid, the reverse of token_grid_crop: a cell that the crop
 * left out becomes the nearest one of those that it kept.
 *
 *     out  [full_rows][full_columns]  out
 *     grid [rows][columns]            in
 *
 * Local. Errors: STATUS_INVALID (a side of 0 or larger than the whole grid). */
enum status token_grid_pad(uint16_t *out, const uint16_t *grid, size_t rows, size_t columns,
                           size_t full_rows, size_t full_columns);

#endif
