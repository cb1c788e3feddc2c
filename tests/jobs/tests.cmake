add_test(NAME jobs.test_install_packages
  COMMAND ${CMAKE_CURRENT_LIST_DIR}/test_install_packages)
unitmill_test_properties(jobs.test_install_packages 1 30 unit)

add_test(NAME jobs.test_documents
  COMMAND ${CMAKE_CURRENT_LIST_DIR}/test_documents $<TARGET_FILE:unitmill>)
unitmill_test_properties(jobs.test_documents 1 30 unit)

add_test(NAME jobs.test_quickstart
  COMMAND ${CMAKE_CURRENT_LIST_DIR}/test_quickstart $<TARGET_FILE:unitmill>)
unitmill_test_properties(jobs.test_quickstart 2 300 pipeline)
