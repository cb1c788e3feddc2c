#include "core/plan_table.h"

#include "core/file.h"
#include "core/utf8.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define AT(member) offsetof(struct plan, member)

const struct plan_key plan_keys[] = {
    { "", "manifest", PLAN_PATH, PLAN_REQUIRED | PLAN_FREE, AT(manifest), 0, 0, NULL, NULL,
      "JSON lines of pictures and captions" },
    { "", "run", PLAN_PATH, PLAN_REQUIRED | PLAN_FREE, AT(run), 0, 0, NULL, NULL,
      "directory that the run fills" },
    { "", "seed", PLAN_COUNT, 0, AT(seed), 0, 9e15, "1", NULL, "of every random draw" },
    { "", "shard_captions", PLAN_COUNT, 0, AT(shard_captions), 1, 1e6, "128", NULL,
      "captions in a speech or unit shard" },
    { "", "shard_images", PLAN_COUNT, 0, AT(shard_images), 1, 1e6, "64", NULL,
      "pictures in an image shard" },
    { "", "reject_limit", PLAN_NUMBER, PLAN_FREE, AT(reject_limit), 0, 1, "0.05", NULL,
      "share of rejected records above which a stage fails at its end" },

    { "speak", "voices", PLAN_TEXTS, 0, AT(speak.voices), 0, 0, "en-us,en-us+f2,en-gb+m3,ar,ar+f2",
      NULL, "espeak-ng voices; a caption's language picks among those with its tag" },
    { "speak", "rate_wpm_min", PLAN_COUNT, 0, AT(speak.rate_wpm_min), 80, 450, "140", NULL,
      "slowest speech, words a minute" },
    { "speak", "rate_wpm_max", PLAN_COUNT, 0, AT(speak.rate_wpm_max), 80, 450, "190", NULL,
      "fastest speech, words a minute" },
    { "speak", "pitch_min", PLAN_COUNT, 0, AT(speak.pitch_min), 0, 99, "35", NULL,
      "lowest pitch, espeak-ng's scale of 0 to 99" },
    { "speak", "pitch_max", PLAN_COUNT, 0, AT(speak.pitch_max), 0, 99, "65", NULL,
      "highest pitch" },
    { "speak", "caption_bytes_max", PLAN_COUNT, 0, AT(speak.caption_bytes_max), 1, 2000, "1000",
      NULL, "longer captions are rejects" },

    { "fit_units", "clusters", PLAN_COUNT, 0, AT(fit_units.clusters), 2, 65535, "100", NULL,
      "speech units to fit: k-means clusters" },
    { "fit_units", "captions_max", PLAN_COUNT, 0, AT(fit_units.captions_max), 1, 1e9, "2000", NULL,
      "captions sampled over the whole manifest for the fit" },
    { "fit_units", "frames_max", PLAN_COUNT, 0, AT(fit_units.frames_max), 2, 1e9, "200000", NULL,
      "frames sampled from them" },
    { "fit_units", "iterations_max", PLAN_COUNT, 0, AT(fit_units.iterations_max), 1, 100000, "100",
      NULL, "Lloyd iterations at the most" },
    { "fit_units", "batch_frames", PLAN_COUNT, 0, AT(fit_units.batch_frames), 0, 1e8, "0", NULL,
      "above 0: mini-batches of so many frames, a fresh one an iteration, instead of frames_max" },
    { "fit_units", "held_out_voices", PLAN_TEXTS, 0, AT(fit_units.held_out_voices), 0, 0, "", NULL,
      "voices left out of the fit, so that evaluate can tell how units do on new ones" },

    { "speech_units", "hubert", PLAN_PATH, PLAN_FREE, AT(speech_units.hubert), 0, 0, "compact",
      "compact", "HuBERT weights; compact: those that ship with unitmill" },
    { "speech_units", "config", PLAN_PATH, PLAN_FREE, AT(speech_units.config), 0, 0, NULL, NULL,
      "their configuration; without it config.json beside them" },
    { "speech_units", "kmeans", PLAN_PATH, PLAN_FREE, AT(speech_units.kmeans), 0, 0, NULL,
      "compact|fit",
      "k-means centres to use; fit: fit-units makes them; without it compact, those that ship with "
      "unitmill, where hubert is compact and layer auto, else fit" },
    { "speech_units", "layer", PLAN_COUNT, 0, AT(speech_units.layer), 0, PLAN_LAYER_AUTO - 1,
      "auto", "auto",
      "transformer blocks before the features are taken; auto: as the weights' configuration says, "
      "else 6" },
    { "speech_units", "batch_frames", PLAN_COUNT, 0, AT(speech_units.batch_frames), 1, 1000000,
      "1600", NULL, "frames of 20 ms in one pass; bounds the memory" },
    { "speech_units", "features", PLAN_SWITCH, 0, AT(speech_units.features), 0, 0, "false", NULL,
      "keep the features too, as float16" },
    { "speech_units", "feature_layers", PLAN_TEXTS, 0, AT(speech_units.feature_layers), 0, 0, "",
      NULL, "layers of the features that are kept, side by side; without it the units' layer" },

    { "image_units", "vit_vqgan", PLAN_PATH, PLAN_FREE, AT(image_units.vit_vqgan), 0, 0, "compact",
      "compact", "ViT-VQGAN weights; compact: those that ship with unitmill" },
    { "image_units", "config", PLAN_PATH, PLAN_FREE, AT(image_units.config), 0, 0, NULL, NULL,
      "their configuration; without it config.json beside them" },
    { "image_units", "resize", PLAN_CHOICE, 0, AT(image_units.resize), 0, 0, "bicubic",
      "bicubic|bilinear|lanczos", "filter of the resize to the net's square" },
    { "image_units", "crop_tokens", PLAN_COUNT, 0, AT(image_units.crop_tokens), 0, 4096, "28", NULL,
      "side of the centre crop of the token grid; 0 keeps it whole" },
    { "image_units", "batch_images", PLAN_COUNT, 0, AT(image_units.batch_images), 1, 4096, "4",
      NULL, "pictures in one pass; bounds the memory" },

    { "embed_images", "clip", PLAN_PATH, PLAN_FREE, AT(embed_images.clip), 0, 0, NULL, NULL,
      "CLIP weights; without them there are no embeddings" },
    { "embed_images", "config", PLAN_PATH, PLAN_FREE, AT(embed_images.config), 0, 0, NULL, NULL,
      "their configuration; without it config.json beside them" },
    { "embed_images", "batch_images", PLAN_COUNT, 0, AT(embed_images.batch_images), 1, 4096, "16",
      NULL, "pictures in one pass; bounds the memory" },

    { "pack", "deflate_level", PLAN_COUNT, 0, AT(pack.deflate_level), 0, 9, "6", NULL,
      "deflate where it pays; 0 never" },
    { "pack", "chunk_bytes", PLAN_COUNT, 0, AT(pack.chunk_bytes), 4096, 1 << 28, "1048576", NULL,
      "bytes of a store chunk before compression; less where training reads at random" },

    { "pretrain", "objective", PLAN_CHOICE, PLAN_TRAINED, AT(pretrain.objective), 0, 0,
      "contrastive", "contrastive|im2sp|vit-vqgan|vocoder|hubert",
      "what is trained: speech and images into one space, captions from pictures, image units, "
      "sound of units, or speech units" },
    { "pretrain", "init", PLAN_PATH, PLAN_FREE, AT(pretrain.init), 0, 0, NULL, "compact",
      "weights to begin as, compact: the objective's that ship with unitmill; without them values "
      "are drawn" },
    { "pretrain", "steps", PLAN_COUNT, PLAN_FREE, AT(pretrain.steps), 0, 1e+09, "0", NULL,
      "updates; 0: nothing is trained" },
    { "pretrain", "input", PLAN_CHOICE, PLAN_TRAINED, AT(pretrain.input), 0, 0, "auto",
      "auto|features|units|embeddings",
      "of the speech encoder; auto: features where the store has them. What im2sp sees of "
      "pictures: "
      "units (auto) or embeddings" },
    { "pretrain", "merged_units", PLAN_COUNT, PLAN_TRAINED, AT(pretrain.merged_units), 1, 64, "1",
      NULL, "speech units that the speech encoder takes as one frame; several overlap by half" },
    { "pretrain", "targets", PLAN_CHOICE, PLAN_TRAINED, AT(pretrain.targets), 0, 0, "auto",
      "auto|embeddings|image-units|speech-units|mfcc",
      "what speech is pulled towards; auto: CLIP embeddings where the store has them. What hubert "
      "tells; auto: the run's speech units" },
    { "pretrain", "blocks", PLAN_COUNT, PLAN_TRAINED, AT(pretrain.blocks), 1, 24, "1", NULL,
      "transformer blocks of the speech encoder; of the decoder of im2sp" },
    { "pretrain", "heads", PLAN_COUNT, PLAN_TRAINED, AT(pretrain.heads), 1, 1024, "8", NULL,
      "attention heads of a block, of speech and images" },
    { "pretrain", "feed_forward", PLAN_COUNT, PLAN_TRAINED, AT(pretrain.feed_forward), 0, 65536,
      "0", NULL, "hidden values of a block; 0: four times its width" },
    { "pretrain", "width", PLAN_COUNT, PLAN_TRAINED, AT(pretrain.width), 1, 16384, "256", NULL,
      "of the speech encoder over units; over features it is theirs; of the decoder of im2sp" },
    { "pretrain", "embedding", PLAN_COUNT, PLAN_TRAINED, AT(pretrain.embedding), 1, 65536, "256",
      NULL, "values of an embedding where images are trained too; else it is CLIP's" },
    { "pretrain", "image_blocks", PLAN_COUNT, PLAN_TRAINED, AT(pretrain.image_blocks), 1, 24, "2",
      NULL, "transformer blocks of the image tower, or image encoder" },
    { "pretrain", "image_width", PLAN_COUNT, PLAN_TRAINED, AT(pretrain.image_width), 1, 16384,
      "256", NULL, "its width" },
    { "pretrain", "image_patch", PLAN_COUNT, PLAN_TRAINED, AT(pretrain.image_patch), 1, 64, "4",
      NULL,
      "side of the square of image units that it takes as one; those of im2sp overlap by half" },
    { "pretrain", "image_convolution_channels", PLAN_COUNT, PLAN_TRAINED,
      AT(pretrain.image_convolution_channels), 0, 4096, "0", NULL,
      "channels of two convolutions before the patches, which make shapes easy to learn; 0: none" },
    { "pretrain", "image_similarities", PLAN_SWITCH, PLAN_TRAINED, AT(pretrain.image_similarities),
      0, 0, "false", NULL,
      "the convolutions of im2sp see, too, how alike each unit is to those around it" },
    { "pretrain", "prefix_tokens", PLAN_COUNT, PLAN_TRAINED, AT(pretrain.prefix_tokens), 1, 64, "4",
      NULL, "tokens that im2sp makes of an image embedding" },
    { "pretrain", "length_max", PLAN_COUNT, PLAN_TRAINED, AT(pretrain.length_max), 2, 16384, "1024",
      NULL, "places of the decoder of im2sp; captions of as many units are left out" },
    { "pretrain", "picture_pixels", PLAN_COUNT, PLAN_TRAINED, AT(pretrain.picture_pixels), 8, 4096,
      "256", NULL, "side of the pictures that vit-vqgan is trained on, squashed to a square" },
    { "pretrain", "patch_pixels", PLAN_COUNT, PLAN_TRAINED, AT(pretrain.patch_pixels), 1, 256, "8",
      NULL, "side of the patch of a code, of vit-vqgan" },
    { "pretrain", "codes", PLAN_COUNT, PLAN_TRAINED, AT(pretrain.codes), 1, 65536, "8192", NULL,
      "size of the codebook of vit-vqgan" },
    { "pretrain", "code_width", PLAN_COUNT, PLAN_TRAINED, AT(pretrain.code_width), 1, 16384, "32",
      NULL, "values of a code of vit-vqgan" },
    { "pretrain", "commitment", PLAN_NUMBER, PLAN_TRAINED, AT(pretrain.commitment), 0, 1000, "0.25",
      NULL, "weight of the loss that holds latents to their codes" },
    { "pretrain", "absolute_weight", PLAN_NUMBER, PLAN_TRAINED, AT(pretrain.absolute_weight), 0,
      1000, "1", NULL, "weight of absolute differences of pixels" },
    { "pretrain", "squared_weight", PLAN_NUMBER, PLAN_TRAINED, AT(pretrain.squared_weight), 0, 1000,
      "1", NULL, "weight of squared differences of pixels" },
    { "pretrain", "edge_weight", PLAN_NUMBER, PLAN_TRAINED, AT(pretrain.edge_weight), 0, 1000, "1",
      NULL, "weight of differences between neighbouring pixels, at several scales" },
    { "pretrain", "revive_batches", PLAN_COUNT, PLAN_TRAINED, AT(pretrain.revive_batches), 0, 1e+06,
      "100", NULL, "codes unused for so many batches are moved to where latents are; 0: never" },
    { "pretrain", "crop_pixels", PLAN_COUNT, PLAN_TRAINED, AT(pretrain.crop_pixels), 0, 4096, "0",
      NULL, "pictures are read so much larger and cropped at random" },
    { "pretrain", "images_frozen", PLAN_SWITCH, PLAN_TRAINED, AT(pretrain.images_frozen), 0, 0,
      "false", NULL, "the image encoder of im2sp stays what pretrain.init makes it" },
    { "pretrain", "flip", PLAN_SWITCH, PLAN_TRAINED, AT(pretrain.flip), 0, 0, "false", NULL,
      "half of the pictures are turned left to right" },
    { "pretrain", "structure", PLAN_CHOICE, PLAN_TRAINED, AT(pretrain.structure), 0, 0, "base",
      "base|large",
      "of hubert: norms as in HuBERT base, or in every convolution and before each part "
      "of a block as in HuBERT large" },
    { "pretrain", "convolution_channels", PLAN_COUNT, PLAN_TRAINED,
      AT(pretrain.convolution_channels), 1, 16384, "64", NULL, "of the convolutions of hubert" },
    { "pretrain", "position_kernel", PLAN_COUNT, PLAN_TRAINED, AT(pretrain.position_kernel), 1,
      1024, "32", NULL, "frames that the positional convolution of hubert sees" },
    { "pretrain", "position_groups", PLAN_COUNT, PLAN_TRAINED, AT(pretrain.position_groups), 1,
      16384, "4", NULL, "its groups" },
    { "pretrain", "mask_probability", PLAN_NUMBER, PLAN_TRAINED, AT(pretrain.mask_probability), 0,
      1, "0.08", NULL, "share of frames at which hubert's masks begin" },
    { "pretrain", "mask_length", PLAN_COUNT, PLAN_TRAINED, AT(pretrain.mask_length), 1, 1000, "10",
      NULL, "frames of a mask" },
    { "pretrain", "unmasked_weight", PLAN_NUMBER, PLAN_TRAINED, AT(pretrain.unmasked_weight), 0,
      1000, "0", NULL, "of hubert's loss on frames that are not masked" },
    { "pretrain", "crop_samples", PLAN_COUNT, PLAN_TRAINED, AT(pretrain.crop_samples), 720, 1600000,
      "80000", NULL, "longest part of a caption's speech that hubert takes, at 16 kHz" },
    { "pretrain", "dropout", PLAN_NUMBER, PLAN_TRAINED, AT(pretrain.dropout), 0, 0.9, "0.1", NULL,
      "share of values set to zero in training" },
    { "pretrain", "temperature", PLAN_NUMBER, PLAN_TRAINED, AT(pretrain.temperature), 0.001, 10,
      "0.07", NULL, "of the contrastive loss, at the start; it is learned" },
    { "pretrain", "batch_captions", PLAN_COUNT, PLAN_TRAINED, AT(pretrain.batch_captions), 1, 1e+07,
      "256", NULL, "captions in a batch, of all ranks together" },
    { "pretrain", "accumulate", PLAN_COUNT, PLAN_TRAINED, AT(pretrain.accumulate), 1, 100000, "1",
      NULL, "batches an update" },
    { "pretrain", "pass_frames", PLAN_COUNT, PLAN_FREE, AT(pretrain.pass_frames), 1, 1e+09, "65536",
      NULL, "frames in one pass of a rank; bounds the memory" },
    { "pretrain", "memory_mib", PLAN_COUNT, PLAN_FREE, AT(pretrain.memory_mib), 16, 1e+07, "8192",
      NULL, "memory of a rank for one pass" },
    { "pretrain", "voices", PLAN_TEXTS, PLAN_TRAINED, AT(pretrain.voices), 0, 0, "", NULL,
      "voices that vocoder learns from; without them all" },
    { "pretrain", "segment_frames", PLAN_COUNT, PLAN_TRAINED, AT(pretrain.segment_frames), 8, 10000,
      "50", NULL, "frames of speech in a piece of a caption; of vocoder" },
    { "pretrain", "speech_mib", PLAN_COUNT, PLAN_FREE, AT(pretrain.speech_mib), 1, 1e+07, "4096",
      NULL, "memory of a rank for the speech that vocoder learns from" },
    { "pretrain", "schedule", PLAN_CHOICE, PLAN_TRAINED, AT(pretrain.schedule), 0, 0, "cosine",
      "cosine|constant", "of the learning rate, after the warm-up" },
    { "pretrain", "learning_rate", PLAN_NUMBER, PLAN_TRAINED, AT(pretrain.learning_rate), 0, 10,
      "0.001", NULL, "highest learning rate" },
    { "pretrain", "final_learning_rate", PLAN_NUMBER, PLAN_TRAINED,
      AT(pretrain.final_learning_rate), 0, 10, "0", NULL, "at the end of the cosine" },
    { "pretrain", "warmup_steps", PLAN_COUNT, PLAN_TRAINED, AT(pretrain.warmup_steps), 0, 1e+09,
      "100", NULL, "updates until the highest learning rate" },
    { "pretrain", "weight_decay", PLAN_NUMBER, PLAN_TRAINED, AT(pretrain.weight_decay), 0, 10,
      "0.01", NULL, "AdamW's, of matrices alone" },
    { "pretrain", "beta1", PLAN_NUMBER, PLAN_TRAINED, AT(pretrain.beta1), 0, 0.99999, "0.9", NULL,
      "AdamW's" },
    { "pretrain", "beta2", PLAN_NUMBER, PLAN_TRAINED, AT(pretrain.beta2), 0, 0.99999, "0.98", NULL,
      "AdamW's" },
    { "pretrain", "eps", PLAN_NUMBER, PLAN_TRAINED, AT(pretrain.eps), 0, 1, "1e-6", NULL,
      "AdamW's" },
    { "pretrain", "clip_norm", PLAN_NUMBER, PLAN_TRAINED, AT(pretrain.clip_norm), 0, 1e+09, "1",
      NULL, "largest norm of all gradients together; 0: not clipped" },
    { "pretrain", "ema_decay", PLAN_NUMBER, PLAN_TRAINED, AT(pretrain.ema_decay), 0, 1, "0", NULL,
      "of an average of the parameters, which is then the model; 0: none" },
    { "pretrain", "validate_steps", PLAN_COUNT, PLAN_FREE, AT(pretrain.validate_steps), 0, 1e+09,
      "200", NULL, "updates between two validations; 0: at the end alone" },
    { "pretrain", "validate_captions", PLAN_COUNT, PLAN_FREE, AT(pretrain.validate_captions), 1,
      1e+09, "25000", NULL, "captions of the validation split at the most" },
    { "pretrain", "checkpoint_steps", PLAN_COUNT, PLAN_FREE, AT(pretrain.checkpoint_steps), 0,
      1e+09, "200", NULL, "updates between two checkpoints; 0: at the end alone" },
    { "pretrain", "keep_checkpoints", PLAN_COUNT, PLAN_FREE, AT(pretrain.keep_checkpoints), 1,
      1e+06, "3", NULL, "newest checkpoints that are kept, beside the best" },
    { "slurm", "partition", PLAN_TEXT, PLAN_FREE, AT(slurm.partition), 0, 0, NULL, NULL,
      "partition of the jobs; without it the site's default" },
    { "slurm", "account", PLAN_TEXT, PLAN_FREE, AT(slurm.account), 0, 0, NULL, NULL,
      "account that the jobs are charged to" },
    { "slurm", "memory", PLAN_TEXT, PLAN_FREE, AT(slurm.memory), 0, 0, NULL, NULL,
      "memory of a node, as in 64G; without it the site's default" },
    { "slurm", "rank_memory", PLAN_TEXT, PLAN_FREE, AT(slurm.rank_memory), 0, 0, "1G", NULL,
      "memory that a rank may need, where tasks_per_node is 0" },
    { "slurm", "time", PLAN_TEXT, PLAN_FREE, AT(slurm.time), 0, 0, "4:00:00", NULL,
      "time limit of a job; a stage that needs longer goes on in the next turn" },
    { "slurm", "constraint", PLAN_TEXT, PLAN_FREE, AT(slurm.constraint), 0, 0, NULL, NULL,
      "features that the nodes must have" },
    { "slurm", "nodes", PLAN_COUNT, PLAN_FREE, AT(slurm.nodes), 1, 100000, "1", NULL,
      "nodes of a job" },
    { "slurm", "tasks_per_node", PLAN_COUNT, PLAN_FREE, AT(slurm.tasks_per_node), 0, 4096, "0",
      NULL, "ranks on a node; 0: as many as its cores and its memory hold" },
    { "slurm", "threads", PLAN_COUNT, PLAN_FREE, AT(slurm.threads), 1, 4096, "1", NULL,
      "cores of a rank; it computes on one" },
    { "slurm", "extra", PLAN_TEXTS, PLAN_FREE, AT(slurm.extra), 0, 0, "", NULL,
      "more options of sbatch, a line each" },
    { "slurm", "prologue", PLAN_TEXTS, PLAN_FREE, AT(slurm.prologue), 0, 0, "", NULL,
      "shell lines before the stage starts: modules, variables" },
    { "slurm", "container", PLAN_TEXT, PLAN_FREE, AT(slurm.container), 0, 0, NULL, NULL,
      "command that each rank starts in, as in apptainer exec IMAGE" },
    { "slurm", "launcher", PLAN_TEXT, PLAN_FREE, AT(slurm.launcher), 0, 0, "srun", NULL,
      "srun, mpirun, or a whole command that starts the ranks" },
    { "slurm", "template", PLAN_PATH, PLAN_FREE, AT(slurm.template), 0, 0, NULL, NULL,
      "template of the job scripts instead of jobs/templates/stage.sh" },
    { "slurm", "scratch", PLAN_TEXT, PLAN_FREE, AT(slurm.scratch), 0, 0, NULL, NULL,
      "folder on each node's own disk, as in $TMPDIR, that weights are copied to first" },
    { "slurm", "warning_seconds", PLAN_COUNT, PLAN_FREE, AT(slurm.warning_seconds), 1, 65535, "300",
      NULL, "how long before its time limit a job ends its shards in hand" },
    { "slurm", "requeue_limit", PLAN_COUNT, PLAN_FREE, AT(slurm.requeue_limit), 0, 1000, "3", NULL,
      "turns in a row without a new file after which a job fails" },
    { "slurm", "stages", PLAN_TEXTS, PLAN_FREE, AT(slurm.stages), 0, 0, "", NULL,
      "keys above for single stages, as in image-units.nodes=8" },

    { "generate", "im2sp", PLAN_PATH, PLAN_FREE, AT(generate.im2sp), 0, 0, NULL, "compact",
      "image-to-speech-unit weights, compact: those that ship with unitmill; without them nothing "
      "is generated" },
    { "generate", "config", PLAN_PATH, PLAN_FREE, AT(generate.config), 0, 0, NULL, NULL,
      "their configuration; without it config.json beside them" },
    { "generate", "method", PLAN_CHOICE, PLAN_FREE, AT(generate.method), 0, 0, "greedy",
      "greedy|beam|sample", "how the next unit is chosen" },
    { "generate", "beams", PLAN_COUNT, PLAN_FREE, AT(generate.beams), 1, 64, "5", NULL,
      "sequences that beam search follows" },
    { "generate", "captions", PLAN_COUNT, PLAN_FREE, AT(generate.captions), 1, 64, "1", NULL,
      "captions of a picture: drawn each by itself, or the best of beam search" },
    { "generate", "length_penalty", PLAN_NUMBER, PLAN_FREE, AT(generate.length_penalty), -10, 10,
      "1", NULL, "scores are log p over ids to this power" },
    { "generate", "temperature", PLAN_NUMBER, PLAN_FREE, AT(generate.temperature), 0.01, 100, "1",
      NULL, "of sampling; logits are divided by it" },
    { "generate", "top_k", PLAN_COUNT, PLAN_FREE, AT(generate.top_k), 0, 65535, "0", NULL,
      "sampling among so many of the likeliest ids; 0: all" },
    { "generate", "top_p", PLAN_NUMBER, PLAN_FREE, AT(generate.top_p), 0.000001, 1, "1", NULL,
      "sampling among the likeliest ids that make up this probability" },
    { "generate", "length_max", PLAN_COUNT, PLAN_FREE, AT(generate.length_max), 2, 16384, "512",
      NULL,
      "ids of a sequence, its beginning included; one that has not ended there is cut; no more "
      "than the model takes" },
    { "generate", "batch_images", PLAN_COUNT, PLAN_FREE, AT(generate.batch_images), 1, 4096, "16",
      NULL, "pictures that captions grow for at a time; bounds the memory" },
    { "generate", "audio", PLAN_SWITCH, PLAN_FREE, AT(generate.audio), 0, 0, "false", NULL,
      "keep the captions as sound too" },
    { "generate", "vocoder", PLAN_PATH, PLAN_FREE, AT(generate.vocoder), 0, 0, NULL, "compact",
      "unit vocoder weights, for the sound, with a duration predictor; compact: those that ship "
      "with unitmill" },
    { "generate", "vocoder_config", PLAN_PATH, PLAN_FREE, AT(generate.vocoder_config), 0, 0, NULL,
      NULL, "their configuration; without it config.json beside them" },

    { "digests", "manifest", PLAN_TEXT, 0, AT(digests.manifest), 0, 0, NULL, NULL,
      "written by unitmill: content of the manifest" },
    { "digests", "manifest_bytes", PLAN_COUNT, PLAN_FREE, AT(digests.manifest_bytes), 0, 9e15, "0",
      NULL, "written by unitmill: bytes of the manifest that its digest covers" },
    { "digests", "hubert", PLAN_TEXT, 0, AT(digests.hubert), 0, 0, NULL, NULL,
      "written by unitmill: content of the HuBERT weights" },
    { "digests", "hubert_config", PLAN_TEXT, 0, AT(digests.hubert_config), 0, 0, NULL, NULL,
      "written by unitmill: content of their configuration" },
    { "digests", "kmeans", PLAN_TEXT, 0, AT(digests.kmeans), 0, 0, NULL, NULL,
      "written by unitmill: content of the k-means file" },
    { "digests", "vit_vqgan", PLAN_TEXT, 0, AT(digests.vit_vqgan), 0, 0, NULL, NULL,
      "written by unitmill: content of the ViT-VQGAN weights" },
    { "digests", "vit_vqgan_config", PLAN_TEXT, 0, AT(digests.vit_vqgan_config), 0, 0, NULL, NULL,
      "written by unitmill: content of their configuration" },
    { "digests", "clip", PLAN_TEXT, 0, AT(digests.clip), 0, 0, NULL, NULL,
      "written by unitmill: content of the CLIP weights" },
    { "digests", "clip_config", PLAN_TEXT, 0, AT(digests.clip_config), 0, 0, NULL, NULL,
      "written by unitmill: content of their configuration" },
    { "digests", "im2sp", PLAN_TEXT, PLAN_FREE, AT(digests.im2sp), 0, 0, NULL, NULL,
      "written by unitmill: content of the image-to-speech-unit weights" },
    { "digests", "im2sp_config", PLAN_TEXT, PLAN_FREE, AT(digests.im2sp_config), 0, 0, NULL, NULL,
      "written by unitmill: content of their configuration" },
    { "digests", "vocoder", PLAN_TEXT, PLAN_FREE, AT(digests.vocoder), 0, 0, NULL, NULL,
      "written by unitmill: content of the vocoder weights" },
    { "digests", "vocoder_config", PLAN_TEXT, PLAN_FREE, AT(digests.vocoder_config), 0, 0, NULL,
      NULL, "written by unitmill: content of their configuration" },
    { "digests", "init", PLAN_TEXT, PLAN_TRAINED, AT(digests.init), 0, 0, NULL, NULL,
      "weights that training began as" },
};

