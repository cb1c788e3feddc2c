unitmill_test(models/test_speech_encoder_golden.c USES unitmill::models unitmill::storage m LABELS golden)
unitmill_test(models/test_speech_encoder.c USES unitmill::models m LABELS unit)
unitmill_test(models/test_unit_vocoder_golden.c
  USES unitmill::models unitmill::storage m LABELS golden)
unitmill_test(models/test_unit_vocoder.c USES unitmill::models m LABELS unit)
unitmill_test(models/test_unit_vocoder_trained.c USES unitmill::models m LABELS unit)
add_library(im2sp_golden STATIC models/im2sp_golden.c)
target_link_libraries(im2sp_golden PUBLIC unitmill::models unitmill::tokenizers unitmill::storage
  test_support PRIVATE unitmill_defaults)
unitmill_test(models/test_im2sp_golden.c USES im2sp_golden m LABELS golden)
unitmill_test(models/test_generation_golden.c USES im2sp_golden m LABELS golden)
unitmill_test(models/test_im2sp_trained_golden.c USES im2sp_golden m LABELS golden TIMEOUT 120)
unitmill_test(models/test_im2sp_trained.c USES unitmill::models m LABELS unit)
unitmill_test(models/test_im2sp.c USES unitmill::models m LABELS unit)
