#!/bin/sh
# The proof that nothing is lost: breaks real brokers and command posts in every way this machine can, checks what is
# left, and plants faults to show that it would be noticed. See docs/RELIABILITY.md.
set -eu

usage() {
  cat <<'USAGE'
Usage: run.sh [--quick | --unplanted] [-o table|json] [--seed N] [--build DIR]

  --quick      about two minutes: some of everything, and no planted faults
  --unplanted  everything but the planted faults
  -o FORMAT    table (default) or json: faults by kind, what was acknowledged, lost, duplicated, reordered, the
               planted faults and which were caught, and what was skipped, with the reason
  --seed N     of everything random (default 1)
  --build DIR  the build to use (default: build/dev)
  -h, --help   this text

Exits with 1 when anything was lost, duplicated, reordered or wrong, or a planted fault survived.
USAGE
}

fail() {
  echo "run.sh: $*" >&2
  exit 2
}

root=$(cd -- "$(dirname -- "$0")/../.." && pwd)
build=$root/build/dev
output=table
quick=no
planted=yes
seed=1
while [ $# -gt 0 ]; do
  case $1 in
    --quick) quick=yes planted=no ;;
    --unplanted) planted=no ;;
    -o | --seed | --build)
      [ $# -gt 1 ] || fail "$1 needs a value"
      case $1 in
        -o) output=$2 ;;
        --seed) seed=$2 ;;
        --build) build=$2 ;;
      esac
      shift
      ;;
    -h | --help) usage; exit 0 ;;
    *) fail "unknown argument '$1'; see run.sh --help" ;;
  esac
  shift
done
case $output in table | json) ;; *) fail "-o '$output' must be table or json" ;; esac
PATH=$PATH:/usr/sbin:/sbin
jobs=${MUSTER_JOBS:-2}

[ -f "$build/build.ninja" ] || fail "$build is not configured; run: cmake --preset dev"
cmake --build "$build" --parallel "$jobs" --target musterd muster-agent muster-faults >&2 || fail "the build failed"

# Everything is made below these two and goes with them. Mounts and networks are in namespaces of the harness's own.
work=$(mktemp -d "${TMPDIR:-/tmp}/muster-faults-XXXXXX")
memory=$work
[ ! -w /dev/shm ] || memory=$(mktemp -d /dev/shm/muster-faults-XXXXXX)
lanes=
clean_up() {
  # Whatever still runs has been started by these and ends with them.
  for lane in $lanes; do
    kill "$lane" 2>/dev/null || true
  done
  rm -rf "$work" "$memory"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

faults=$build/bin/muster-faults
if [ -z "${MUSTER_TEST_CERTIFICATES:-}" ]; then
  sh "$root/certs-example/make-certs.sh" --out "$work/certificates" >/dev/null
  export MUSTER_TEST_CERTIFICATES="$work/certificates"
fi

# run_scenario <folder> <scenario> [arguments]: its report goes to $work/SCENARIO.json.
run_scenario() {
  folder=$1
  shift
  TMPDIR=$folder "$faults" "$@" --seed "$seed" -o json >"$work/$1.json" || true
}

# Two lanes: one that computes, and one that mostly waits for disks, timeouts and the network.
computing() {
  run_scenario "$memory" sweep_store --count "$1"
  run_scenario "$memory" sweep_broker --count "$2"
}
waiting() {
  run_scenario "$work" kills --count "$1" --time-limit 240
  run_scenario "$work" power_cuts --count "$2" --time-limit 200
  run_scenario "$memory" injected --count "$3" --time-limit 150
  run_scenario "$memory" network --count "$4" --time-limit 120
  run_scenario "$work" disk_full --count "$5" --time-limit 60
  run_scenario "$memory" clock_jumps --count "$6" --time-limit 60
  run_scenario "$memory" descriptors --count "$7" --time-limit 60
  run_scenario "$memory" stopped_reader --count "$8" --time-limit 60
  run_scenario "$memory" week_off_line --count "$9" --time-limit 120
}
# Six processes under attack, and the posts: they begin when the machine is free.
clustered() {
  run_scenario "$memory" cluster_kills --count "$1" --time-limit 450
  run_scenario "$memory" cluster_partitions --count "$2" --time-limit 180
  run_scenario "$memory" cluster_etcd_disk_full --count "$3" --time-limit 60
  run_scenario "$memory" cluster_clock_jumps --count "$4" --time-limit 60
}

# `wait` ends when a signal comes, so that the traps above run at once.
await_lanes() {
  for lane in $lanes; do
    wait "$lane" || true
  done
  lanes=
}
if [ "$quick" = yes ]; then
  computing 60 60 &
  lanes=$!
  waiting 36 20 6 2 2 4 2 1 500 &
else
  computing 1 1 &
  lanes=$!
  waiting 160 210 120 12 6 16 4 2 10000 &
fi
lanes="$lanes $!"
await_lanes
if [ "$quick" = yes ]; then
  clustered 8 2 2 2 &
else
  clustered 230 40 10 24 &
fi
lanes=$!
await_lanes

skipped=
if [ "$planted" = no ]; then
  skipped="planted faults: left out on request"
else
  TMPDIR=$memory python3 "$root/tests/faults/mutants.py" --trust -o json "$build" >"$work/mutants.out" &
  lanes=$!
  wait "$lanes" || true
  # Ninja speaks first.
  sed -n '/^{/,$p' "$work/mutants.out" >"$work/mutants.json"
  lanes=
fi
python3 "$root/tests/faults/summary.py" "$output" "$skipped" "$work"/*.json
