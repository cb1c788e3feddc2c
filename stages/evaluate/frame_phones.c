#include "stages/evaluate/frame_phones.h"

#include "tokenizers/speech/hubert.h"
#include "tokenizers/speech/mfcc.h"

#include <string.h>

static size_t middle_sample(size_t frame)
{
    const size_t chunk_frames = mfcc_frame_count(HUBERT_CHUNK_SAMPLES);
    return frame / chunk_frames * HUBERT_CHUNK_SAMPLES + frame % chunk_frames * MFCC_STEP_SAMPLES +
           MFCC_FRAME_SAMPLES / 2;
}

static enum status place(size_t *number, struct name_list *names, const char *phone, size_t length)
{
    return phone[0] == '_' ? name_list_place(number, names, "_", 1)
                           : name_list_place(number, names, phone, length);
}

enum status frame_phones_write(uint16_t *classes, size_t frames, struct name_list *names,
                               const char *phones, const uint32_t *starts, size_t count)
{
    size_t number = 0, frame = 0;
    enum status outcome = name_list_place(&number, names, "_", 1);
    for (size_t p = 0; p < count && outcome == STATUS_OK; p++) {
        const size_t length = strcspn(phones, " ");
        if (length == 0)
            return status_fail(STATUS_CORRUPT, "%zu starts of phones, %zu names", count, p);
        for (; frame < frames && middle_sample(frame) < starts[p]; frame++)
            classes[frame] = (uint16_t)number;
        outcome = place(&number, names, phones, length);
        phones += length + (phones[length] == ' ');
    }
    if (outcome == STATUS_OK && phones[0] != '\0')
        outcome = status_fail(STATUS_CORRUPT, "%zu starts of phones, more names", count);
    for (; frame < frames; frame++)
        classes[frame] = (uint16_t)number;
    return outcome;
}
