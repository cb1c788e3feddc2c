unitmill_test(models/test_speech_encoder_golden.c USES unitmill::models unitmill::storage m LABELS golden)
