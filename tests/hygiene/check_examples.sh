#!/bin/sh
# check_examples.sh <repository> <musterd>: the example configuration of a broker in a cluster is one that musterd takes, with
# the certificates that make-certs.sh makes for it; and the check would notice if it were not.
set -eu
repository=$(cd -- "$1" && pwd)
musterd=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

sh "$repository/certs-example/make-certs.sh" --out "$work/certs" --days 2 >/dev/null
mkdir "$work/tls"
for kind in crt key; do
  cp "$work/certs/broker/broker-1.$kind" "$work/tls/broker.$kind"
  cp "$work/certs/etcd/client.$kind" "$work/tls/etcd-client.$kind"
done
cp "$work/certs/ca/ca.crt" "$work/tls/ca.crt"
cp "$work/certs/etcd/ca.crt" "$work/tls/etcd-ca.crt"
sed "s#/etc/muster/tls#$work/tls#; s#/var/lib/musterd#$work/data#" \
  "$repository/deploy/etc/musterd-cluster.toml.example" >"$work/musterd.toml"
"$musterd" config check --config "$work/musterd.toml"

sed -i '/^peer_address/d' "$work/musterd.toml"
if "$musterd" config check --config "$work/musterd.toml" >"$work/log" 2>&1; then
  echo "the check takes a broker that the others cannot reach"
  exit 1
fi
