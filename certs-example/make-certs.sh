#!/bin/sh
# Makes a certificate authority and certificates for trying Muster out: brokers, a gateway, the posts of each agency of
# agencies.csv, an authority of its own for etcd, and a folder of certificates that the broker must refuse. See README.md
# beside this file.
# Needs only openssl 3.0 or later. Never use what it makes for real work.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
list=$here/agencies.csv
out=certs
trust_domain=muster.example
days=90
force=no

usage() {
  cat <<'USAGE'
Usage: make-certs.sh [--out DIR] [--trust-domain NAME] [--days N] [--force]

Makes example certificates for Muster with fresh keys (EC P-256). For trying out only.

  --out DIR            where to write (default: certs)
  --trust-domain NAME  the SPIFFE trust domain in every identity (default: muster.example)
  --days N             how long the certificates are valid (default: 90)
  --force              write into a folder that is not empty, replacing what an earlier run made there
  -h, --help           this text

Example:
  make-certs.sh --out /tmp/certs --days 7
  openssl x509 -in /tmp/certs/mo-kcpd/operator.crt -noout -text
USAGE
}

fail() {
  echo "make-certs.sh: $*" >&2
  exit 1
}

# Stops unless option $1 has a value: $2 is how many arguments are left.
need_value() {
  [ "$2" -ge 2 ] || fail "$1 needs a value; see make-certs.sh --help"
}

while [ $# -gt 0 ]; do
  case $1 in
    --out) need_value "$1" $#; out=$2; shift ;;
    --trust-domain) need_value "$1" $#; trust_domain=$2; shift ;;
    --days) need_value "$1" $#; days=$2; shift ;;
    --force) force=yes ;;
    -h | --help) usage; exit 0 ;;
    *) fail "unknown argument '$1'; see make-certs.sh --help" ;;
  esac
  shift
done

case $out in
  '') fail "--out is empty; give the folder to write to" ;;
  -*) fail "--out '$out' starts with a dash; write ./$out" ;;
esac
case $trust_domain in
  '' | *[!a-z0-9.-]*) fail "trust domain '$trust_domain' may hold only a-z, 0-9, dots and dashes" ;;
esac
case $days in
  '' | 0* | *[!0-9]* | ?????*) fail "--days '$days' must be a number from 1 to 9999" ;;
esac
command -v openssl >/dev/null || fail "openssl is not installed; run deploy/install-dependencies.sh first"
[ -r "$list" ] || fail "cannot read $list, the list of agencies to make certificates for"

mkdir -p -- "$out"
if [ "$force" = no ] && [ -n "$(ls -A -- "$out")" ]; then
  fail "$out is not empty; choose another folder with --out, or replace what is there with --force"
fi

# Everything is made in a folder beside its final place and moved at the end, so that a run cut short leaves the old
# set as it was.
umask 077
work=$(mktemp -d "$out/.making-XXXXXX")
trap 'rm -rf -- "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
set_dir=$work/set
mkdir "$set_dir"

run_openssl() {
  openssl "$@" >"$work/openssl.out" 2>&1 || {
    cat "$work/openssl.out" >&2
    fail "openssl $1 failed; its message is above"
  }
}

# make_ca <base path> <common name>: <base>.crt and <base>.key, a self-signed authority that may sign leaves only.
make_ca() {
  cat >"$work/ca.cnf" <<CNF
[req]
distinguished_name = name
x509_extensions = ext
prompt = no
[name]
CN = $2
[ext]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
CNF
  run_openssl req -x509 -sha256 -config "$work/ca.cnf" -days "$days" -nodes \
    -newkey ec -pkeyopt ec_paramgen_curve:P-256 -keyout "$1.key" -out "$1.crt"
}

# leaf_config <common name> <extended key usages> <subject alternative names>: writes leaf.cnf. No names when $3 is empty.
leaf_config() {
  cat >"$work/leaf.cnf" <<CNF
[req]
distinguished_name = name
x509_extensions = ext
prompt = no
[name]
CN = $1
[ext]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = $2
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
CNF
  [ -z "$3" ] || echo "subjectAltName = $3" >>"$work/leaf.cnf"
}

# make_leaf <base path> <CA base path> <common name> <extended key usages> <subject alternative names>
make_leaf() {
  leaf_config "$3" "$4" "$5"
  run_openssl req -x509 -sha256 -config "$work/leaf.cnf" -days "$days" -nodes -CA "$2.crt" -CAkey "$2.key" \
    -newkey ec -pkeyopt ec_paramgen_curve:P-256 -keyout "$1.key" -out "$1.crt"
}

# make_own_leaf <base path> <common name> <subject alternative names>: for a server, signed by nobody but itself.
make_own_leaf() {
  leaf_config "$2" serverAuth "$3"
  run_openssl req -x509 -sha256 -config "$work/leaf.cnf" -days "$days" -nodes \
    -newkey ec -pkeyopt ec_paramgen_curve:P-256 -keyout "$1.key" -out "$1.crt"
}

