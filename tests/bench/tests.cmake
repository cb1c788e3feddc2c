# Full-size nets: about a minute and a half; several under the sanitizers, where it counts as long.
set(bench_labels pipeline)
if(UNITMILL_SANITIZE)
  list(APPEND bench_labels long)
endif()
unitmill_test(bench/test_bench.c USES unitmill::bench PkgConfig::JANSSON LABELS ${bench_labels}
  TIMEOUT 300)
set_tests_properties(bench.test_bench PROPERTIES PROCESSORS 2)