#undef AT

const size_t plan_key_count = sizeof plan_keys / sizeof plan_keys[0];

void plan_key_write(char *out, size_t out_bytes, const struct plan_key *key)
{
    snprintf(out, out_bytes, "%s%s%s", key->section, key->section[0] == '\0' ? "" : ".", key->name);
}

const struct plan_key *plan_key_find(const char *dotted)
{
    for (size_t k = 0; k < plan_key_count; k++) {
        char name[96];
        plan_key_write(name, sizeof name, &plan_keys[k]);
        if (strcmp(name, dotted) == 0)
            return &plan_keys[k];
    }
    return NULL;
}

static enum status fail_for(const struct plan_key *key, const char *text, const char *expected)
{
    char name[96];
    plan_key_write(name, sizeof name, key);
    return status_fail(STATUS_INVALID, "%s: \"%.100s\" is not %s", name, text, expected);
}

static enum status read_number(double *number, const struct plan_key *key, const char *text)
{
    char *end = NULL, range[96];
    const bool is_count = key->kind == PLAN_COUNT;
    *number = strtod(text, &end);
    const bool is_in_range = *number >= key->minimum && *number <= key->maximum;
    if (end != text && *end == '\0' && is_in_range && (!is_count || *number == floor(*number)))
        return STATUS_OK;
    snprintf(range, sizeof range, "%s%sa %s in %.15g .. %.15g",
             key->choices == NULL ? "" : key->choices, key->choices == NULL ? "" : " or ",
             is_count ? "whole number" : "number", key->minimum, key->maximum);
    return fail_for(key, text, range);
}

