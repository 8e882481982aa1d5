#!/bin/sh
# Installs what Debian 12 needs to build and run Muster, with apt, as root or through sudo. Installs nothing that is
# there already, and needs no network then.
set -eu

usage() {
  cat <<'USAGE'
Usage: install-dependencies.sh [--tests] [--list]

Installs the Debian 12 packages that building and running Muster needs and that are missing.

  --tests     also what only the tests need
  --list      print the packages, one per line, and install nothing
  -h, --help  this text
USAGE
}

fail() {
  echo "install-dependencies.sh: $*" >&2
  exit 1
}

# One line per purpose: compiler and build tools; RPC and messages; base library and time zones; storage; TLS; geometry;
# configuration, command line, screen and logs; metrics and the loopback admin port; the service manager; tests.
build_packages="
  g++ cmake ninja-build ccache pkg-config git ca-certificates
  libgrpc++-dev libgrpc-dev protobuf-compiler protobuf-compiler-grpc libprotobuf-dev
  libabsl-dev tzdata
  libsqlite3-dev zlib1g-dev
  openssl libssl-dev
  libs2-dev libgeographiclib-dev
  libtomlplusplus-dev libcli11-dev libspdlog-dev libncurses-dev
  prometheus-cpp-dev libcpp-httplib-dev
  libsystemd-dev
  libgtest-dev libgmock-dev
"
test_packages="shellcheck python3 systemd iptables iproute2 e2fsprogs mount util-linux"

packages=$build_packages
list_only=no
for argument; do
  case $argument in
    --tests) packages="$packages $test_packages" ;;
    --list) list_only=yes ;;
    -h | --help) usage; exit 0 ;;
    *) fail "unknown argument '$argument'; see install-dependencies.sh --help" ;;
  esac
done

if [ "$list_only" = yes ]; then
  for package in $packages; do
    echo "$package"
  done
  exit 0
fi

{ command -v dpkg-query && command -v apt-get; } >/dev/null ||
  fail "this is not Debian (no apt-get). Install by hand what --list prints, then configure with cmake."

# From here on the positional parameters are the missing packages.
set --
for package in $packages; do
  # The status is three words, such as "install ok installed".
  case $(dpkg-query --show --showformat='${Status}' "$package" 2>/dev/null || true) in
    *' ok installed') ;;
    *) set -- "$@" "$package" ;;
  esac
done
if [ $# -eq 0 ]; then
  echo "Dependencies: all are installed."
  exit 0
fi

echo "Dependencies: installing with apt: $*"
if [ "$(id -u)" -eq 0 ]; then
  as_root() { "$@"; }
elif command -v sudo >/dev/null; then
  echo "(through sudo, which may ask for your password)"
  as_root() { sudo "$@"; }
else
  fail "not root, and there is no sudo. As root, run: apt-get install -y --no-install-recommends $*"
fi

as_root apt-get update -q ||
  fail "apt-get update failed: see its message above; check the network and /etc/apt/sources.list*"
as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@" ||
  fail "apt-get install failed: see its message above"
echo "Dependencies: installed."
