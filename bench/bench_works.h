/** The work of each bench, as bench/bench.h asks for it: a file each, bench_NAME.c. */
#ifndef BENCH_BENCH_WORKS_H
#define BENCH_BENCH_WORKS_H

#include "bench/bench.h"

/** HuBERT base of random weights, over batches as speech-units forms them. Local. */
enum status bench_hubert_open(void **self, double *gflop_per_item,
                              const struct bench_setting *setting);
enum status bench_hubert_run(double *items, void *self);
void bench_hubert_close(void *self);

/** The encoder of ViT-VQGAN base with random weights, over batches as image-units forms them; its
 * decoder is a small one, since nobody runs it. And the decoding and resizing of as many photos.
 * Local. */
enum status bench_vit_vqgan_open(void **self, double *gflop_per_item,
                                 const struct bench_setting *setting);
enum status bench_vit_vqgan_run(double *items, void *self);
enum status bench_vit_vqgan_read(double *items, void *self);
void bench_vit_vqgan_close(void *self);

/** CLIP ViT-L/14 at 224 x 224 pixels with random weights, eight pictures at a time; and
 * the decoding and resizing of as many photos. Local. */
enum status bench_clip_open(void **self, double *gflop_per_item,
                            const struct bench_setting *setting);
enum status bench_clip_run(double *items, void *self);
enum status bench_clip_read(double *items, void *self);
void bench_clip_close(void *self);
/** A unit vocoder of the public size with random weights, over three captions. Local. */
enum status bench_vocoder_open(void **self, double *gflop_per_item,
                               const struct bench_setting *setting);
enum status bench_vocoder_run(double *items, void *self);
void bench_vocoder_close(void *self);

/** An image-to-speech model of GIT-large's decoder behind SeiT's image-unit encoder, with random
 * weights: a batch of 64 pictures encoded, and captions of 150 units said, greedily. Local. */
enum status bench_im2sp_open(void **self, double *gflop_per_item,
                             const struct bench_setting *setting);
enum status bench_im2sp_run(double *items, void *self);
void bench_im2sp_close(void *self);

/** A Lloyd iteration in blocks, as fit-units does it: assignment, sums, farthest frames, the sum
 * over the ranks, new centres. Products are counted alone: 2 K D a frame. Collective. */
enum status bench_kmeans_open(void **self, double *gflop_per_item,
                              const struct bench_setting *setting);
enum status bench_kmeans_run(double *items, void *self);
void bench_kmeans_close(void *self);

/** A batch of captions spoken, resampled and encoded as the stage does it; and the same texts at
 * the same rates and pitches by espeak-ng in this process. The rank's voice speaks ahead in a
 * process of its own, so the two compare core for core only where ranks, or a pinning, fill all
 * cores; else the voice has a second core, and the share may pass 1. By processor time:
 * tests/tts/test_speak_speed.c. Local. Once a process, because of espeak-ng. */
enum status bench_speak_open(void **self, double *gflop_per_item,
                             const struct bench_setting *setting);
enum status bench_speak_run(double *items, void *self);
enum status bench_speak_alone(double *items, void *self);
void bench_speak_close(void *self);

/** The rows of a store in blocks, through storage/store_writer.h up to its final name, flush
 * included; and the same rows through storage/plain_store.h, packed alike and not packed. Bytes are
 * those in memory. Collective. */
enum status bench_pack_open(void **self, double *gflop_per_item,
                            const struct bench_setting *setting);
enum status bench_pack_run(double *items, void *self);
enum status bench_pack_plain(double *items, void *self);
enum status bench_pack_unpacked(double *items, void *self);
void bench_pack_close(void *self);

/** Batches of 256 records in a random order out of a store in the page cache, through
 * storage/store_batch.h with a cache that holds little of it; and the same with one that holds all,
 * and one record at a time through H5Dread. A record is a caption: its units and durations, and the
 * units of its picture. The store is written by all ranks, the readers are each rank's own. */
enum status bench_read_open(void **self, double *gflop_per_item,
                            const struct bench_setting *setting);
enum status bench_read_run(double *items, void *self);
enum status bench_read_cached(double *items, void *self);
enum status bench_read_plain(double *items, void *self);
void bench_read_close(void *self);

/** A step of contrastive pretraining: the default speech encoder over one layer of HuBERT base's
 * features, 256 captions of 3.5 s over all ranks, against frozen image embeddings of 1,024 values;
 * forward, loss over ranks, backward and update. Products are counted as the encoder makes them:
 * its last block computes only what CLS needs. Collective. */
enum status bench_pretrain_open(void **self, double *gflop_per_item,
                                const struct bench_setting *setting);
enum status bench_pretrain_run(double *items, void *self);
void bench_pretrain_close(void *self);

#endif
