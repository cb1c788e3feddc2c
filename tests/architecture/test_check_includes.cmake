# Proves that check_includes.cmake can fail: plants small trees and expects its verdict on each.
#
#     cmake -DSCRATCH=<empty folder> -P test_check_includes.cmake
cmake_minimum_required(VERSION 3.25)
set(checker "${CMAKE_CURRENT_LIST_DIR}/check_includes.cmake")
set(mistakes "")
set(case_count 0)

# Checks a tree that holds nothing but `source` with that line of C in it, and what is sound.
function(judge verdict source line)
  set(tree "${SCRATCH}/tree")
  file(REMOVE_RECURSE "${tree}")
  file(WRITE "${tree}/core/status.h" "#include <stddef.h>\n")
  file(WRITE "${tree}/${source}" "/* planted; [ */\n#include <stdio.h>\n${line}\nint x[2] = { 1; };\n")
  execute_process(COMMAND "${CMAKE_COMMAND}" "-DROOT=${tree}" -P "${checker}"
    RESULT_VARIABLE outcome OUTPUT_QUIET ERROR_VARIABLE said)
  string(REGEX MATCH "[<\"].*[>\"]" named "${line}")
  set(${verdict} "sound" PARENT_SCOPE)
  if(NOT outcome EQUAL 0)
    string(FIND "${said}" "${source} includes ${named}" at)
    if(at EQUAL -1)
      set(${verdict} "broken, but not named: ${said}" PARENT_SCOPE)
    else()
      set(${verdict} "broken" PARENT_SCOPE)
    endif()
  endif()
endfunction()

macro(expect wanted source line)
  judge(verdict "${source}" "${line}")
  if(NOT verdict STREQUAL "${wanted}")
    list(APPEND mistakes "${source} with '${line}' is ${verdict}, expected ${wanted}")
  endif()
  math(EXPR case_count "${case_count} + 1")
endmacro()

# Downwards and at the door
expect(sound "storage/shard.c" "#include \"core/status.h\"")
expect(sound "storage/shard.c" "#include \"storage/json.h\"")
expect(sound "storage/json.c" "#include <jansson.h>")
expect(sound "scenes/draw.c" "#include <cairo.h>")
expect(sound "cluster/team.c" "#include <mpi.h>")
expect(sound "cluster/team.c" "#include <sys/wait.h>")
expect(sound "nn/norm.c" "#include <immintrin.h>")
expect(sound "tokenizers/speech/hubert.c" "#include \"nn/matmul.h\"")
expect(sound "stages/speak/speak.c" "#include \"tts/voice.h\"")
expect(sound "stages/speak/speak.c" "#include \"stages/speak/lines.h\"")
expect(sound "stages/speak/speak.c" "#include \"stages/stage.h\"")
expect(sound "stages/speak/voices/list.c" "#include \"stages/speak/lines.h\"")
expect(sound "stages/main.c" "#include \"stages/speak/speak.h\"")
expect(sound "stages/main.c" "#include \"bench/bench.h\"")
expect(sound "tests/core/test_x.c" "#include \"stages/speak/speak.h\"")

# Upwards
expect(broken "core/random.c" "#include \"cluster/team.h\"")
expect(broken "nn/matmul.c" "#include \"models/vocoder.h\"")
expect(broken "storage/shard.h" "#include \"stages/pack/pack.h\"")
expect(broken "bench/read.c" "#include \"stages/pack/pack.h\"")
expect(broken "stages/stage.h" "#include \"stages/pack/pack.h\"")

# Sideways
expect(broken "nn/matmul.c" "#include \"cluster/team.h\"")
expect(broken "scenes/draw.c" "#include \"storage/jpeg_image.h\"")
expect(broken "tts/voice.c" "#include \"storage/audio_file.h\"")
expect(broken "tokenizers/speech/hubert.c" "#include \"cluster/team.h\"")
expect(broken "stages/pack/pack.c" "#include \"stages/speak/speak.h\"")
expect(broken "stages/speak/speak.c" "#include \"stages/speaker/lines.h\"")

# A second door
expect(broken "storage/shard.c" "#include <jpeglib.h>")
expect(broken "stages/pack/pack.c" "#include <hdf5.h>")
expect(broken "stages/pack/pack.c" "#include <jansson.h>")
expect(broken "tokenizers/vq.c" "#include <mpi.h>")
expect(broken "nn/norm.c" "#include <cblas.h>")
expect(broken "scenes/scene.c" "#include <cairo.h>")
expect(broken "core/plan.c" "#include <cyaml/cyaml.h>")
expect(broken "tokenizers/vq.c" "#include <immintrin.h>")

# Unknown, and other ways to write it
expect(broken "core/random.c" "#include <glib.h>")
expect(broken "core/random.c" "#include \"random_table.h\"")
expect(broken "core/random.c" "#include \"../cluster/team.h\"")
expect(broken "core/random.c" "#include \"core/../cluster/team.h\"")
expect(broken "storage/shard.c" "#  include   <jpeglib.h> /* why; not [ */")
expect(broken "storage/shard.c" "#include \"jpeglib.h\"")

# A folder of no layer, and a tree of nothing
file(REMOVE_RECURSE "${SCRATCH}/tree")
file(WRITE "${SCRATCH}/tree/helpers/text.c" "#include <stdio.h>\n")
execute_process(COMMAND "${CMAKE_COMMAND}" "-DROOT=${SCRATCH}/tree" -P "${checker}"
  RESULT_VARIABLE outcome OUTPUT_QUIET ERROR_VARIABLE said)
if(outcome EQUAL 0 OR NOT said MATCHES "helpers/text.c belongs to no layer")
  list(APPEND mistakes "a folder of no layer passes")
endif()
file(REMOVE_RECURSE "${SCRATCH}/tree")
file(MAKE_DIRECTORY "${SCRATCH}/tree")
execute_process(COMMAND "${CMAKE_COMMAND}" "-DROOT=${SCRATCH}/tree" -P "${checker}"
  RESULT_VARIABLE outcome OUTPUT_QUIET ERROR_QUIET)
if(outcome EQUAL 0)
  list(APPEND mistakes "a tree without sources passes")
endif()
file(REMOVE_RECURSE "${SCRATCH}/tree")

if(mistakes)
  list(JOIN mistakes "\n  " text)
  message(FATAL_ERROR "The include check judges wrongly:\n  ${text}")
endif()
message(STATUS "${case_count} planted includes judged rightly")
