add_test(NAME jobs.test_install_packages
  COMMAND ${CMAKE_CURRENT_LIST_DIR}/test_install_packages)
set_tests_properties(jobs.test_install_packages PROPERTIES TIMEOUT 30 LABELS unit)

add_test(NAME jobs.test_quickstart
  COMMAND ${CMAKE_CURRENT_LIST_DIR}/test_quickstart $<TARGET_FILE:unitmill>)
set_tests_properties(jobs.test_quickstart PROPERTIES TIMEOUT 300 PROCESSORS 2 LABELS pipeline)
