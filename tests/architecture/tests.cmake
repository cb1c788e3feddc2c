add_test(NAME architecture.includes
  COMMAND ${CMAKE_COMMAND} -DROOT=${PROJECT_SOURCE_DIR}
          -P ${CMAKE_CURRENT_LIST_DIR}/check_includes.cmake)
add_test(NAME architecture.check_includes
  COMMAND ${CMAKE_COMMAND} -DSCRATCH=${CMAKE_CURRENT_BINARY_DIR}/check_includes
          -P ${CMAKE_CURRENT_LIST_DIR}/test_check_includes.cmake)
set_tests_properties(architecture.includes architecture.check_includes PROPERTIES
  TIMEOUT 60 LABELS unit)
