#!/bin/sh
# quietly.sh <what to do when it fails> <command ...>: runs the command and shows what it wrote only when it fails.
set -eu

advice=$1
shift
status=0
output=$("$@" 2>&1) || status=$?
[ "$status" -eq 0 ] || printf '%s\n%s failed with status %s. %s\n' "$output" "$*" "$status" "$advice" >&2
exit "$status"
