unitmill_test(models/test_speech_encoder_golden.c USES unitmill::models unitmill::storage m LABELS golden)
unitmill_test(models/test_unit_vocoder_golden.c
  USES unitmill::models unitmill::storage m LABELS golden)
unitmill_test(models/test_unit_vocoder.c USES unitmill::models m LABELS unit)
