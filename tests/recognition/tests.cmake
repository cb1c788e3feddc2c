unitmill_test(recognition/test_word.c USES unitmill::recognition LABELS unit)
unitmill_test(recognition/test_vocabulary.c USES unitmill::recognition LABELS unit)
unitmill_test(recognition/test_language_model.c USES unitmill::recognition m LABELS unit)
unitmill_test(recognition/test_recogniser.c USES unitmill::recognition unitmill::tts m LABELS unit
  TIMEOUT 60)
set_tests_properties(recognition.test_recogniser PROPERTIES SKIP_RETURN_CODE 77)
