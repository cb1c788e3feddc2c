#include "stages/pack/pack.h"

#include "core/log.h"
#include "stages/pack/pack_rejects.h"
#include "stages/pack/pack_table.h"
#include "stages/shipped_nets.h"
#include "storage/seal.h"
#include "storage/store_reader.h"
#include "tts/espeak_voice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What an attribute may hold: HDF5 has 64 KiB for it with its name and type. */
enum { NOTE_BYTES_MAX = 60000 };

static enum status note_numbers(struct store_writer *writer, const struct pack_scan *scan)
{
    const int64_t *maxima = scan->maxima;
    const struct {
        const char *place, *name;
        int64_t number;
    } notes[] = {
        { "/", "format_version", STORE_FORMAT_VERSION },
        { "/speech/units", "codebook", maxima[PACK_SPEECH_CODEBOOK] },
        { "/images/units", "codebook", maxima[PACK_IMAGE_CODEBOOK] },
        { "/images/units", "grid_rows", maxima[PACK_GRID_ROWS] },
        { "/images/units", "grid_columns", maxima[PACK_GRID_COLUMNS] },
    };
    enum status outcome = STATUS_OK;
    for (size_t n = 0; n < sizeof notes / sizeof notes[0] && outcome == STATUS_OK; n++)
        outcome = store_writer_note_number(writer, notes[n].place, notes[n].name,
                                           (uint64_t)notes[n].number);
    return outcome;
}

/* Of the centres that the plan names, or that fit-units made. */
static enum status take_kmeans_digest(char digest[DIGEST_TEXT_BYTES], const struct run *run)
{
    char path[PATH_BYTES];
    digest[0] = '\0';
    if (!plan_fits_units(&run->plan))
        return digest_file(digest, run->plan.speech_units.kmeans);
    const enum status outcome = run_path(path, run, "kmeans.h5");
    return outcome == STATUS_OK && file_exists(path) ? digest_file(digest, path) : outcome;
}

/* An attribute, or a dataset of one text where it is too long for that. */
static enum status write_plan(struct store_writer *writer, const struct run *run,
                              const char *plan_text)
{
    const size_t bytes = strlen(plan_text);
    if (bytes <= NOTE_BYTES_MAX)
        return store_writer_note_text(writer, "/provenance", "plan", plan_text);
    const struct store_dataset dataset = {
        "/provenance/plan", COLUMN_TEXT,         .rows = 1,
        .width = bytes,     .is_deflated = true, .meaning = "the frozen plan, as YAML"
    };
    struct pack_rows rows[PACK_DATASETS_MAX] = { { 0 } };
    enum status outcome = STATUS_OK;
    if (!pack_rows_allocate(&rows[0], &dataset, 0, run->team->rank == 0))
        outcome = status_fail(STATUS_NO_MEMORY, "pack: provenance");
    else if (run->team->rank == 0)
        pack_rows_set_text(&rows[0], &dataset, 0, plan_text);
    outcome = team_agree(run->team, "fill plan", outcome);
    return pack_rows_write(rows, &dataset, 1, writer, outcome);
}

static enum status note_texts(struct store_writer *writer, const struct pack_scan *scan,
                              const struct plan *plan, const char *kmeans_digest)
{
    const struct {
        const char *place, *name, *text;
    } notes[] = {
        { "/", "format", store_format_name },
        { "/", "recipe_digest", scan->recipe },
        { "/provenance", "unitmill_version", UNITMILL_VERSION },
        { "/provenance", "espeak_ng_version", espeak_voice_library_version() },
        { "/provenance", "manifest_digest", plan->digests.manifest },
        { "/provenance", "hubert_digest", plan->digests.hubert },
        { "/provenance", "kmeans_digest", kmeans_digest },
        { "/provenance", "vit_vqgan_digest", plan->digests.vit_vqgan },
        { "/provenance", "clip_digest", plan->digests.clip },
    };
    enum status outcome = STATUS_OK;
    for (size_t n = 0; n < sizeof notes / sizeof notes[0] && outcome == STATUS_OK; n++)
        if (notes[n].text != NULL)
            outcome = store_writer_note_text(writer, notes[n].place, notes[n].name, notes[n].text);
    return outcome;
}

