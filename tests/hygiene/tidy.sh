#!/bin/sh
# Runs clang-tidy with the checks of .clang-tidy. Slow, so not part of ctest: run it on what you changed.
set -eu

case ${1:-} in
  -h | --help)
    cat <<'USAGE'
Usage: tidy.sh [FILE ...]

Checks the given .cc files, or all of them. Needs clang-tidy and a built dev preset (build/dev), whose generated headers
it reads; MUSTER_BUILD names another build folder.

Example:
  sh tests/hygiene/tidy.sh common/*.cc
USAGE
    exit 0
    ;;
esac

fail() {
  echo "tidy.sh: $*" >&2
  exit 1
}

top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
build=${MUSTER_BUILD:-$top/build/dev}
command -v clang-tidy >/dev/null || fail "clang-tidy is not installed; try: apt-get install clang-tidy"
[ -f "$build/compile_commands.json" ] || fail "$build is not configured; run: cmake --preset dev"

# Clang cannot read the precompiled headers that GCC made, so leave them out.
commands=$(mktemp -d)
trap 'rm -rf -- "$commands"' EXIT
sed -E 's# -Winvalid-pch##; s# -include [^ ]*cmake_pch[.]hxx##' "$build/compile_commands.json" \
  >"$commands/compile_commands.json"

if [ $# -eq 0 ]; then
  cd -- "$top"
  # No path in the repository holds a space.
  # shellcheck disable=SC2046
  set -- $(find common server client tests -name '*.cc' | sort)
fi
printf '%s\n' "$@" | xargs -P "$(nproc)" -n 4 clang-tidy --quiet -p "$commands"