static bool is_among(const char *choices, const char *text)
{
    const size_t length = strlen(text);
    for (const char *at = choices;; at++) {
        const size_t choice_length = strcspn(at, "|");
        if (choice_length == length && memcmp(at, text, length) == 0)
            return true;
        at += choice_length;
        if (*at == '\0')
            return false;
    }
}

enum status plan_key_check_text(const struct plan_key *key, const char *text)
{
    const size_t bytes = strlen(text);
    if (!utf8_is_valid(text, bytes))
        return fail_for(key, text, "UTF-8");
    if (bytes > PLAN_TEXT_BYTES_MAX)
        return fail_for(key, text, "of a length that a plan can hold");
    return STATUS_OK;
}

/* "a,b,c" into a fresh list; "" is the empty one. */
static enum status set_texts_from_list(struct plan *plan, const struct plan_key *key,
                                       const char *text)
{
    char *items[OPTION_TEXTS_MAX], *copy = strdup(text), *rest = copy, *item;
    size_t count = 0;
    if (copy == NULL)
        return status_fail(STATUS_NO_MEMORY, "plan: %s", key->name);
    while (text[0] != '\0' && count < OPTION_TEXTS_MAX && (item = strsep(&rest, ",")) != NULL)
        items[count++] = item;
    const enum status outcome = count == OPTION_TEXTS_MAX && rest != NULL
                                    ? fail_for(key, text, "a list of at most 64 values")
                                    : plan_key_set_texts(plan, key, items, count);
    free(copy);
    return outcome;
}

