#include "bench/bench_works.h"

#include <string.h>

const struct bench bench_table[] = {
    { "hubert", "captions", bench_hubert_open, bench_hubert_run, bench_hubert_close, { { 0 } } },
    { "vit-vqgan",
      "pictures",
      bench_vit_vqgan_open,
      bench_vit_vqgan_run,
      bench_vit_vqgan_close,
      { { "reading_share", bench_vit_vqgan_read } } },
    { "clip",
      "pictures",
      bench_clip_open,
      bench_clip_run,
      bench_clip_close,
      { { "reading_share", bench_clip_read } } },
    { "kmeans", "frames", bench_kmeans_open, bench_kmeans_run, bench_kmeans_close, { { 0 } } },
    { "speak",
      "captions",
      bench_speak_open,
      bench_speak_run,
      bench_speak_close,
      { { "fraction_of_espeak", bench_speak_alone } } },
    { "im2sp", "captions", bench_im2sp_open, bench_im2sp_run, bench_im2sp_close, { { 0 } } },
    { "vocoder",
      "audio seconds",
      bench_vocoder_open,
      bench_vocoder_run,
      bench_vocoder_close,
      { { 0 } } },
    { "pack",
      "bytes",
      bench_pack_open,
      bench_pack_run,
      bench_pack_close,
      { { "fraction_of_h5dwrite", bench_pack_plain },
        { "fraction_of_unpacked_h5dwrite", bench_pack_unpacked } } },
    { "read",
      "records",
      bench_read_open,
      bench_read_run,
      bench_read_close,
      { { "fraction_of_cached", bench_read_cached }, { "times_h5dread", bench_read_plain } } },
    { "pretrain",
      "captions",
      bench_pretrain_open,
      bench_pretrain_run,
      bench_pretrain_close,
      { { 0 } } },
};

const size_t bench_count = sizeof bench_table / sizeof bench_table[0];

const struct bench *bench_find(const char *name)
{
    for (size_t b = 0; b < bench_count; b++)
        if (strcmp(bench_table[b].name, name) == 0)
            return &bench_table[b];
    return NULL;
}
