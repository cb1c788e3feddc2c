unitmill_test(training/test_contrastive_golden.c USES unitmill::training m LABELS golden RANKS 1 2 4)
unitmill_test(training/test_im2sp.c USES unitmill::training m LABELS unit RANKS 1 3)
