unitmill_test(training/test_contrastive_golden.c USES unitmill::training m LABELS golden RANKS 1 2 4)
unitmill_test(training/test_batch_order.c USES unitmill::training LABELS unit)
unitmill_test(training/test_retrieval.c USES unitmill::training m LABELS unit RANKS 1 3)
unitmill_test(training/test_sharded_optimiser.c USES unitmill::training m LABELS unit RANKS 1 3)

add_library(training_store STATIC training/training_store.c)
target_link_libraries(training_store PUBLIC unitmill::training test_support PRIVATE unitmill_defaults m)
unitmill_test(training/test_batch_loader.c USES training_store LABELS unit fault)
unitmill_test(training/test_split_records.c USES training_store LABELS unit)
