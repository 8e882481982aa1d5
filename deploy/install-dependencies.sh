#!/bin/sh
# Installs what Debian 12 needs to build and run Muster, with apt, as root or through sudo. Installs nothing that is
# there already, and needs no network then.
set -eu

usage() {
  cat <<'USAGE'
Usage: install-dependencies.sh [--dashboard] [--tests] [--list]

Installs the Debian 12 packages that building and running Muster needs and that are missing.

  --dashboard  also what builds the web application: Node and npm, unless there is an npm already
  --tests      also what only the tests need, the dashboard's browser among it
  --list       print the packages, one per line, and install nothing
  -h, --help   this text
USAGE
}

fail() {
  echo "install-dependencies.sh: $*" >&2
  exit 1
}

# One line per purpose: compiler and build tools; RPC and messages; base library and time zones; storage; TLS; geometry;
# configuration, command line, screen and logs; metrics and the loopback admin port; the gateway's HTTP and passwords;
# the load client's HTTP/2; the service manager; tests.
build_packages="
  g++ cmake ninja-build ccache pkg-config git ca-certificates
  libgrpc++-dev libgrpc-dev protobuf-compiler protobuf-compiler-grpc libprotobuf-dev
  libabsl-dev tzdata
  libsqlite3-dev libdeflate-dev
  openssl libssl-dev
  libgeographiclib-dev
  libtomlplusplus-dev libcli11-dev libspdlog-dev libncurses-dev
  prometheus-cpp-dev libcpp-httplib-dev
  libboost1.81-dev libsodium-dev
  libnghttp2-dev libjemalloc-dev
  libsystemd-dev
  libgtest-dev libgmock-dev
"
test_packages="shellcheck python3 curl systemd iptables iproute2 e2fsprogs mount util-linux etcd-server valgrind
  libbenchmark-dev"
# Each only where its command is not on the PATH: Node and browsers often come from elsewhere than Debian, and Debian's
# npm cannot be installed beside another's Node.
dashboard_packages="nodejs npm"
browser_packages="chromium"
node_version_min=18

packages=$build_packages
dashboard=no
tests=no
list_only=no
for argument; do
  case $argument in
    --dashboard) dashboard=yes ;;
    --tests) dashboard=yes tests=yes ;;
    --list) list_only=yes ;;
    -h | --help) usage; exit 0 ;;
    *) fail "unknown argument '$argument'; see install-dependencies.sh --help" ;;
  esac
done

# wants <yes|no> <command>: whether to take the packages that bring the command. --list shows them in any case.
wants() {
  [ "$1" = yes ] && { [ "$list_only" = yes ] || ! command -v "$2" >/dev/null; }
}
[ "$tests" = no ] || packages="$packages $test_packages"
if wants "$dashboard" npm; then packages="$packages $dashboard_packages"; fi
if wants "$tests" chromium; then packages="$packages $browser_packages"; fi

if [ "$list_only" = yes ]; then
  for package in $packages; do
    echo "$package"
  done
  exit 0
fi

{ command -v dpkg-query && command -v apt-get; } >/dev/null ||
  fail "this is not Debian (no apt-get). Install by hand what --list prints, then configure with cmake."

# Stops when the Node on the PATH is too old to build the dashboard. Says nothing when there is none yet.
check_node() {
  { [ "$dashboard" = yes ] && command -v node >/dev/null; } || return 0
  node_version=$(node --version)
  node_major=${node_version#v}
  node_major=${node_major%%.*}
  [ "$node_major" -ge "$node_version_min" ] ||
    fail "$(command -v node) is Node $node_version, and the dashboard needs $node_version_min or newer. Update it, or" \
      "take it off the PATH and run this again, which installs Debian's"
}
check_node

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
check_node
echo "Dependencies: installed."
