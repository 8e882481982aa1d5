#!/bin/sh
# Runs one test file of this folder with Node. Exit code 77, which ctest calls skipped, where a program is missing.
set -eu

for tool in node openssl protoc; do
  command -v "$tool" >/dev/null || { echo "skipped: $tool is not installed (deploy/install-dependencies.sh --tests)"; exit 77; }
done
if ! command -v chromium >/dev/null && [ -z "${CHROMIUM:-}" ]; then
  echo "skipped: chromium is not installed (deploy/install-dependencies.sh --tests)"
  exit 77
fi
exec node --test --test-reporter=spec "$@"
