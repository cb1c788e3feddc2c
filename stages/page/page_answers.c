#include "stages/page/page_answers.h"

#include "training/contrastive_net.h"
#include "training/contrastive_split.h"
#include "training/split_records.h"

#include <stdlib.h>

struct page_answers {
    struct team alone; /* the page is one rank's work */
    struct contrastive_net net;
    struct split_records records;
    struct contrastive_split split;
    struct retrieval_figures figures;
};

static enum status embed(struct page_answers *answers, const struct page_question *question)
{
    struct tape *tape = NULL;
    struct retrieval_figures back;
    enum status outcome = tape_create(&tape, question->memory_bytes);
    if (outcome == STATUS_OK) {
        const struct objective_validation validation = { .store = question->store,
                                                         .records = answers->records.records,
                                                         .count = answers->records.count,
                                                         .tape = tape };
        outcome = contrastive_split_encode(&answers->split, answers->net.objective.self,
                                           &answers->alone, &validation);
    }
    const struct retrieval_set set = contrastive_split_set(&answers->split);
    if (outcome == STATUS_OK)
        outcome = retrieval_measure(&answers->figures, &back, &answers->alone, &set);
    tape_destroy(tape);
    return outcome;
}

static enum status make(struct page_answers *answers, const struct page_question *question)
{
    enum status outcome = team_begin(&answers->alone, MPI_COMM_SELF);
    if (outcome == STATUS_OK)
        outcome = contrastive_net_open(&answers->net, question->weights, question->store,
                                       &question->image_codes);
    if (outcome != STATUS_OK)
        return outcome;
    const bool by_features = answers->net.objective.store_parts & STORE_BATCH_FEATURES;
    const struct split_choice choice = { question->split, NULL, by_features };
    outcome = split_records_read(&answers->records, question->store, &choice);
    return outcome == STATUS_OK && answers->records.count > 0 ? embed(answers, question) : outcome;
}

enum status page_answers_make(struct page_answers **out, const struct page_question *question)
{
    *out = calloc(1, sizeof **out);
    if (*out == NULL)
        return status_fail(STATUS_NO_MEMORY, "answers");
    const enum status outcome = make(*out, question);
    if (outcome != STATUS_OK) {
        page_answers_end(*out);
        *out = NULL;
    }
    return outcome;
}

void page_answers_end(struct page_answers *answers)
{
    if (answers == NULL)
        return;
    contrastive_split_end(&answers->split);
    split_records_end(&answers->records);
    contrastive_net_close(&answers->net);
    team_end(&answers->alone);
    free(answers);
}

const struct retrieval_figures *page_answers_figures(const struct page_answers *answers)
{
    return &answers->figures;
}

size_t page_answers_pictures(const struct page_answers *answers)
{
    return answers->split.picture_count;
}

static int by_row(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

enum status page_answers_ask(uint64_t *nearest, bool *right, size_t *count, size_t *rank,
                             const struct page_answers *answers, uint64_t row)
{
    const struct contrastive_split *split = &answers->split;
    const struct retrieval_set set = contrastive_split_set(split);
    const uint64_t *found =
        bsearch(&row, answers->records.records, answers->records.count, sizeof row, by_row);
    uint32_t *pictures = malloc((*count + 1) * sizeof *pictures);
    enum status outcome = STATUS_OK;
    if (pictures == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "%zu answers", *count);
    if (outcome != STATUS_OK || found == NULL)
        *count = 0;
    else {
        const size_t caption = (size_t)(found - answers->records.records);
        outcome = retrieval_ask(pictures, count, rank, &set, caption);
        for (size_t n = 0; n < *count && outcome == STATUS_OK; n++) {
            nearest[n] = split->picture_records[pictures[n]];
            right[n] = pictures[n] == split->pictures[caption];
        }
    }
    free(pictures);
    return outcome;
}
