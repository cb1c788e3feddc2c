#include "training/contrastive_inside.h"
#include "training/contrastive_split.h"

static void list_figures(struct objective_metrics *metrics,
                         const struct retrieval_figures *to_image,
                         const struct retrieval_figures *to_speech)
{
    *metrics = (struct objective_metrics){
        .metrics = { { "speech_to_image_recall_at_10", to_image->recall_at_10, true },
                     { "speech_to_image_recall_at_5", to_image->recall_at_5, true },
                     { "speech_to_image_recall_at_1", to_image->recall_at_1, true },
                     { "speech_to_image_median_rank", to_image->median_rank, false },
                     { "image_to_speech_recall_at_10", to_speech->recall_at_10, true },
                     { "image_to_speech_recall_at_5", to_speech->recall_at_5, true },
                     { "image_to_speech_recall_at_1", to_speech->recall_at_1, true },
                     { "image_to_speech_median_rank", to_speech->median_rank, false },
                     { "captions", (double)to_image->queries, false },
                     { "pictures", (double)to_speech->queries, false } },
        .count = 10
    };
}

enum status contrastive_validate(struct objective_metrics *metrics, void *contrastive,
                                 const struct team *team,
                                 const struct objective_validation *validation)
{
    struct retrieval_figures to_image, to_speech;
    struct contrastive_split split;
    enum status outcome = contrastive_split_encode(&split, contrastive, team, validation);
    const struct retrieval_set set = contrastive_split_set(&split);
    if (outcome == STATUS_OK)
        outcome = retrieval_measure(&to_image, &to_speech, team, &set);
    if (outcome == STATUS_OK)
        list_figures(metrics, &to_image, &to_speech);
    contrastive_split_end(&split);
    return outcome;
}
