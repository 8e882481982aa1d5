#!/bin/sh
# From a fresh clone on Debian 12 to a finished replay of Operation United Front: installs what is missing, builds the
# broker and the command line, and runs the replay. Needs root or sudo for the first step only. Safe to run again.
set -eu

case ${1:-} in
  '') ;;
  -h | --help)
    cat <<'USAGE'
Usage: quickstart.sh

Installs what is missing (apt, as root or through sudo), builds musterd and muster, and replays Operation United Front
against a broker of its own. Takes a few minutes on two cores the first time.

Environment:
  MUSTER_JOBS   how many compilers run at once (default: one per processor and per 2 GB of memory)
USAGE
    exit 0
    ;;
  *)
    echo "quickstart.sh: unknown argument '$1'; see quickstart.sh --help" >&2
    exit 1
    ;;
esac

cd -- "$(dirname -- "$0")/.."
started_s=$(date +%s)

step() {
  echo
  echo "== $* (at $(($(date +%s) - started_s)) s)"
}

# One compiler per processor, but no more than memory allows: a file that uses gRPC takes up to 1.5 GB.
default_jobs() {
  processors=$(nproc)
  memory_gb=$(awk '/^MemTotal:/ { print int($2 / 1000000) }' /proc/meminfo)
  jobs=$((memory_gb / 2))
  [ "$jobs" -ge 1 ] || jobs=1
  [ "$jobs" -le "$processors" ] || jobs=$processors
  echo "$jobs"
}

step "1 of 3: what Muster needs"
sh deploy/install-dependencies.sh

step "2 of 3: building musterd and muster in build/dev"
cmake --preset dev
cmake --build --preset dev --parallel "${MUSTER_JOBS:-$(default_jobs)}" --target musterd muster

step "3 of 3: replaying Operation United Front (an exercise)"
build/dev/bin/muster demo united-front

cat <<NEXT

Done in $(($(date +%s) - started_s)) seconds. What to do next:
  build/dev/bin/muster --help                  every command, with examples
  sh certs-example/make-certs.sh --out certs   certificates for a broker of your own
  build/dev/bin/musterd --help                 starting that broker
  sh tests/run.sh                              all tests
  docs/ARCHITECTURE.md                         how it works
NEXT
