unitmill_test(core/test_random.c USES unitmill::core m LABELS unit)
