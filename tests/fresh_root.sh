#!/bin/sh
# Proves that a fresh clone works on a bare Debian 12: makes one with mmdebstrap in a temporary folder, clones the
# repository into it, and runs a set-up command there. Needs root and mmdebstrap. Not part of ctest: it takes minutes.
set -eu

usage() {
  cat <<'USAGE'
Usage: fresh_root.sh [--tests | --command COMMAND] [--sudo] [--keep]

Runs `sh deploy/quickstart.sh` in a fresh clone of this repository on a bare Debian 12 and says how long it took.
Packages come from the machine's own apt sources. What is not committed is not tried.

  --tests            run `sh tests/run.sh` instead
  --command COMMAND  run COMMAND with sh in the clone instead
  --sudo             run as an ordinary user who may use sudo, rather than as root
  --keep             do not remove the root afterwards; print where it is
  -h, --help         this text
USAGE
}

fail() {
  echo "fresh_root.sh: $*" >&2
  exit 1
}

command='sh deploy/quickstart.sh'
user=root
keep=no
while [ $# -gt 0 ]; do
  case $1 in
    --tests) command='sh tests/run.sh' ;;
    --command)
      [ $# -ge 2 ] || fail "--command needs a value"
      command=$2
      shift
      ;;
    --sudo) user=tester ;;
    --keep) keep=yes ;;
    -h | --help) usage; exit 0 ;;
    *) fail "unknown argument '$1'; see fresh_root.sh --help" ;;
  esac
  shift
done

[ "$(id -u)" -eq 0 ] || fail "making a root needs root; run it with sudo"
for tool in mmdebstrap unshare git apt-config; do
  command -v "$tool" >/dev/null || fail "$tool is not installed; try: apt-get install mmdebstrap util-linux git apt"
done
repository=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
if [ -n "$(git -C "$repository" status --porcelain)" ]; then
  echo "Note: some changes are not committed; they are not tried."
fi

# Everything is mounted inside a mount namespace of its own, which ends with its processes. Nothing is ever mounted in
# this one, so that removing the folder can never reach what is mounted under it.
work=$(mktemp -d "${TMPDIR:-/tmp}/muster-fresh-root-XXXXXX")
if [ "$keep" = yes ]; then
  trap 'echo "Kept: $work/root"' EXIT
else
  trap 'rm -rf --one-file-system -- "$work"' EXIT
fi
trap 'exit 130' INT
trap 'exit 143' TERM
chmod 0755 "$work"
root=$work/root

# The machine's proxy settings for apt, if it has any; and its sources, which may name a local mirror.
apt-config dump | grep -E '^Acquire::https?::Proxy' >"$work/apt.conf" || true
set --
for source in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
  [ ! -s "$source" ] || set -- "$@" "$source"
done
[ $# -gt 0 ] || fail "this machine has no apt sources in /etc/apt to make a root from"
extra=
[ "$user" = root ] || extra=--include=sudo

echo "Making a bare Debian 12 in $root from $*"
started_s=$(date +%s)
mmdebstrap --quiet --variant=minbase --aptopt="$work/apt.conf" ${extra:+"$extra"} bookworm "$root" "$@" ||
  fail "mmdebstrap failed: see its message above"
echo "Made in $(($(date +%s) - started_s)) s."

# Names as on any installed machine; a bare root has none.
cp -L /etc/hosts /etc/resolv.conf "$root/etc/"
home=/root
if [ "$user" != root ]; then
  home=/home/$user
  chroot "$root" useradd --create-home "$user"
  echo "$user ALL=(ALL) NOPASSWD: ALL" >"$root/etc/sudoers.d/$user"
fi
git clone --quiet --no-local "$repository" "$root$home/muster"
chroot "$root" chown -R "$user:" "$home/muster"

cat >"$root/run-in-clone" <<RUN
#!/bin/sh
set -eu
export HOME=$home USER=$user LANG=C.UTF-8
cd $home/muster
$command
RUN
chmod 0755 "$root/run-in-clone"

echo "Running as $user in the clone: $command"
started_s=$(date +%s)
status=0
# Single quotes are meant: the inner shell expands its own arguments.
# shellcheck disable=SC2016
env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin TERM="${TERM:-dumb}" \
  unshare --mount --pid --fork --kill-child sh -eu -c '
    mount --make-rprivate /
    mount -t proc proc "$1/proc"
    mount --rbind /dev "$1/dev"
    [ "$2" = root ] || exec chroot --userspec="$2:$2" "$1" /run-in-clone
    exec chroot "$1" /run-in-clone
  ' sh "$root" "$user" || status=$?
echo "Took $(($(date +%s) - started_s)) s; exit code $status."
exit "$status"
