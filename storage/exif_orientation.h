/** The orientation that a camera noted in a picture's EXIF block. */
#ifndef STORAGE_EXIF_ORIENTATION_H
#define STORAGE_EXIF_ORIENTATION_H

#include <stddef.h>
#include <stdint.h>

/** The orientation, 1 .. 8, in an APP1 block; 1 (upright) where the block is not EXIF, is broken or
 * does not say.
 *
 *     block [byte_count]  in  beginning with "Exif\0\0"
 *
 * Local. Reads the first directory only. Source: CIPA DC-008 (Exif 2.32), section 4.6. */
int exif_orientation(const uint8_t *block, size_t byte_count);

#endif
