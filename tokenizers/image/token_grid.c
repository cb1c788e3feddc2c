#include "tokenizers/image/token_grid.h"

#include "tokenizers/image/resize.h"

#include <string.h>

enum status token_grid_crop(void *out, const void *grid, size_t rows, size_t columns, size_t side,
                            size_t cell_bytes)
{
    if (side < 1 || side > rows || side > columns)
        return status_fail(STATUS_INVALID, "a crop of %zu x %zu from %zu x %zu tokens", side, side,
                           rows, columns);
    const size_t top = resize_crop_offset(rows - side, RESIZE_CROP_TORCHVISION);
    const size_t left = resize_crop_offset(columns - side, RESIZE_CROP_TORCHVISION);
    for (size_t row = 0; row < side; row++)
        memmove((char *)out + row * side * cell_bytes,
                (const char *)grid + ((top + row) * columns + left) * cell_bytes,
                side * cell_bytes);
    return STATUS_OK;
}
