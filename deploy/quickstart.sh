#!/bin/sh
# From a fresh clone on Debian 12 to a finished replay of Operation United Front: installs what is missing, builds the
# broker and the command line, and runs the replay; with --dashboard, in the browser too. Needs root or sudo for the
# first step only. Safe to run again.
set -eu

dashboard=no
case ${1:-} in
  '') ;;
  --dashboard) dashboard=yes ;;
  -h | --help)
    cat <<'USAGE'
Usage: quickstart.sh [--dashboard]

Installs what is missing (apt, as root or through sudo), builds musterd and muster, and replays Operation United Front
against a broker of its own. Takes a few minutes on two cores the first time.

  --dashboard   also builds muster-gateway and the dashboard (with npm), shows the replay in the browser, slowed down to
                about three minutes, and serves it until Ctrl-C
  -h, --help    this text

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
[ $# -le 1 ] || {
  echo "quickstart.sh: one argument at most; see quickstart.sh --help" >&2
  exit 1
}

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

# What to do when the replay is over.
next_steps() {
  cat <<NEXT

Done in $(($(date +%s) - started_s)) seconds. What to do next:
  sh deploy/quickstart.sh --dashboard          the same in your browser, slowed down
  build/dev/bin/muster --help                  every command, with examples
  sh certs-example/make-certs.sh --out certs   certificates for a broker of your own
  build/dev/bin/musterd --help                 starting that broker
  sh tests/run.sh                              all tests
  docs/ARCHITECTURE.md                         how it works
NEXT
}

targets="musterd muster"
install_options=
if [ "$dashboard" = yes ]; then
  targets="$targets muster-gateway dashboard"
  install_options=--dashboard
fi

step "1 of 3: what Muster needs"
# Unquoted: an option, or nothing.
# shellcheck disable=SC2086
sh deploy/install-dependencies.sh $install_options

step "2 of 3: building $targets in build/dev"
cmake --preset dev
# Unquoted: several words.
# shellcheck disable=SC2086
cmake --build --preset dev --parallel "${MUSTER_JOBS:-$(default_jobs)}" --target $targets

step "3 of 3: replaying Operation United Front (an exercise)"
if [ "$dashboard" = yes ]; then
  # It serves until Ctrl-C, which this script must outlive to say what comes next.
  trap : INT
  build/dev/bin/muster demo united-front --dashboard
else
  build/dev/bin/muster demo united-front
fi
next_steps
