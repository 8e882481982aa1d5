#!/bin/sh
# Everything that must pass before a change goes in, from a fresh clone on Debian 12: installs what is missing, builds,
# and runs the static checks, the tests under the sanitizers, the planted faults, and last the main suite.
# Runs every step even when an earlier one failed, and exits with 1 if any did.
set -eu

usage() {
  cat <<'USAGE'
Usage: run.sh [--quick]

  --quick     only the static checks and the main suite: no sanitizers, no planted faults, no fault harness
  -h, --help  this text

Environment:
  MUSTER_JOBS        compilers and tests at once (default: 2)
  MUSTER_TEST_SEED   the seed of the random tests, to repeat a run
USAGE
}

quick=no
for argument; do
  case $argument in
    --quick) quick=yes ;;
    -h | --help) usage; exit 0 ;;
    *)
      echo "run.sh: unknown argument '$argument'; see run.sh --help" >&2
      exit 1
      ;;
  esac
done

cd -- "$(dirname -- "$0")/.."
jobs=${MUSTER_JOBS:-2}
timings=
failed=

# run_step <name> <command ...>: runs and times it; returns its status and remembers a failure.
run_step() {
  name=$1
  shift
  echo
  echo "== $name: $*"
  step_started_s=$(date +%s)
  status=0
  "$@" || status=$?
  timings="$timings
$(printf '  %5d s  %s' $(($(date +%s) - step_started_s)) "$name")"
  [ "$status" -eq 0 ] || failed="$failed '$name'"
  return "$status"
}

# Stops at once: without this step the others say nothing.
must_step() {
  run_step "$@" || {
    echo "run.sh: '$1' failed (its messages are above); nothing else was run" >&2
    exit 1
  }
}

# Sanitizers stop the test at the first finding. ThreadSanitizer of GCC 12 cannot start under the widest address
# randomisation of newer kernels: turn it off where that is allowed.
UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1
LSAN_OPTIONS=suppressions=$PWD/tests/hygiene/lsan.supp:print_suppressions=0
export UBSAN_OPTIONS TSAN_OPTIONS LSAN_OPTIONS
fixed_addresses=
if setarch "$(uname -m)" -R true 2>/dev/null; then
  fixed_addresses="setarch $(uname -m) -R"
fi

# kept_in <file> <command ...>: what the command prints is shown when it ends, and kept: parts of it are shown again at
# the end.
# shellcheck disable=SC2317
kept_in() {
  kept=$1
  shift
  kept_status=0
  "$@" >"$kept" 2>&1 || kept_status=$?
  cat "$kept"
  return "$kept_status"
}

# sanitize <preset> <labels left out> <prefix ...>: builds the preset and runs its tests. Building lists each program's
# tests by running it, so that the prefix is for both.
sanitize() {
  preset=$1
  left_out=$2
  shift 2
  run_step "$preset: configure" cmake --preset "$preset" &&
    run_step "$preset: build" "$@" cmake --build --preset "$preset" --parallel "$jobs" &&
    run_step "$preset: tests" kept_in "build/$preset/tests.txt" \
      "$@" ctest --preset "$preset" --parallel "$jobs" --label-exclude "$left_out"
}

# Whoever sees only the end of the output sees why the sanitizers' tests or the fault harness failed.
why_failed() {
  case $failed in *"'fault harness'"*) sed -n '/^VIOLATION/p; /NOTHING/p; /NOT TRIED/p' build/dev/faults.txt ;; esac
  for preset in asan tsan; do
    case $failed in *"'$preset: tests'"*) ;; *) continue ;; esac
    grep -E 'SUMMARY: |ERROR: |WARNING: Thread|runtime error:|: Failure$|\*\*\*(Failed|Timeout|Exception)' \
      "build/$preset/tests.txt" | sed "s/^/$preset: /" | head -n 40
    sed -n '/^The following tests FAILED/,$p' "build/$preset/tests.txt"
  done
}

must_step "dependencies" sh deploy/install-dependencies.sh --tests
must_step "dev: configure" cmake --preset dev
run_step "static checks" ctest --preset dev --label-regex '^static$' || true
must_step "dev: build" cmake --build --preset dev --parallel "$jobs"

if [ "$quick" = no ]; then
  sanitize asan '^(slow|static)$' || true
  # Unquoted: a command with its arguments, or nothing.
  # shellcheck disable=SC2086
  sanitize tsan '^(slow|static)$' $fixed_addresses || true
  if [ -f tests/mutants/run.sh ]; then
    run_step "planted faults" sh tests/mutants/run.sh || true
  fi
  run_step "fault harness" kept_in build/dev/faults.txt sh tests/faults/run.sh || true
fi

echo
echo "Seconds by step, before the main suite:$timings"
[ "$quick" = yes ] || { echo; cat build/dev/faults.txt; }
[ -z "$failed" ] || echo "FAILED so far:$failed"

echo
echo "== main suite"
status=0
ctest --preset dev --parallel "$jobs" || status=$?
if [ -n "$failed" ]; then
  why_failed 2>/dev/null | cut -c1-300 >&2 || true
  echo "run.sh: failed before the main suite:$failed" >&2
  exit 1
fi
exit "$status"
