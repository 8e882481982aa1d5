#!/bin/sh
# Measures Muster and the brokers and databases that it is compared with, side by side on this machine, and writes
# build/bench/results.jsonl (one line for each run), table.md and *.svg there. See docs/PERFORMANCE.md.
# Installs nothing and starts no service: every server runs on loopback with a temporary folder, and is stopped.
set -eu

usage() {
  cat <<'USAGE'
Usage: compare.sh [--quick] [--pairs N] [--add] [goal ...]
       compare.sh --write-docs

Builds Muster and the load clients in build/release and measures the goals named, of P1 to P8, Cubes and Growth, or all.

  --quick       one short run of each and less of everything, in some six minutes: rough figures
  --pairs N     how many runs of each system (default 3, which takes an hour; 1 with --quick)
  --add         adds to the results that are there, of other goals
  --write-docs  measures nothing: puts the last run's table, plots and raw lines into docs/
  -h, --help    this text
USAGE
}

cd -- "$(dirname -- "$0")/../.."
compare=tests/bench/compare
case ${1:-} in
  -h | --help) usage; exit 0 ;;
  --write-docs) exec python3 "$compare/document.py" write . ;;
esac

missing=
# need <command or file> <Debian package>
need() {
  command -v "$1" >/dev/null || [ -e "$1" ] || missing="$missing $2"
}
PATH=$PATH:/usr/sbin
export PATH
need redis-server redis-server
need nats-server nats-server
need mosquitto mosquitto
need rabbitmq-server rabbitmq-server
need /usr/lib/postgresql/15/bin/postgres postgresql-15
need /usr/share/postgresql/15/extension/postgis.control postgresql-15-postgis-3
pkg-config --exists libpq || missing="$missing libpq-dev"
if [ -n "$missing" ]; then
  echo "compare.sh: not installed, and so not compared:$missing" >&2
  echo "compare.sh: as root: apt-get install --no-install-recommends$missing" >&2
  pkg-config --exists libpq || exit 1
fi

cmake --preset release -DMUSTER_PEER_BENCH=ON >/dev/null
cmake --build --preset release --parallel 2 --target musterd muster muster-peer-bench muster-deconflict-query \
  muster-restart-bench muster-growth-bench
exec python3 "$compare/compare.py" "$@"
