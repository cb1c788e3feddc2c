/* In place of recogniser.c where pocketsphinx was not there when the program was built. */
#include "recognition/recogniser.h"

enum status recogniser_create(struct recogniser **out, bool *is_unknown,
                              struct language_model *model)
{
    (void)is_unknown;
    (void)model;
    *out = NULL;
    return status_fail(STATUS_NOT_FOUND,
                       "no recogniser: install libpocketsphinx-dev and pocketsphinx-en-us, then "
                       "configure and build unitmill again");
}

void recogniser_destroy(struct recogniser *recogniser)
{
    (void)recogniser;
}

enum status recogniser_hear(char **text, struct recogniser *recogniser, const float *samples,
                            size_t sample_count)
{
    (void)recogniser;
    (void)samples;
    (void)sample_count;
    *text = NULL;
    return status_fail(STATUS_NOT_FOUND, "no recogniser");
}
