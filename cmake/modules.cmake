# What all of our own code is compiled with. Linked privately, so it never reaches a dependency.
#
# One binary serves every x86-64 node, so there is no -march here; kernels that gain from wider
# vectors are compiled for several of them (nn/multiversion.h). Floating-point traps and errno are
# not used anywhere, and saying so lets loops with sqrtf, rintf and comparisons vectorise.
add_library(unitmill_defaults INTERFACE)
target_compile_features(unitmill_defaults INTERFACE c_std_17)
target_compile_definitions(unitmill_defaults INTERFACE _GNU_SOURCE
  UNITMILL_VERSION="${PROJECT_VERSION}")
target_compile_options(unitmill_defaults INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes
  -Wvla -fno-math-errno -fno-trapping-math $<$<CONFIG:Release>:-O3>
  $<$<BOOL:${UNITMILL_WERROR}>:-Werror>)
if(UNITMILL_SANITIZE)
  target_compile_options(unitmill_defaults INTERFACE
    -fsanitize=${UNITMILL_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(unitmill_defaults INTERFACE -fsanitize=${UNITMILL_SANITIZE})
endif()

# unitmill_module(storage SOURCES shard.c USES unitmill::cluster PRIVATE_USES PkgConfig::HDF5)
# A static library with the alias unitmill::<name>; headers are included from the project root.
function(unitmill_module name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;USES;PRIVATE_USES")
  add_library(${name} STATIC ${arg_SOURCES})
  add_library(unitmill::${name} ALIAS ${name})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${arg_USES} PRIVATE unitmill_defaults ${arg_PRIVATE_USES})
endfunction()

# unitmill_test(core/test_plan.c USES unitmill::core LABELS unit [RANKS 1 3] [TIMEOUT 30])
# One executable; without RANKS one CTest entry that runs it as it is, with RANKS one entry for
# each rank count, under mpirun. A test that hangs fails after TIMEOUT seconds.
function(unitmill_test source)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "USES;RANKS;LABELS")
  cmake_path(GET source STEM stem)
  cmake_path(GET source PARENT_PATH folder)
  string(REPLACE "/" "." prefix "${folder}")
  set(name "${prefix}.${stem}")
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 30)
  endif()
  if(UNITMILL_SANITIZE)
    math(EXPR arg_TIMEOUT "${arg_TIMEOUT} * 5")
  endif()
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE test_support unitmill_defaults ${arg_USES})
  if(NOT arg_RANKS)
    add_test(NAME ${name} COMMAND ${name})
    unitmill_test_properties(${name} 1 ${arg_TIMEOUT} "${arg_LABELS}")
  endif()
  foreach(ranks IN LISTS arg_RANKS)
    add_test(NAME ${name}.${ranks}
      COMMAND ${MPIEXEC_EXECUTABLE} --oversubscribe --allow-run-as-root --bind-to none
              ${MPIEXEC_NUMPROC_FLAG} ${ranks} $<TARGET_FILE:${name}>)
    unitmill_test_properties(${name}.${ranks} ${ranks} ${arg_TIMEOUT} "${arg_LABELS}")
  endforeach()
endfunction()

# Several tests share the cores, so ranks that wait give way.
function(unitmill_test_properties name ranks timeout labels)
  if(ranks GREATER 2)
    set(processors 2)
  else()
    set(processors ${ranks})
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${timeout} PROCESSORS ${processors} LABELS "${labels}"
    ENVIRONMENT "OPENBLAS_NUM_THREADS=1;OMPI_MCA_mpi_yield_when_idle=1;UNITMILL_SOURCE=${PROJECT_SOURCE_DIR};UNITMILL_BINARY=$<TARGET_FILE:unitmill>;${UNITMILL_TEST_ENVIRONMENT}")
endfunction()
