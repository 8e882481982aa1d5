#!/bin/sh
# check_install.sh <repository> <build folder>: what is installed is complete: every program of ours that a unit starts, the
# units themselves, and the web application where it was built.
set -eu
repository=$(cd -- "$1" && pwd)
build=$(cd -- "$2" && pwd)
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
failed=0

missing() {
  echo "not installed: $*; see the install rules in CMakeLists.txt"
  failed=1
}

cmake --install "$build" --prefix "$root/usr" >"$root/log" 2>&1 || {
  cat "$root/log"
  exit 1
}
for unit in "$repository"/deploy/systemd/*.service; do
  [ -f "$root/usr/lib/systemd/system/$(basename "$unit")" ] || missing "$(basename "$unit")"
  sed -n -E 's#^Exec[A-Za-z]*=(/usr/bin/muster[^ ]+).*#\1#p' "$unit" | sort -u >"$root/programs"
  while read -r program; do
    [ -x "$root$program" ] || missing "$program, which $(basename "$unit") starts"
  done <"$root/programs"
done
if [ -d "$build/dashboard/dist" ]; then
  [ -f "$root/usr/share/muster/dashboard/index.html" ] || missing "the web application"
  if [ -d "$root/usr/share/muster/dashboard/node_modules" ]; then missing "nothing but built files: node_modules is"; fi
fi
exit "$failed"
