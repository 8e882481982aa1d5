#!/bin/sh
# check_shell.sh <repository>: runs shellcheck over every shell script that git would commit, .ci/run included.
set -eu
cd -- "$1"
find . \( -path ./.git -o -path ./build -o -path ./certs \) -prune -o \
  -type f \( -name '*.sh' -o -path ./.ci/run \) -print | sort | xargs shellcheck
