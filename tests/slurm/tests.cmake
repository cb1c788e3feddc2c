# unitmill_slurm_test(NAME TIMEOUT): tests/slurm/test_NAME.bash on a Slurm cluster of its own.
function(unitmill_slurm_test name timeout)
  if(UNITMILL_SANITIZE)
    return()
  endif()
  add_test(NAME slurm.${name} COMMAND bash ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/test_${name}.bash)
  unitmill_test_properties(slurm.${name} 2 ${timeout} slurm) # two hosts, a rank each
  set_tests_properties(slurm.${name} PROPERTIES SKIP_RETURN_CODE 77)
endfunction()

unitmill_slurm_test(time_limit 240) # the longest first: the others run beside it
unitmill_slurm_test(chain 120)
unitmill_slurm_test(lost_host 180)
unitmill_slurm_test(ends 180)
unitmill_slurm_test(placement 120)
