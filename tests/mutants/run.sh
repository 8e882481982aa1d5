#!/bin/sh
# Plants faults in copies of source files, one at a time, and expects the tests to go red. See mutants.py.
#
#   run.sh [--only WORD] [PRESET or build folder]      (default: dev)
set -eu
exec python3 "$(dirname -- "$0")/mutants.py" "$@"