static enum status set_text(char **member, const struct plan_key *key, const char *text)
{
    const enum status outcome = plan_key_check_text(key, text);
    return outcome == STATUS_OK ? plan_set_text(member, text) : outcome;
}

static enum status set_path(char **member, const struct plan_key *key, const char *text,
                            const char *folder)
{
    char joined[PATH_BYTES];
    const enum status outcome = path_join(joined, folder, text);
    return outcome == STATUS_OK ? set_text(member, key, joined) : outcome;
}

enum status plan_key_set(struct plan *plan, const struct plan_key *key, const char *text,
                         const char *folder)
{
    void *member = (char *)plan + key->offset;
    double number = 0.0;
    enum status outcome = STATUS_OK;
    switch (key->kind) {
    case PLAN_TEXT:
        return set_text(member, key, text);
    case PLAN_PATH:
        if (key->choices != NULL && is_among(key->choices, text))
            return plan_set_text(member, text);
        return text[0] == '\0' ? fail_for(key, text, "a path")
                               : set_path(member, key, text, folder);
    case PLAN_CHOICE:
        return is_among(key->choices, text) ? plan_set_text(member, text)
                                            : fail_for(key, text, key->choices);
    case PLAN_TEXTS:
        return set_texts_from_list(plan, key, text);
    case PLAN_COUNT:
        if (key->choices != NULL && is_among(key->choices, text)) {
            *(size_t *)member = (size_t)key->maximum + 1;
            return STATUS_OK;
        }
        outcome = read_number(&number, key, text);
        if (outcome == STATUS_OK)
            *(size_t *)member = (size_t)number;
        return outcome;
    case PLAN_NUMBER:
        outcome = read_number(&number, key, text);
        if (outcome == STATUS_OK)
            *(double *)member = number;
        return outcome;
    case PLAN_SWITCH:
        if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
            return fail_for(key, text, "true or false");
        *(bool *)member = text[0] == 't';
        return STATUS_OK;
    }
    return STATUS_OK;
}
