#include "training/batch_order.h"

#include "cluster/slices.h"
#include "core/random.h"

#include <stdlib.h>
#include <string.h>

struct batch_order {
    uint64_t *records, *shuffled; /* [count], one allocation */
    size_t count, batch_records;
    uint64_t seed;
    size_t epoch; /* of `shuffled` */
};

static void shuffle(struct batch_order *order, size_t epoch)
{
    struct random_stream stream = random_stream_numbered(order->seed, epoch, "epoch");
    memcpy(order->shuffled, order->records, order->count * sizeof *order->records);
    for (size_t i = order->count; i > 1; i--) { /* Fisher and Yates */
        const size_t j = (size_t)(random_uniform(&stream) * (double)i);
        const uint64_t kept = order->shuffled[i - 1];
        order->shuffled[i - 1] = order->shuffled[j];
        order->shuffled[j] = kept;
    }
    order->epoch = epoch;
}

enum status batch_order_create(struct batch_order **order, const uint64_t *records, size_t count,
                               size_t batch_records, uint64_t seed)
{
    *order = NULL;
    if (batch_records == 0 || count < batch_records)
        return status_fail(STATUS_INVALID, "a batch of %zu records, but the split has %zu",
                           batch_records, count);
    struct batch_order *made = calloc(1, sizeof *made);
    uint64_t *both = malloc(2 * count * sizeof *both);
    if (made == NULL || both == NULL) {
        free(made);
        free(both);
        return status_fail(STATUS_NO_MEMORY, "the order of %zu records", count);
    }
    memcpy(both, records, count * sizeof *both);
    *made = (struct batch_order){ .records = both,
                                  .shuffled = both + count,
                                  .count = count,
                                  .batch_records = batch_records,
                                  .seed = seed };
    shuffle(made, 0);
    *order = made;
    return STATUS_OK;
}

size_t batch_order_epoch_steps(const struct batch_order *order)
{
    return order->count / order->batch_records;
}

const uint64_t *batch_order_records(struct batch_order *order, size_t step)
{
    const size_t steps = batch_order_epoch_steps(order);
    if (order->epoch != step / steps)
        shuffle(order, step / steps);
    return order->shuffled + step % steps * order->batch_records;
}

void batch_order_destroy(struct batch_order *order)
{
    if (order == NULL)
        return;
    free(order->records);
    free(order);
}

struct dealt {
    uint64_t record;
    uint32_t length;
};

static int by_length(const void *a, const void *b)
{
    const struct dealt *x = a, *y = b;
    if (x->length != y->length)
        return x->length > y->length ? -1 : 1;
    return x->record < y->record ? -1 : x->record > y->record;
}

enum status batch_deal(uint64_t *records, uint32_t *lengths, size_t count, int size)
{
    struct dealt *sorted = malloc((count + 1) * sizeof *sorted);
    size_t *taken = calloc((size_t)size, sizeof *taken);
    if (sorted == NULL || taken == NULL) {
        free(sorted);
        free(taken);
        return status_fail(STATUS_NO_MEMORY, "a batch of %zu records", count);
    }
    for (size_t i = 0; i < count; i++)
        sorted[i] = (struct dealt){ records[i], lengths[i] };
    qsort(sorted, count, sizeof *sorted, by_length);
    const size_t W = (size_t)size;
    for (size_t i = 0, turn = 0; i < count; turn++) {
        const size_t place = turn % W;
        const int rank = (int)(turn / W % 2 == 0 ? place : W - 1 - place);
        const struct slice slice = slice_of(count, rank, size);
        if (taken[rank] == slice.count)
            continue;
        const size_t at = slice.first + taken[rank]++;
        records[at] = sorted[i].record;
        lengths[at] = sorted[i++].length;
    }
    free(sorted);
    free(taken);
    return STATUS_OK;
}
