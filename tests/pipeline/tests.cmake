# unitmill_pipeline_test(NAME LABELS ...): tests/pipeline/test_NAME.bash drives the program itself.
function(unitmill_pipeline_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "LABELS")
  add_test(NAME pipeline.${name}
    COMMAND bash ${PROJECT_SOURCE_DIR}/tests/pipeline/test_${name}.bash)
  unitmill_test_properties(pipeline.${name} 2 ${arg_TIMEOUT} "${arg_LABELS}")
  set_tests_properties(pipeline.${name} PROPERTIES SKIP_RETURN_CODE 77)
endfunction()

unitmill_pipeline_test(main_job LABELS pipeline TIMEOUT 180)
unitmill_pipeline_test(bad_records LABELS pipeline fault TIMEOUT 120)
unitmill_pipeline_test(bad_files LABELS pipeline fault TIMEOUT 120)
unitmill_pipeline_test(stop LABELS pipeline fault TIMEOUT 120)
unitmill_pipeline_test(kill LABELS pipeline fault TIMEOUT 300)
unitmill_pipeline_test(full_disk LABELS pipeline fault TIMEOUT 180)
unitmill_pipeline_test(evaluate LABELS pipeline golden TIMEOUT 120)
unitmill_pipeline_test(inspect LABELS pipeline golden TIMEOUT 60)
unitmill_pipeline_test(feature_layers LABELS pipeline golden TIMEOUT 120)
unitmill_pipeline_test(embeddings LABELS pipeline golden TIMEOUT 180)
