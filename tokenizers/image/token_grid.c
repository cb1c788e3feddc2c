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

/* The cell of `count` after `offset` that is nearest to `at`. */
static size_t nearest(size_t at, size_t offset, size_t count)
{
    if (at < offset)
        return 0;
    return at - offset < count ? at - offset : count - 1;
}

enum status token_grid_pad(uint16_t *out, const uint16_t *grid, size_t rows, size_t columns,
                           size_t full_rows, size_t full_columns)
{
    if (rows < 1 || columns < 1 || rows > full_rows || columns > full_columns)
        return status_fail(STATUS_INVALID, "%zu x %zu tokens do not fit in a grid of %zu x %zu",
                           rows, columns, full_rows, full_columns);
    const size_t top = resize_crop_offset(full_rows - rows, RESIZE_CROP_TORCHVISION);
    const size_t left = resize_crop_offset(full_columns - columns, RESIZE_CROP_TORCHVISION);
    for (size_t y = 0; y < full_rows; y++)
        for (size_t x = 0; x < full_columns; x++)
            out[y * full_columns + x] =
                grid[nearest(y, top, rows) * columns + nearest(x, left, columns)];
    return STATUS_OK;
}
