unitmill_test(tokenizers/test_image_preprocess.c
  USES unitmill::tokenizers unitmill::storage PkgConfig::JANSSON m LABELS golden TIMEOUT 60)
unitmill_test(tokenizers/test_vit_vqgan_golden.c
  USES unitmill::tokenizers unitmill::storage m LABELS golden)
unitmill_test(tokenizers/test_resize.c USES unitmill::tokenizers m LABELS unit)
unitmill_test(tokenizers/test_hubert_golden.c
  USES unitmill::tokenizers unitmill::storage m LABELS golden TIMEOUT 60)

add_library(weights_table STATIC tokenizers/weights_table.c)
target_link_libraries(weights_table PUBLIC unitmill::tokenizers test_support
  PRIVATE unitmill_defaults)
unitmill_test(tokenizers/test_hubert_trained.c USES weights_table m LABELS unit)
unitmill_test(tokenizers/test_hubert_trained_golden.c
  USES unitmill::tokenizers unitmill::storage m LABELS golden)
unitmill_test(tokenizers/test_vit_vqgan.c USES weights_table m LABELS unit)
unitmill_test(tokenizers/test_clip.c USES weights_table m LABELS unit)

unitmill_test(tokenizers/test_kmeans.c USES unitmill::tokenizers m LABELS unit)
unitmill_test(tokenizers/test_kmeans_golden.c
  USES unitmill::tokenizers unitmill::storage m LABELS golden)
unitmill_test(tokenizers/test_run_length.c USES unitmill::tokenizers LABELS unit)
unitmill_test(tokenizers/test_hubert.c
  USES unitmill::tokenizers unitmill::storage m LABELS unit TIMEOUT 60)
unitmill_test(tokenizers/test_mfcc.c USES unitmill::tokenizers unitmill::storage m LABELS unit)
unitmill_test(tokenizers/test_hubert_designed.c USES unitmill::tokenizers m LABELS unit)
unitmill_test(tokenizers/test_codebook_fit.c USES unitmill::tokenizers m LABELS unit)
unitmill_test(tokenizers/test_clip_golden.c
  USES unitmill::tokenizers unitmill::storage m LABELS golden)
unitmill_test(tokenizers/test_clip_script.c
  USES unitmill::tokenizers unitmill::storage m LABELS unit)
unitmill_test(tokenizers/test_picture_loss.c USES unitmill::tokenizers m LABELS unit)
unitmill_test(tokenizers/test_vit_vqgan_trained.c USES weights_table m LABELS unit)
