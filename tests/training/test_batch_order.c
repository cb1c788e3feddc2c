/* The order of training: the same for any number of ranks, every record once an epoch, another one
 * in every epoch; a batch dealt out so that ranks get about the same length. */
#include "cluster/slices.h"
#include "tests/support/check.h"
#include "training/batch_order.h"

#include <string.h>

enum { RECORDS = 103, BATCH = 10, EPOCH_STEPS = 10 };

static uint64_t records[RECORDS];

static struct batch_order *new_order(uint64_t seed)
{
    struct batch_order *order = NULL;
    for (size_t r = 0; r < RECORDS; r++)
        records[r] = 3 * r + 5;
    check_status(batch_order_create(&order, records, RECORDS, BATCH, seed), STATUS_OK, NULL);
    return order;
}

static void an_epoch_has_every_record_once_at_most(void)
{
    struct batch_order *order = new_order(7);
    CU_ASSERT_EQUAL(batch_order_epoch_steps(order), EPOCH_STEPS);
    for (size_t epoch = 0; epoch < 3; epoch++) {
        unsigned seen[3 * RECORDS + 5] = { 0 };
        for (size_t step = 0; step < EPOCH_STEPS; step++) {
            const uint64_t *batch = batch_order_records(order, epoch * EPOCH_STEPS + step);
            for (size_t r = 0; r < BATCH; r++) {
                CU_ASSERT(batch[r] >= 5 && (batch[r] - 5) % 3 == 0);
                CU_ASSERT_EQUAL(seen[batch[r]]++, 0);
            }
        }
    }
    batch_order_destroy(order);
}

static void a_step_has_the_same_records_however_it_is_reached(void)
{
    struct batch_order *order = new_order(7), *again = new_order(7);
    uint64_t kept[35][BATCH];
    for (size_t step = 0; step < 35; step++)
        memcpy(kept[step], batch_order_records(order, step), sizeof kept[step]);
    for (size_t step = 35; step-- > 0;)
        CU_ASSERT_EQUAL(memcmp(kept[step], batch_order_records(again, step), sizeof kept[step]), 0);
    batch_order_destroy(order);
    batch_order_destroy(again);
}

static void epochs_and_seeds_differ(void)
{
    struct batch_order *order = new_order(7), *other = new_order(8);
    uint64_t kept[BATCH];
    memcpy(kept, batch_order_records(order, 0), sizeof kept);
    CU_ASSERT_NOT_EQUAL(memcmp(kept, batch_order_records(other, 0), sizeof kept), 0);
    CU_ASSERT_NOT_EQUAL(memcmp(kept, batch_order_records(order, EPOCH_STEPS), sizeof kept), 0);
    CU_ASSERT_NOT_EQUAL(memcmp(kept, records, sizeof kept), 0);
    batch_order_destroy(order);
    batch_order_destroy(other);
}

static void a_batch_may_be_the_split_and_no_larger(void)
{
    struct batch_order *order = NULL;
    check_status(batch_order_create(&order, records, RECORDS, RECORDS + 1, 7), STATUS_INVALID,
                 "a batch of 104 records, but the split has 103");
    CU_ASSERT_PTR_NULL(order);
    check_status(batch_order_create(&order, records, 0, 0, 7), STATUS_INVALID, NULL);
    check_status(batch_order_create(&order, records, RECORDS, RECORDS, 7), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(batch_order_epoch_steps(order), 1);
    batch_order_destroy(order);
    batch_order_destroy(NULL);
}

/* Deals records of lengths that vary, some the same, and looks at what the ranks have. */
static void check_deal(size_t count, int size)
{
    uint64_t dealt[RECORDS];
    uint32_t lengths[RECORDS], longest = 0;
    unsigned seen[RECORDS] = { 0 };
    uint64_t least = UINT64_MAX, most = 0;
    for (size_t r = 0; r < count; r++) {
        dealt[r] = r;
        lengths[r] = (uint32_t)(50 + r * 37 % 60);
        longest = lengths[r] > longest ? lengths[r] : longest;
    }
    check_status(batch_deal(dealt, lengths, count, size), STATUS_OK, NULL);
    for (int rank = 0; rank < size; rank++) {
        const struct slice own = slice_of(count, rank, size);
        uint64_t sum = 0;
        for (size_t r = own.first; r < own.first + own.count; r++) {
            CU_ASSERT_EQUAL(seen[dealt[r]]++, 0);
            CU_ASSERT_EQUAL(lengths[r], 50 + dealt[r] * 37 % 60);
            CU_ASSERT(r == own.first || lengths[r] <= lengths[r - 1]);
            sum += lengths[r];
        }
        least = sum < least ? sum : least;
        most = sum > most ? sum : most;
    }
    const uint64_t slack = count % (size_t)size == 0 ? longest : 2 * (uint64_t)longest;
    CU_ASSERT(most - least <= slack);
}

static void ranks_get_the_same_number_and_about_the_same_length(void)
{
    const size_t counts[] = { 0, 1, 2, 7, 100, 103 };
    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++)
        for (int size = 1; size <= 9; size++)
            check_deal(counts[c], size);
}

static void the_same_records_are_dealt_the_same_in_any_order(void)
{
    uint64_t forth[] = { 1, 2, 3, 4, 5 }, back[] = { 5, 4, 3, 2, 1 };
    uint32_t forth_lengths[] = { 9, 9, 9, 2, 9 }, back_lengths[] = { 9, 2, 9, 9, 9 };
    check_status(batch_deal(forth, forth_lengths, 5, 2), STATUS_OK, NULL);
    check_status(batch_deal(back, back_lengths, 5, 2), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(memcmp(forth, back, sizeof forth), 0);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "an epoch has every record once at most", an_epoch_has_every_record_once_at_most },
        { "a step has the same records however it is reached",
          a_step_has_the_same_records_however_it_is_reached },
        { "epochs and seeds differ", epochs_and_seeds_differ },
        { "a batch may be the split and no larger", a_batch_may_be_the_split_and_no_larger },
        { "ranks get the same number and about the same length",
          ranks_get_the_same_number_and_about_the_same_length },
        { "dealt the same in any order", the_same_records_are_dealt_the_same_in_any_order },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "batch order", cases);
}
