#include "storage/array_file.h"

#include "core/file.h"
#include "storage/hdf5_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct array_file {
    hid_t file, group;
    char path[PATH_BYTES], partial[PATH_BYTES];
};

enum status array_file_create(struct array_file **out, const char *path)
{
    *out = NULL;
    if (strlen(path) + sizeof ".partial" > PATH_BYTES)
        return status_fail(STATUS_INVALID, "%s: path too long", path);
    struct array_file *file = calloc(1, sizeof *file);
    if (file == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: no memory", path);
    strcpy(file->path, path);
    sprintf(file->partial, "%s.partial", path);
    file->group = H5I_INVALID_HID;
    file->file = H5Fcreate(file->partial, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    if (file->file < 0) {
        const enum status outcome = hdf5_fail(file->partial, "cannot create");
        free(file);
        return outcome;
    }
    *out = file;
    return STATUS_OK;
}

static void close_group(struct array_file *file)
{
    if (file->group >= 0)
        H5Gclose(file->group);
    file->group = H5I_INVALID_HID;
}

enum status array_file_open_group(struct array_file *file, const char *name)
{
    close_group(file);
    if (name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL)
        return status_fail(STATUS_INVALID, "%s: \"%s\" cannot be the name of a group", file->path,
                           name);
    if (H5Lexists(file->file, name, H5P_DEFAULT) > 0)
        return status_fail(STATUS_INVALID, "%s: two inputs are called \"%s\"", file->path, name);
    file->group = H5Gcreate2(file->file, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    return file->group >= 0 ? STATUS_OK : hdf5_fail(name, "cannot create the group");
}

enum status array_file_put(struct array_file *file, const char *name, enum array_type type,
                           int dimension_count, const size_t *dims, const void *values)
{
    hsize_t extent[3] = { 0 };
    for (int d = 0; d < dimension_count; d++)
        extent[d] = dims[d];
    const struct hdf5_packing packing = { 0 };
    return hdf5_write(file->group, name, type == ARRAY_F32 ? H5T_IEEE_F32LE : H5T_STD_U16LE,
                      type == ARRAY_F32 ? H5T_NATIVE_FLOAT : H5T_NATIVE_UINT16, dimension_count,
                      extent, &packing, values);
}

enum status array_file_note(struct array_file *file, const char *name, const char *text)
{
    return hdf5_put_text(file->group, name, text);
}

enum status array_file_commit(struct array_file *file)
{
    close_group(file);
    const herr_t closed = H5Fclose(file->file);
    file->file = H5I_INVALID_HID;
    return closed >= 0 ? file_publish(file->path) : hdf5_fail(file->partial, "cannot close");
}

void array_file_destroy(struct array_file *file)
{
    if (file == NULL)
        return;
    close_group(file);
    if (file->file >= 0)
        H5Fclose(file->file);
    unlink(file->partial);
    free(file);
}