static enum status note_provenance(struct store_writer *writer, const struct pack_scan *scan,
                                   const struct run *run)
{
    char *plan_text = NULL, kmeans_digest[DIGEST_TEXT_BYTES];
    size_t bytes = 0;
    FILE *stream = open_memstream(&plan_text, &bytes);
    enum status outcome = STATUS_OK;
    if (stream == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "pack: provenance");
    else {
        shipped_nets_write_plan(stream, &run->plan);
        fclose(stream);
    }
    if (outcome == STATUS_OK)
        outcome = take_kmeans_digest(kmeans_digest, run);
    outcome = team_agree(run->team, "write provenance", outcome);
    if (outcome == STATUS_OK)
        outcome = write_plan(writer, run, plan_text);
    if (outcome == STATUS_OK)
        outcome = note_texts(writer, scan, &run->plan, kmeans_digest);
    if (outcome == STATUS_OK)
        outcome = note_numbers(writer, scan);
    free(plan_text);
    return outcome;
}

static enum status fill_store(struct store_writer *writer, struct pack_scan *scan,
                              const struct run *run, const struct store_options *options)
{
    static const char *const groups[] = { "/captions", "/speech", "/images", "/rejects",
                                          "/provenance" };
    struct pack_source source = { .scan = scan, .run = run };
    struct pack_table table;
    enum status outcome = STATUS_OK;
    for (size_t g = 0; g < sizeof groups / sizeof groups[0] && outcome == STATUS_OK; g++)
        outcome = store_writer_add_group(writer, groups[g]);
    if (outcome == STATUS_OK) {
        pack_speech_table(&table, &source);
        outcome = pack_table_write(&table, writer, run->team, options);
    }
    if (outcome == STATUS_OK) {
        pack_image_table(&table, &source);
        outcome = pack_table_write(&table, writer, run->team, options);
    }
    if (outcome == STATUS_OK)
        outcome = pack_duplicates_write(writer, scan, run);
    if (outcome == STATUS_OK)
        outcome = pack_rejects_write(writer, scan, run);
    if (outcome == STATUS_OK)
        outcome = note_provenance(writer, scan, run);
    return outcome;
}

static enum status write_store(struct pack_scan *scan, const struct run *run, const char *path)
{
    struct store_writer *writer = NULL;
    const struct store_options options = { .path = path,
                                           .chunk_bytes = run->plan.pack.chunk_bytes,
                                           .deflate_level = (int)run->plan.pack.deflate_level };
    enum status outcome = store_writer_create(&writer, run->team, &options);
    if (outcome == STATUS_OK)
        outcome = fill_store(writer, scan, run, &options);
    if (outcome == STATUS_OK)
        outcome = store_writer_commit(writer);
    store_writer_destroy(writer);
    return outcome;
}

/* Collective. True where the store is there, whole, and what the shards give. */
static bool is_packed(const struct pack_scan *scan, const struct run *run, const char *path)
{
    const enum status outcome = seal_check_store(run->team, path);
    if (outcome == STATUS_OK)
        return team_any(run->team, run->team->rank == 0 && store_is_made_by(path, scan->recipe));
    if (outcome != STATUS_NOT_FOUND && run->team->rank == 0)
        log_event("redo", "reason=\"%s\"", status_text());
    return false;
}

enum status pack_run(const struct run *run)
{
    struct pack_scan scan;
    char path[PATH_BYTES];
    enum status outcome = team_agree(run->team, "name store", run_path(path, run, "store.h5"));
    if (outcome == STATUS_OK)
        outcome = pack_scan_begin(&scan, run);
    if (outcome != STATUS_OK)
        return outcome;
    if (!is_packed(&scan, run, path))
        outcome = write_store(&scan, run, path);
    if (outcome == STATUS_OK && run->team->rank == 0)
        log_event("done", "captions=%lld images=%lld duplicates=%zu store=%s bytes=%llu",
                  (long long)scan.first_caption[scan.caption_shards],
                  (long long)scan.first_image[scan.image_shards], scan.duplicates, path,
                  (unsigned long long)file_bytes(path));
    pack_scan_end(&scan);
    return outcome;
}
