#!/bin/sh
# run_if_installed.sh <tool> <command> [arguments ...]: runs the command, or exits with 77 (skipped) without the tool.
set -eu
tool=$1
shift
command -v "$tool" >/dev/null || {
  echo "SKIP: $tool is not installed; deploy/install-dependencies.sh --tests installs it"
  exit 77
}
exec "$@"
