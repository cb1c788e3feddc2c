unitmill_test(bench/test_bench.c USES unitmill::bench PkgConfig::JANSSON LABELS pipeline TIMEOUT 240)
set_tests_properties(bench.test_bench PROPERTIES PROCESSORS 2)
