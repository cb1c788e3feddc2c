#include "models/generation_beams.h"

#include "models/generation_choice.h"

#include <math.h>
#include <string.h>

/* How a beam may go on. */
struct continuation {
    size_t beam;
    uint16_t id;
    float score;
};

/* The best 2 `wanted` continuations, best first, the lowest beam and id of equals; returns how many
 * there are. Twice, because up to half of them may be ends. */
static size_t find_continuations(struct continuation *best, size_t wanted,
                                 const struct generation_beams *beams, const float *logits,
                                 size_t V)
{
    size_t count = 0;
    for (size_t b = 0; b < beams->beam_count; b++) {
        const float *row = logits + b * V;
        const float log_sum = (float)generation_log_sum(row, V);
        for (size_t v = 0; v < V; v++) {
            const struct continuation found = { b, (uint16_t)v,
                                                row[v] - log_sum + beams->beams[b].score };
            size_t place = count;
            while (place > 0 && found.score > best[place - 1].score)
                place--;
            if (place == 2 * wanted)
                continue;
            count += count < 2 * wanted;
            memmove(best + place + 1, best + place, (count - 1 - place) * sizeof *best);
            best[place] = found;
        }
    }
    return count;
}

/* Keeps a sequence among the ended ones, of which there may be options->beams: the worst goes, the
 * first of equals. `sum`: of log p, with the end. */
static void end_sequence(struct generation_beams *beams, const struct generation_options *options,
                         const uint16_t *ids, float sum, bool is_cut)
{
    struct generation_hypothesis *last = &beams->ended[beams->ended_count];
    last->count = beams->length;
    last->score = sum / (float)pow((double)last->count, options->length_penalty);
    last->is_cut = is_cut;
    memcpy(last->ids, ids, last->count * sizeof *ids);
    if (beams->ended_count < options->beams) {
        beams->ended_count++;
        return;
    }
    size_t worst = 0;
    for (size_t e = 1; e < beams->ended_count; e++)
        if (beams->ended[e].score < beams->ended[worst].score)
            worst = e;
    if (last->score <= beams->ended[worst].score)
        return;
    const struct generation_hypothesis dropped = beams->ended[worst];
    memmove(&beams->ended[worst], &beams->ended[worst + 1],
            (beams->ended_count - worst) * sizeof dropped);
    beams->ended[beams->ended_count] = dropped;
}

/* Makes the beams those of `next`. The first child of a beam takes its buffers over; others copy
 * them into buffers that nobody goes on with. */
static void move_on(struct generation_beams *beams, const struct im2sp *net,
                    const struct generation_options *options, const struct continuation *next,
                    size_t count)
{
    struct generation_beam before[GENERATION_BEAMS_MAX];
    bool has_child[GENERATION_BEAMS_MAX] = { false };
    bool is_first[GENERATION_BEAMS_MAX];
    memcpy(before, beams->beams, sizeof before);
    for (size_t n = 0; n < count; n++) {
        is_first[n] = !has_child[next[n].beam];
        has_child[next[n].beam] = true;
    }
    size_t spare = 0;
    for (size_t n = 0; n < count; n++) {
        const struct generation_beam *parent = &before[next[n].beam];
        struct generation_beam *beam = &beams->beams[n];
        *beam = *parent;
        if (!is_first[n]) {
            while (has_child[spare])
                spare++;
            *beam = before[spare++];
            memcpy(beam->ids, parent->ids, beams->length * sizeof *beam->ids);
            im2sp_copy_cache(beam->cache, parent->cache, net, beams->length, options->length_max);
        }
        beam->score = next[n].score;
        beam->ids[beams->length] = next[n].id;
    }
    /* The buffers of beams that are not grown yet, or no more. */
    for (size_t n = count; n < options->beams; n++) {
        while (has_child[spare])
            spare++;
        beams->beams[n] = before[spare++];
    }
    beams->beam_count = count;
    beams->length++;
}

bool generation_beams_grow(struct generation_beams *beams, const struct im2sp *net,
                           const struct generation_options *options, const float *logits)
{
    struct continuation best[2 * GENERATION_BEAMS_MAX + 1], next[GENERATION_BEAMS_MAX];
    const size_t V = im2sp_sizes(net)->vocabulary;
    const size_t found = find_continuations(best, options->beams, beams, logits, V);
    size_t count = 0;
    for (size_t c = 0; c < found && count < options->beams; c++) {
        if (best[c].id != UNIT_ID_END)
            next[count++] = best[c];
        else if (c < options->beams)
            end_sequence(beams, options, beams->beams[best[c].beam].ids, best[c].score, false);
    }
    if (beams->ended_count >= options->beams)
        return true;
    move_on(beams, net, options, next, count);
    if (beams->length < options->length_max)
        return false;
    for (size_t b = 0; b < beams->beam_count; b++)
        end_sequence(beams, options, beams->beams[b].ids, beams->beams[b].score, true);
    return true;
}

void generation_beams_rank(struct generation_beams *beams)
{
    for (size_t e = 1; e < beams->ended_count; e++) {
        const struct generation_hypothesis found = beams->ended[e];
        size_t place = e;
        for (; place > 0 && found.score >= beams->ended[place - 1].score; place--)
            beams->ended[place] = beams->ended[place - 1];
        beams->ended[place] = found;
    }
}
