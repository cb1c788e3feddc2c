unitmill_test(scenes/test_scene.c USES unitmill::scenes m LABELS unit)
unitmill_test(scenes/test_caption.c USES unitmill::scenes LABELS unit)
unitmill_test(scenes/test_draw.c USES unitmill::scenes LABELS unit)

if(NOT TARGET stage_scenes)
  unitmill_module(stage_scenes
    SOURCES
      ${PROJECT_SOURCE_DIR}/stages/scenes/scene_lines.c
      ${PROJECT_SOURCE_DIR}/stages/scenes/scenes.c
    USES unitmill::scenes unitmill::storage)
endif()
unitmill_test(scenes/test_scenes_make.c USES stage_scenes PkgConfig::JANSSON LABELS unit)
