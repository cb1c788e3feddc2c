#include "training/batch_loader.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct batch_loader {
    struct store_batch_reader *readers[2]; /* used in turn; or */
    const struct record_source *source;    /* slots 0 and 1 in turn */
    size_t turn;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool has_thread, is_asked, is_done, is_ending; /* guarded by the mutex */

    /* The request: the thread's while is_asked and not is_done, else the caller's. */
    uint64_t *records;
    size_t count;
    struct store_batch batch;
    const void *data;
    enum status outcome;
    char text[STATUS_TEXT_BYTES];

    const void *taken; /* `data` of the batch that was taken last */
};

static void read_request(struct batch_loader *loader)
{
    if (loader->source != NULL) {
        loader->batch = (struct store_batch){ .count = loader->count };
        loader->outcome = loader->source->read(&loader->data, loader->source->self, loader->turn,
                                               loader->records, loader->count);
    } else
        loader->outcome = store_batch_read(&loader->batch, loader->readers[loader->turn],
                                           loader->records, loader->count);
    if (loader->outcome != STATUS_OK)
        snprintf(loader->text, sizeof loader->text, "%s", status_text());
}

static void *serve(void *self)
{
    struct batch_loader *loader = self;
    pthread_mutex_lock(&loader->mutex);
    while (!loader->is_ending) {
        if (loader->is_asked && !loader->is_done) {
            pthread_mutex_unlock(&loader->mutex);
            read_request(loader);
            pthread_mutex_lock(&loader->mutex);
            loader->is_done = true;
            pthread_cond_broadcast(&loader->changed);
        } else
            pthread_cond_wait(&loader->changed, &loader->mutex);
    }
    pthread_mutex_unlock(&loader->mutex);
    return NULL;
}

static enum status begin(struct batch_loader **loader, const char *name)
{
    *loader = calloc(1, sizeof **loader);
    if (*loader == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: no memory", name);
    pthread_mutex_init(&(*loader)->mutex, NULL);
    pthread_cond_init(&(*loader)->changed, NULL);
    return STATUS_OK;
}

/* Ends the loader where something failed. */
static enum status start(struct batch_loader **loader, enum status outcome, const char *name)
{
    struct batch_loader *made = *loader;
    if (outcome == STATUS_OK) {
        made->has_thread = pthread_create(&made->thread, NULL, serve, made) == 0;
        if (!made->has_thread)
            outcome = status_fail(STATUS_NO_MEMORY, "%s: no thread to read it", name);
    }
    if (outcome != STATUS_OK) {
        batch_loader_close(made);
        *loader = NULL;
    }
    return outcome;
}

enum status batch_loader_open(struct batch_loader **loader, const char *path,
                              const struct store_batch_options *options)
{
    enum status outcome = begin(loader, path);
    for (size_t r = 0; r < 2 && outcome == STATUS_OK; r++)
        outcome = store_batch_open(&(*loader)->readers[r], path, options);
    return start(loader, outcome, path);
}

enum status batch_loader_open_source(struct batch_loader **loader,
                                     const struct record_source *source)
{
    const enum status outcome = begin(loader, source->item);
    if (outcome == STATUS_OK)
        (*loader)->source = source;
    return start(loader, outcome, source->item);
}

enum status batch_loader_request(struct batch_loader *loader, const uint64_t *records, size_t count)
{
    uint64_t *copy = realloc(loader->records, (count + 1) * sizeof *copy);
    if (copy == NULL)
        return status_fail(STATUS_NO_MEMORY, "a batch of %zu records", count);
    if (count > 0)
        memcpy(copy, records, count * sizeof *copy);
    pthread_mutex_lock(&loader->mutex);
    loader->records = copy;
    loader->count = count;
    loader->is_asked = true;
    loader->is_done = false;
    pthread_cond_broadcast(&loader->changed);
    pthread_mutex_unlock(&loader->mutex);
    return STATUS_OK;
}

void batch_loader_wait(struct batch_loader *loader)
{
    pthread_mutex_lock(&loader->mutex);
    while (loader->is_asked && !loader->is_done)
        pthread_cond_wait(&loader->changed, &loader->mutex);
    pthread_mutex_unlock(&loader->mutex);
}

enum status batch_loader_take(struct store_batch *batch, struct batch_loader *loader)
{
    batch_loader_wait(loader);
    pthread_mutex_lock(&loader->mutex);
    *batch = loader->batch;
    loader->taken = loader->data;
    loader->is_asked = false;
    loader->turn = 1 - loader->turn;
    pthread_mutex_unlock(&loader->mutex);
    return loader->outcome == STATUS_OK ? STATUS_OK
                                        : status_fail(loader->outcome, "%s", loader->text);
}

const void *batch_loader_data(const struct batch_loader *loader)
{
    return loader->taken;
}

const struct store_batch_shape *batch_loader_shape(const struct batch_loader *loader)
{
    return store_batch_shape(loader->readers[0]);
}

void batch_loader_close(struct batch_loader *loader)
{
    if (loader == NULL)
        return;
    if (loader->has_thread) {
        pthread_mutex_lock(&loader->mutex);
        loader->is_ending = true;
        pthread_cond_broadcast(&loader->changed);
        pthread_mutex_unlock(&loader->mutex);
        pthread_join(loader->thread, NULL);
    }
    store_batch_close(loader->readers[0]);
    store_batch_close(loader->readers[1]);
    pthread_cond_destroy(&loader->changed);
    pthread_mutex_destroy(&loader->mutex);
    free(loader->records);
    free(loader);
}