# make_expired_leaf <base path> <CA base path> <common name> <subject alternative names>: valid for one day of 2024.
# Only `openssl ca` takes a date in the past in every OpenSSL 3.
make_expired_leaf() {
  leaf_config "$3" clientAuth "$4"
  mkdir "$work/issued"
  : >"$work/issued.txt"
  cat >>"$work/leaf.cnf" <<CNF
[ca]
default_ca = issuer
[issuer]
database = $work/issued.txt
new_certs_dir = $work/issued
rand_serial = yes
default_md = sha256
policy = any
[any]
commonName = supplied
CNF
  run_openssl req -new -config "$work/leaf.cnf" -nodes \
    -newkey ec -pkeyopt ec_paramgen_curve:P-256 -keyout "$1.key" -out "$work/expired.csr"
  run_openssl ca -batch -notext -config "$work/leaf.cnf" -extensions ext -cert "$2.crt" -keyfile "$2.key" \
    -startdate 20240101000000Z -enddate 20240102000000Z -in "$work/expired.csr" -out "$1.crt"
}

td=spiffe://$trust_domain
ca=$set_dir/ca/ca
bad=$set_dir/bad
etcd=$set_dir/etcd
mkdir "$set_dir/ca" "$set_dir/broker" "$set_dir/gateway" "$etcd" "$bad"
cp -- "$list" "$set_dir/agencies.csv"

make_ca "$ca" "Muster example CA"
# make_broker <name of its files> <broker id>: a server to agencies, and to other brokers a server or a client.
make_broker() {
  make_leaf "$set_dir/broker/$1" "$ca" "Muster example broker $2" "serverAuth, clientAuth" \
    "DNS:localhost, DNS:muster-broker, IP:127.0.0.1, IP:::1, URI:$td/broker/$2"
}
make_broker broker example
for broker_id in broker-1 broker-2 broker-3; do
  make_broker "$broker_id" "$broker_id"
done

# etcd holds everything that the brokers know, to whoever shows a certificate of its authority. So that authority is not the
# one that signs for agencies. Members of etcd are clients of each other.
make_ca "$etcd/ca" "Muster example etcd CA"
make_leaf "$etcd/etcd" "$etcd/ca" "Muster example etcd" "serverAuth, clientAuth" "DNS:localhost, IP:127.0.0.1"
make_leaf "$etcd/client" "$etcd/ca" "Muster brokers" clientAuth ""

# What gateways show to browsers. Not by the CA: whoever held its key could then pass for a broker. The addresses are one
# for each of several gateways on one machine, since browsers keep cookies by address and not by port.
make_own_leaf "$set_dir/gateway/gateway" "Muster example gateway" \
  "DNS:localhost, IP:127.0.0.1, IP:127.0.0.2, IP:127.0.0.3, IP:::1"

agencies=0
certificates=0
while IFS=, read -r agency_id _ _ _ _ _ _ posts; do
  [ "$agency_id" != agency_id ] || continue
  case $agency_id in
    '' | *[!a-z0-9-]* | ca | broker | etcd | gateway | bad) fail "$list: '$agency_id' cannot be an agency id (a-z, 0-9 and dashes)" ;;
  esac
  case $posts in
    '' | *[!a-z0-9\ -]*) fail "$list: $agency_id has the posts '$posts', wanted names of a-z, 0-9 and dashes" ;;
  esac
  mkdir "$set_dir/$agency_id"
  for post in $posts; do
    make_leaf "$set_dir/$agency_id/$post" "$ca" "$post of $agency_id" clientAuth "URI:$td/agency/$agency_id/$post"
    certificates=$((certificates + 1))
  done
  agencies=$((agencies + 1))
done <"$list"

# What the broker must refuse. to-be-revoked is good until its key is revoked.
kcpd=URI:$td/agency/mo-kcpd/operator
make_expired_leaf "$bad/expired" "$ca" "expired" "$kcpd"
make_leaf "$bad/to-be-revoked" "$ca" "lost laptop" clientAuth "URI:$td/agency/ky-bgpd/lost-laptop"
make_leaf "$bad/two-uris" "$ca" "two identities" clientAuth "$kcpd, URI:$td/agency/ky-bgpd/operator"
make_leaf "$bad/no-uri" "$ca" "mo-kcpd" clientAuth ""
make_leaf "$bad/other-domain" "$ca" "another trust domain" clientAuth \
  "URI:spiffe://other.example/agency/mo-kcpd/operator"
make_leaf "$bad/broker-role" "$ca" "a broker's identity" clientAuth "URI:$td/broker/x"
make_ca "$bad/foreign-ca" "Foreign CA"
make_leaf "$bad/foreign" "$bad/foreign-ca" "signed by a foreign CA" clientAuth "$kcpd"
rm -- "$bad/foreign-ca.key"

find "$set_dir" -type d -exec chmod 0755 {} +
find "$set_dir" -type f ! -name '*.key' -exec chmod 0644 {} +
find "$set_dir" -type f -name '*.key' -exec chmod 0600 {} +
for entry in "$set_dir"/*; do
  name=${entry##*/}
  rm -rf -- "${out:?}/$name"
  mv -- "$entry" "$out/$name"
done

echo "Made in $out: a CA, four brokers, a gateway, $certificates posts of $agencies agencies, etcd's own CA with a server and a"
echo "client, and 7 certificates that the broker must refuse"
echo "(trust domain $trust_domain, valid for $days days). For trying out only."
