#include "storage/kmeans_store.h"

#include "storage/hdf5_file.h"

static enum status write_arrays(hid_t file, const struct kmeans_fit *fit)
{
    const struct hdf5_packing packing = { 0 };
    const hsize_t centroids[2] = { fit->clusters, fit->width };
    const hsize_t inertia[1] = { fit->iterations }, occupancy[1] = { fit->clusters };
    enum status outcome = hdf5_write(file, "centroids", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, 2,
                                     centroids, &packing, fit->centroids);
    if (outcome == STATUS_OK)
        outcome = hdf5_write(file, "inertia", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, 1, inertia,
                             &packing, fit->inertia);
    if (outcome == STATUS_OK)
        outcome = hdf5_write(file, "occupancy", H5T_STD_U64LE, H5T_NATIVE_UINT64, 1, occupancy,
                             &packing, fit->occupancy);
    return outcome;
}

static enum status write_settings(hid_t file, const struct kmeans_fit *fit)
{
    const struct {
        const char *name;
        uint64_t number;
    } numbers[] = {
        { "format_version", 1 },
        { "captions", fit->captions },
        { "frames", fit->frames },
        { "seed", fit->seed },
        { "reseeded_clusters", fit->reseeded },
        { "has_converged", fit->has_converged },
    };
    enum status outcome = hdf5_put_text(file, "format", "unitmill kmeans");
    if (outcome == STATUS_OK)
        outcome = hdf5_put_text(file, "recipe_digest", fit->recipe);
    if (outcome == STATUS_OK)
        outcome = hdf5_put_text(file, "unitmill_version", UNITMILL_VERSION);
    for (size_t n = 0; n < sizeof numbers / sizeof numbers[0] && outcome == STATUS_OK; n++)
        outcome = hdf5_put_number(file, numbers[n].name, numbers[n].number);
    return outcome;
}

enum status kmeans_store_write(const char *path, const struct kmeans_fit *fit)
{
    hid_t file;
    enum status outcome = hdf5_image_create(&file);
    if (outcome != STATUS_OK)
        return outcome;
    outcome = write_arrays(file, fit);
    if (outcome == STATUS_OK)
        outcome = write_settings(file, fit);
    if (outcome == STATUS_OK)
        return hdf5_image_publish(file, path);
    H5Fclose(file);
    return status_fail(outcome, "%s: %s", path, status_text());
}

enum status kmeans_store_read_origin(struct kmeans_origin *origin, const char *path)
{
    hid_t file;
    *origin = (struct kmeans_origin){ 0 };
    enum status outcome = hdf5_open_sealed(&file, path);
    if (outcome != STATUS_OK)
        return outcome;
    outcome = hdf5_get_text(origin->recipe, sizeof origin->recipe, file, "recipe_digest");
    if (outcome == STATUS_OK)
        outcome = hdf5_get_number(&origin->captions, file, "captions");
    H5Fclose(file);
    return outcome == STATUS_OK ? outcome : status_fail(outcome, "%s: %s", path, status_text());
}
