#!/bin/sh
# Runs the fault harness again and again with new seeds until the time is over, and writes what it found.
set -eu

usage() {
  cat <<'USAGE'
Usage: soak.sh --hours N [--out DIR] [--build DIR]

  --hours N    how long; a fraction such as 0.5 is fine. The round that is under way then is finished.
  --out DIR    where soak.md and soak.json, and a report of every round, go (default: soak-DATE)
  --build DIR  as of run.sh

Exits with 1 if any round found anything.
USAGE
}

fail() {
  echo "soak.sh: $*" >&2
  exit 2
}

root=$(cd -- "$(dirname -- "$0")/../.." && pwd)
build=$root/build/dev
hours=
out=soak-$(date -u +%Y%m%dT%H%M%SZ)
while [ $# -gt 0 ]; do
  case $1 in
    --hours | --out | --build)
      [ $# -gt 1 ] || fail "$1 needs a value"
      case $1 in
        --hours) hours=$2 ;;
        --out) out=$2 ;;
        --build) build=$2 ;;
      esac
      shift
      ;;
    -h | --help) usage; exit 0 ;;
    *) fail "unknown argument '$1'; see soak.sh --help" ;;
  esac
  shift
done
seconds=$(awk -v hours="$hours" 'BEGIN { if (hours !~ /^[0-9]+(\.[0-9]+)?$/ || hours <= 0) exit 1; print int(hours * 3600) }') ||
  fail "--hours '$hours' must be a number greater than 0"
mkdir -p "$out"

began=$(date +%s)
end=$((began + seconds))
round=0
failed=0
while [ "$(date +%s)" -lt "$end" ]; do
  round=$((round + 1))
  seed=$((began % 1000000 + round))
  # Planted faults are the same every time: the first round tries them.
  mode=--unplanted
  [ "$round" -gt 1 ] || mode=
  # Unquoted: an argument, or none.
  # shellcheck disable=SC2086
  if sh "$root/tests/faults/run.sh" $mode -o json --seed "$seed" --build "$build" >"$out/round-$seed.json" 2>"$out/round-$seed.log"; then
    rm -f "$out/round-$seed.log"
  else
    failed=$((failed + 1))
  fi
done

status=0
python3 "$root/tests/faults/summary.py" json "" "$out"/round-*.json >"$out/soak.json" || status=1
{
  echo "# Soak of $(date -u -d "@$began" +%Y-%m-%d)"
  echo
  echo "$round rounds in $(($(date +%s) - began)) s from seed $((began % 1000000 + 1)) on; $failed of them found something."
  echo
  echo '```'
  python3 "$root/tests/faults/summary.py" table "" "$out"/round-*.json || true
  echo '```'
} >"$out/soak.md"
echo "$out/soak.md"
exit "$status"
