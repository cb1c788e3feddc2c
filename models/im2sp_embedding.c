#include "models/im2sp_embedding.h"

#include "models/im2sp_net.h"

#include <math.h>

void im2sp_embedding_scale(float *out, const float *embedding, size_t E)
{
    double square = 0.0;
    for (size_t e = 0; e < E; e++)
        square += (double)embedding[e] * (double)embedding[e];
    const double scale = square > 0.0 ? sqrt((double)E / square) : 0.0;
    for (size_t e = 0; e < E; e++)
        out[e] = (float)((double)embedding[e] * scale);
}

enum status im2sp_encode_embeddings(float *const *pictures, struct im2sp *net,
                                    const float *embeddings, size_t count)
{
    const size_t E = net->config.encoder.width;
    if (net->config.input != IM2SP_EMBEDDINGS)
        return status_fail(STATUS_INVALID, "this model sees no image embeddings");
    for (size_t i = 0; i < count * E; i++)
        if (!isfinite(embeddings[i]))
            return status_fail(STATUS_INVALID, "an image embedding has a value that is not finite");
    for (size_t first = 0; first < count; first += net->pass_pictures) {
        const size_t left = count - first;
        const size_t part = left < net->pass_pictures ? left : net->pass_pictures;
        for (size_t p = 0; p < part; p++)
            im2sp_embedding_scale(net->stream + p * E, embeddings + (first + p) * E, E);
        im2sp_prepare_pictures(pictures, net, first, part);
    }
    return STATUS_OK;
}
