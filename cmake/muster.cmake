# How every library, program and test of Muster is declared. One library per folder; nothing here touches CMAKE_CXX_FLAGS.

add_library(muster_warnings INTERFACE)
target_compile_options(muster_warnings INTERFACE -Wall -Wextra -Wshadow -Wconversion $<$<BOOL:${MUSTER_WERROR}>:-Werror>)

add_library(muster_options INTERFACE)
target_include_directories(muster_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_definitions(muster_options INTERFACE $<$<BOOL:${MUSTER_FAILPOINTS}>:MUSTER_FAILPOINTS>)
if(MUSTER_SANITIZE)
  target_compile_options(muster_options INTERFACE -fsanitize=${MUSTER_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(muster_options INTERFACE -fsanitize=${MUSTER_SANITIZE})
endif()

# Two sets of precompiled headers, each compiled once: `core` for everything, `grpc` for what serves or calls RPCs.
function(muster_precompiled name)
  cmake_parse_arguments(ARG "" "" "HEADERS;LIBS" ${ARGN})
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/pch/${name}.cc CONTENT "// Compiles the precompiled headers `${name}`.\n")
  add_library(muster_pch_${name} OBJECT ${CMAKE_BINARY_DIR}/pch/${name}.cc)
  target_link_libraries(muster_pch_${name} PRIVATE muster_options ${ARG_LIBS})
  target_precompile_headers(muster_pch_${name} PRIVATE ${ARG_HEADERS})
endfunction()

# muster_library(<name> [PCH core|grpc] SRCS ... DEPS ...): library muster_<name> with alias muster::<name>.
function(muster_library name)
  cmake_parse_arguments(ARG "" "PCH" "SRCS;DEPS;PRIVATE_DEPS" ${ARGN})
  add_library(muster_${name} STATIC ${ARG_SRCS})
  add_library(muster::${name} ALIAS muster_${name})
  target_link_libraries(muster_${name} PUBLIC muster_options ${ARG_DEPS} PRIVATE muster_warnings ${ARG_PRIVATE_DEPS})
  muster_use_precompiled(muster_${name} "${ARG_PCH}")
endfunction()

# muster_program(<name> [PCH core|grpc] SRCS ... DEPS ...): executable bin/<name>.
function(muster_program name)
  cmake_parse_arguments(ARG "" "PCH" "SRCS;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SRCS})
  target_link_libraries(${name} PRIVATE muster_options muster_warnings ${ARG_DEPS})
  muster_use_precompiled(${name} "${ARG_PCH}")
endfunction()

# muster_test(<name> [PCH core|grpc] [TIMEOUT seconds] [LABELS ...] SRCS ... DEPS ...): one GoogleTest binary, each test
# known to ctest by its own name.
function(muster_test name)
  cmake_parse_arguments(ARG "" "PCH;TIMEOUT" "SRCS;DEPS;LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  add_executable(${name} ${ARG_SRCS})
  target_link_libraries(${name} PRIVATE muster_options muster_warnings ${ARG_DEPS} GTest::gmock GTest::gtest GTest::gtest_main)
  muster_use_precompiled(${name} "${ARG_PCH}")
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}")
endfunction()

# muster_pure_test(...): a muster_test of code without threads, which a build for ThreadSanitizer leaves out.
function(muster_pure_test)
  if(MUSTER_PURE_TESTS)
    muster_test(${ARGN})
  endif()
endfunction()

function(muster_use_precompiled target set)
  if(set STREQUAL "")
    set(set core)
  endif()
  if(NOT set STREQUAL "none")
    target_precompile_headers(${target} REUSE_FROM muster_pch_${set})
  endif()
endfunction()

include(GoogleTest)
