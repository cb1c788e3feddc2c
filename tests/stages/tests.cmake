add_library(sample_run STATIC stages/sample_run.c)
target_link_libraries(sample_run PUBLIC unitmill::stages test_support
  PRIVATE unitmill_defaults PkgConfig::HDF5)
unitmill_test(stages/test_audit.c USES sample_run PkgConfig::JANSSON m LABELS unit)
unitmill_test(stages/test_audit_tokens.c USES sample_run PkgConfig::JANSSON m LABELS unit)
unitmill_test(stages/test_status.c USES sample_run PkgConfig::JANSSON m LABELS unit)
unitmill_test(stages/test_export.c USES sample_run PkgConfig::HDF5 PkgConfig::JANSSON m LABELS unit)
unitmill_test(stages/test_encode_golden.c
  USES unitmill::stages PkgConfig::HDF5 m LABELS golden TIMEOUT 120)
unitmill_test(stages/test_unit_quality.c USES unitmill::stages m LABELS unit)
unitmill_test(stages/test_phone_tally.c USES unitmill::stages LABELS unit RANKS 1 3)
unitmill_test(stages/test_speech_features.c USES unitmill::stages LABELS golden long TIMEOUT 60)
unitmill_test(stages/test_recorded.c USES unitmill::stages m LABELS unit)
unitmill_test(stages/test_decode_image.c USES unitmill::stages m LABELS golden)

add_library(plain_run STATIC stages/plain_run.c)
target_link_libraries(plain_run PUBLIC unitmill::stages test_support PRIVATE unitmill_defaults)
unitmill_test(stages/test_shard_stage.c USES plain_run LABELS unit fault RANKS 1 3 TIMEOUT 60)
unitmill_test(stages/test_retry_rejects.c USES plain_run LABELS unit fault RANKS 1 3 TIMEOUT 60)
unitmill_test(stages/test_run_directory.c USES plain_run LABELS unit fault RANKS 1 3 TIMEOUT 60)

add_library(pack_shards STATIC stages/pack_shards.c)
target_link_libraries(pack_shards PUBLIC plain_run PRIVATE unitmill_defaults)
unitmill_test(stages/test_pack.c USES pack_shards LABELS unit RANKS 1 3 TIMEOUT 60)
unitmill_test(stages/test_pack_faults.c USES pack_shards LABELS unit fault RANKS 1 3 TIMEOUT 60)
# The sanitizers keep what was freed: no measure of memory.
if(NOT UNITMILL_SANITIZE)
  unitmill_test(stages/test_pack_size.c USES plain_run PkgConfig::JANSSON m LABELS unit long
    TIMEOUT 120)
endif()
unitmill_test(stages/test_job_script.c USES unitmill::stages LABELS unit)
unitmill_test(stages/test_job_request.c USES plain_run m LABELS unit)
unitmill_test(stages/test_slurm_jobs.c USES unitmill::stages LABELS unit)
