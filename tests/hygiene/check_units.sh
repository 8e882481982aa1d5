#!/bin/sh
# check_units.sh <repository>: the systemd units are well formed and hardened (exposure at most 2.0), the check finds a unit
# that is not, and the files for users and folders can be read.
set -eu
repository=$(cd -- "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# The programs are not installed here: anything that exists stands for them.
for unit in "$repository"/deploy/systemd/*.service; do
  name=$(basename "$unit")
  sed -E 's#^(Exec[A-Za-z]*=)/usr/bin/[^ ]*#\1/bin/true#' "$unit" >"$work/$name"
  # Unknown settings are warnings to systemd; here they are faults.
  systemd-analyze verify "$work/$name" >"$work/log" 2>&1 || echo "refused" >>"$work/log"
  if [ -s "$work/log" ]; then
    echo "$name is not well formed:"
    cat "$work/log"
    failed=1
  fi
  # --threshold counts in tenths of a point.
  systemd-analyze security --no-pager --offline=true --threshold=20 "$work/$name" >"$work/log" 2>&1 || {
    echo "$name is more exposed than 2.0:"
    grep -v '^✓' "$work/log"
    failed=1
  }
  grep 'Overall exposure' "$work/log"

  sed '/^CapabilityBoundingSet=/d; /^ProtectSystem=/d; /^SystemCallFilter=/d' "$work/$name" >"$work/planted.service"
  if systemd-analyze security --no-pager --offline=true --threshold=20 "$work/planted.service" >/dev/null 2>&1; then
    echo "the check does not notice that hardening was taken out of $name"
    failed=1
  fi
done

systemd-sysusers --dry-run "$repository/deploy/sysusers.d/muster.conf" >"$work/log" 2>&1 || {
  echo "sysusers.d/muster.conf cannot be read:"
  cat "$work/log"
  failed=1
}
# Its users exist where the first file was installed; here one folder without them shows that it can be read.
mkdir "$work/root"
systemd-tmpfiles --create --root="$work/root" "$repository/deploy/tmpfiles.d/muster.conf" >"$work/log" 2>&1 || true
[ -d "$work/root/etc/muster" ] || {
  echo "tmpfiles.d/muster.conf cannot be read:"
  cat "$work/log"
  failed=1
}
exit "$failed"
