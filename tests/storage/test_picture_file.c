/* Picture files on disk: what kind they are is decided by their bytes. */
#include "core/file.h"
#include "storage/jpeg_image.h"
#include "storage/picture_file.h"
#include "tests/support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *write_file(const char *name, const void *bytes, size_t count)
{
    const char *path = check_scratch(name);
    FILE *file = fopen(path, "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL(fwrite(bytes, 1, count, file), count);
    fclose(file);
    return path;
}

static void content_decides_not_the_name(void)
{
    /* Gray, 1 x 1, level 200. */
    static const uint8_t png[] = {
        0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48,
        0x44, 0x52, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x00, 0x00, 0x00,
        0x00, 0x3a, 0x7e, 0x9b, 0x55, 0x00, 0x00, 0x00, 0x0a, 0x49, 0x44, 0x41, 0x54, 0x78,
        0x9c, 0x63, 0x38, 0x01, 0x00, 0x00, 0xca, 0x00, 0xc9, 0x99, 0xca, 0x5d, 0x7e
    };
    uint8_t pixel[3] = { 10, 20, 30 }, *jpeg = NULL;
    size_t jpeg_bytes = 0;
    const struct rgb_image dot = { .width = 1, .height = 1, .pixels = pixel };
    check_status(
        jpeg_image_encode(&jpeg, &jpeg_bytes, &dot, &(struct jpeg_image_options){ .quality = 95 }),
        STATUS_OK, NULL);

    struct rgb_image image;
    check_status(picture_file_read(&image, write_file("jpeg.png", jpeg, jpeg_bytes), NULL),
                 STATUS_OK, NULL);
    CU_ASSERT_EQUAL(image.width, 1);
    rgb_image_end(&image);
    check_status(picture_file_read(&image, write_file("png.jpg", png, sizeof png), NULL), STATUS_OK,
                 NULL);
    CU_ASSERT(image.pixels != NULL && image.pixels[0] == 200 && image.pixels[2] == 200);
    rgb_image_end(&image);
    free(jpeg);
}

static void what_is_no_picture_is_told(void)
{
    struct rgb_image image;
    check_status(picture_file_read(&image, write_file("empty.jpg", "", 0), NULL), STATUS_CORRUPT,
                 "empty.jpg: empty");
    check_status(picture_file_read(&image, write_file("text.jpg", "hello", 5), NULL),
                 STATUS_CORRUPT, "text.jpg: neither");
    check_status(picture_file_read(&image, write_file("start.jpg", "\xff\xd8", 2), NULL),
                 STATUS_CORRUPT, "start.jpg");
    CU_ASSERT_PTR_NULL(image.pixels);
}

static void what_is_no_file_is_told(void)
{
    uint8_t *bytes = NULL;
    size_t byte_count = 0;
    check_status(
        file_read(&bytes, &byte_count, check_scratch("absent.jpg"), PICTURE_FILE_BYTES_MAX),
        STATUS_NOT_FOUND, "absent.jpg");
    check_status(file_read(&bytes, &byte_count, check_scratch(""), PICTURE_FILE_BYTES_MAX),
                 STATUS_INVALID, "not a regular file");
    const char *pipe = check_scratch("pipe.jpg");
    CU_ASSERT_EQUAL(mkfifo(pipe, 0600), 0);
    check_status(file_read(&bytes, &byte_count, pipe, PICTURE_FILE_BYTES_MAX), STATUS_INVALID,
                 "not a regular file");
    CU_ASSERT_PTR_NULL(bytes);
}

static void large_files_are_not_read(void)
{
    uint8_t *bytes = NULL;
    size_t byte_count = 0;
    const char *path = write_file("large.jpg", "", 0);
    CU_ASSERT_EQUAL(truncate(path, (off_t)PICTURE_FILE_BYTES_MAX + 1), 0);
    check_status(file_read(&bytes, &byte_count, path, PICTURE_FILE_BYTES_MAX), STATUS_INVALID,
                 "large.jpg");
    CU_ASSERT_PTR_NULL(bytes);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "content decides, not the name", content_decides_not_the_name },
        { "no picture", what_is_no_picture_is_told },
        { "no file", what_is_no_file_is_told },
        { "large files are not read", large_files_are_not_read },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "picture_file", cases);
}
