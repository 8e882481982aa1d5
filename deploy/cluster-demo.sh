#!/bin/sh
# A cluster on this machine: three members of etcd, three brokers and two command posts on loopback, with certificates of their
# own. Replays Operation United Front against it, and in the middle of the tallies kills -9 the broker that leads, then the
# member of etcd that leads, and starts each again. It must end with the figures that it always ends with, and with three
# brokers that hold the same.
set -eu

usage() {
  cat <<'USAGE'
Usage: cluster-demo.sh [--bin DIR] [--seed N] [--pace N] [--keep DIR]

Needs etcd (apt-get install etcd-server), openssl and python3. Takes about a minute; starts nothing that outlives it.

  --bin DIR   where musterd, muster and muster-agent are (default: build/dev/bin, or the PATH)
  --seed N    of the replay: when repeats are sent (default: another one each time)
  --pace N    how slowly the replay goes: 1 takes minutes (default: 0.2, so that there is a middle to kill in)
  --keep DIR  work in this folder, which must be new, and leave it there
  -h, --help  this text

Exits with 0 only if every figure is as published and all brokers hold the same state.
USAGE
}

fail() {
  echo "cluster-demo.sh: $*" >&2
  exit 1
}

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
bin=
seed=
pace=0.2
keep=
while [ $# -gt 0 ]; do
  case $1 in
    --bin | --seed | --pace | --keep)
      [ $# -gt 1 ] || fail "$1 needs a value; see cluster-demo.sh --help"
      case $1 in
        --bin) bin=$2 ;;
        --seed) seed=$2 ;;
        --pace) pace=$2 ;;
        --keep) keep=$2 ;;
      esac
      shift
      ;;
    -h | --help) usage; exit 0 ;;
    *) fail "unknown argument '$1'; see cluster-demo.sh --help" ;;
  esac
  shift
done
if [ -z "$bin" ] && [ -x "$root/build/dev/bin/musterd" ]; then bin=$root/build/dev/bin; fi
[ -z "$bin" ] || PATH=$bin:$PATH
for program in musterd muster muster-agent etcd openssl python3; do
  command -v "$program" >/dev/null ||
    fail "there is no $program: deploy/install-dependencies.sh --tests installs etcd, cmake --build builds ours"
done

if [ -n "$keep" ]; then
  mkdir -- "$keep" || fail "--keep $keep must be a new folder"
  work=$(CDPATH='' cd -- "$keep" && pwd)
else
  work=$(mktemp -d "${TMPDIR:-/tmp}/muster-cluster-XXXXXX")
fi
chmod 0700 "$work"
mkdir "$work/pids"
started_s=$(date +%s)

say() { printf '[%3d s] %s\n' $(($(date +%s) - started_s)) "$*"; }

# ---- Processes: each is known by a name, and its id lies in pids/NAME while it is ours -------------------------------

# begin NAME COMMAND ...: in the background, its output to NAME.log.
begin() {
  name=$1
  shift
  "$@" >>"$work/$name.log" 2>&1 &
  echo $! >"$work/pids/$name"
}

# end NAME SIGNAL: sends it and waits; returns the exit code.
end() {
  pid=$(cat "$work/pids/$1")
  kill "-$2" "$pid" 2>/dev/null || true
  code=0
  wait "$pid" 2>/dev/null || code=$?
  rm -f "$work/pids/$1"
  return "$code"
}

clean_up() {
  trap - EXIT
  for file in "$work"/pids/*; do
    [ -f "$file" ] || continue
    end "$(basename "$file")" KILL || true
  done
  if [ -z "$keep" ]; then rm -rf -- "$work"; fi
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# until_true SECONDS WHAT COMMAND ...: tries the command until it succeeds.
until_true() {
  patience_s=$1
  what=$2
  shift 2
  until_s=$(($(date +%s) + patience_s))
  until "$@" >/dev/null 2>&1; do
    if [ "$(date +%s)" -ge "$until_s" ]; then
      tail -n 5 "$work"/*.log >&2
      fail "not within $patience_s s: $what"
    fi
    sleep 0.1
  done
}

# ---- The pieces ------------------------------------------------------------------------------------------------------

# Below the range from which the system gives ports to connections, so that nobody takes one while its owner is dead.
free_ports() {
  python3 - "$1" <<'PYTHON'
import random, socket, sys
taken = []
while len(taken) < int(sys.argv[1]):
    candidate = socket.socket()
    try:
        candidate.bind(("127.0.0.1", random.randrange(20000, 32000)))
        taken.append(candidate)
    except OSError:
        candidate.close()
print(*(each.getsockname()[1] for each in taken))
PYTHON
}

# port ROLE N: of the etcd's clients, its peers, the broker, its admin port.
port() {
  # Unquoted: one word for each port.
  # shellcheck disable=SC2086
  set -- "$1" "$2" $ports
  case $1 in
    client) index=$(($2 + 2)) ;;
    peer) index=$(($2 + 5)) ;;
    broker) index=$(($2 + 8)) ;;
    admin) index=$(($2 + 11)) ;;
  esac
  eval "echo \${$index}"
}

start_etcd() {
  begin "etcd-$1" etcd --name "etcd-$1" --data-dir "$work/etcd-$1" --logger zap \
    --heartbeat-interval 50 --election-timeout 500 --auto-compaction-retention 0 \
    --listen-client-urls "https://127.0.0.1:$(port client "$1")" \
    --advertise-client-urls "https://127.0.0.1:$(port client "$1")" \
    --listen-peer-urls "https://127.0.0.1:$(port peer "$1")" \
    --initial-advertise-peer-urls "https://127.0.0.1:$(port peer "$1")" \
    --initial-cluster "$etcd_members" \
    --client-cert-auth --trusted-ca-file "$work/certs/etcd/ca.crt" \
    --cert-file "$work/certs/etcd/etcd.crt" --key-file "$work/certs/etcd/etcd.key" \
    --peer-client-cert-auth --peer-trusted-ca-file "$work/certs/etcd/ca.crt" \
    --peer-cert-file "$work/certs/etcd/etcd.crt" --peer-key-file "$work/certs/etcd/etcd.key"
}

configure_broker() {
  cat >"$work/broker-$1.toml" <<TOML
data_dir = "$work/broker-$1"
[listen]
address = "127.0.0.1:$(port broker "$1")"
[tls]
certificate_file = "$work/certs/broker/broker-$1.crt"
key_file = "$work/certs/broker/broker-$1.key"
ca_file = "$work/certs/ca/ca.crt"
trust_domain = "muster.example"
[bootstrap.registrar]
agency_id = "mo-ago"
name = "Missouri Attorney General"
kind = "attorney_general"
state = "MO"
phone_24h = "+15735550101"
may_lead = true
registrar = true
[admin]
address = "127.0.0.1:$(port admin "$1")"
[cluster]
broker_id = "broker-$1"
etcd_endpoints = ["127.0.0.1:$(port client 1)", "127.0.0.1:$(port client 2)", "127.0.0.1:$(port client 3)"]
etcd_ca_file = "$work/certs/etcd/ca.crt"
etcd_certificate_file = "$work/certs/etcd/client.crt"
etcd_key_file = "$work/certs/etcd/client.key"
TOML
  musterd config check --config "$work/broker-$1.toml" >/dev/null
}

start_broker() { begin "broker-$1" musterd serve --config "$work/broker-$1.toml"; }

# start_agent AGENCY: a command post, enrolled with all three brokers.
start_agent() {
  mkdir -m 0700 "$work/agent-$1"
  muster-agent new-key "$work/agent-$1/key" >/dev/null
  cat >"$work/agent-$1/agent.toml" <<TOML
state_dir = "$work/agent-$1"
[key]
file = "$work/agent-$1/key"
[listen]
socket = "$work/agent-$1/socket"
[link]
reconnect_max = "1s"
TOML
  begin "agent-$1" muster-agent serve --config "$work/agent-$1/agent.toml"
  until_true 20 "$1's daemon serves" test -S "$work/agent-$1/socket"
  muster agent bundle --broker "$addresses" --cert "$work/certs/$1/operator.crt" --key "$work/certs/$1/operator.key" \
    --ca "$work/certs/ca/ca.crt" --trust-domain muster.example --out "$work/agent-$1/bundle" >/dev/null
  at_post "$1" agent enroll "$work/agent-$1/bundle" >/dev/null
}

# at_post AGENCY COMMAND ...: muster, through that agency's daemon.
at_post() {
  socket=$work/agent-$1/socket
  shift
  muster --agent "$socket" "$@"
}

# is_well AGENCY: that post is connected, nothing waits in its outbox, and its feed has no gap.
is_well() {
  at_post "$1" agent status -o json >"$work/agent-$1/status.json" &&
    python3 - "$work/agent-$1/status.json" <<'PYTHON'
import json, sys
with open(sys.argv[1], encoding="utf-8") as file:
    s = json.load(file)
link, inbox, outbox = s["link"], s["inbox"], s.get("outbox", {})
well = (link["state"] == "LINK_STATE_CONNECTED" and inbox.get("caught_up") and not inbox.get("gaps")
        and not int(outbox.get("saved_here", 0)) and not int(outbox.get("rejected", 0)))
sys.exit(0 if well else 1)
PYTHON
}

# ---- What the cluster says of itself ---------------------------------------------------------------------------------

# cluster EXPRESSION: prints what the Python expression makes of the status `s`; fails when it is empty or false.
cluster() {
  muster cluster status -o json --admin "127.0.0.1:$(port admin 1)" --admin "127.0.0.1:$(port admin 2)" \
    --admin "127.0.0.1:$(port admin 3)" >"$work/status.json" 2>/dev/null || true
  python3 - "$work/status.json" "$1" <<'PYTHON'
import json, sys
with open(sys.argv[1], encoding="utf-8") as file:
    s = json.load(file)
alive = [b for b in s.get("brokers", []) if b.get("alive")]
answer = eval(sys.argv[2])
print(answer)
sys.exit(0 if answer else 1)
PYTHON
}

leader() { cluster 's.get("leader_broker_id", "")'; }
# another_leads NAME
another_leads() { cluster "s.get('leader_broker_id', '') not in ('', '$1')"; }
all_caught_up() {
  cluster 's.get("leader_broker_id") and len(alive) == 3 and not any(int(b.get("lag_events", 0)) for b in alive)'
}
# The endpoint's place in the configuration, from 1.
etcd_leader() { cluster 'next((i for i, e in enumerate(s["etcd"], 1) if e.get("leads")), "")'; }
another_etcd_leads() { cluster "any(e.get('leads') and i != $1 for i, e in enumerate(s['etcd'], 1))"; }
all_etcd_reachable() { cluster 'all(e.get("reachable") for e in s["etcd"])'; }

# ---- Breaking it -----------------------------------------------------------------------------------------------------

kill_leader_of_brokers() {
  victim=$(leader)
  say "kill -9 $victim, which leads"
  end "$victim" KILL || true
  # A report that nobody can decide right now: it is kept, and decided once.
  at_post ky-bgpd plan acknowledge united-front-2021 >"$work/acknowledge.txt" 2>&1 || [ $? -eq 7 ] ||
    fail "the post's report was refused: $(cat "$work/acknowledge.txt")"
  until_true 30 "another broker leads" another_leads "$victim"
  say "$(leader) leads; starting $victim again"
  start_broker "${victim#broker-}"
  until_true 60 "$victim has caught up" all_caught_up
  say "$victim is back, and has what it missed"
}

kill_leader_of_etcd() {
  victim=$(etcd_leader)
  say "kill -9 etcd-$victim, which leads etcd"
  end "etcd-$victim" KILL || true
  until_true 30 "another member of etcd leads" another_etcd_leads "$victim"
  say "etcd-$(etcd_leader) leads; starting etcd-$victim again"
  start_etcd "$victim"
  until_true 30 "etcd-$victim is back" all_etcd_reachable
  until_true 30 "a broker leads, and all have caught up" all_caught_up
  say "etcd is whole again"
}

# ---- The whole -------------------------------------------------------------------------------------------------------

say "Working in $work"
sh "$root/certs-example/make-certs.sh" --out "$work/certs" --days 2 >/dev/null
ports=$(free_ports 12)
etcd_members=
for n in 1 2 3; do etcd_members=$etcd_members${etcd_members:+,}etcd-$n=https://127.0.0.1:$(port peer "$n"); done

say "Starting etcd: three members"
for n in 1 2 3; do start_etcd "$n"; done
say "Starting three brokers"
for n in 1 2 3; do configure_broker "$n"; done
# Retried: etcd may still be choosing its leader.
until_true 30 "the log is begun" musterd cluster begin --config "$work/broker-1.toml"
for n in 1 2 3; do start_broker "$n"; done
until_true 60 "three brokers are there, and one leads" all_caught_up
# The one that leads comes first, so that the posts are connected to it when it dies.
first=$(leader)
addresses=$(for n in "${first#broker-}" 1 2 3; do echo "127.0.0.1:$(port broker "$n")"; done | awk '!seen[$0]++' | paste -sd ,)
say "$first leads; the posts are told of $addresses"
say "Starting two command posts: ky-bgpd and tx-dps"
start_agent ky-bgpd
start_agent tx-dps

# The replay runs this when a third to a half of the tallies is acknowledged, and goes on sending meanwhile.
cat >"$work/middle.sh" <<MIDDLE
#!/bin/sh
: >"$work/middle-begins"
while [ ! -e "$work/middle-is-over" ]; do sleep 0.1; done
MIDDLE
chmod 0700 "$work/middle.sh"

say "Replaying Operation United Front against the three (an exercise)"
# Unquoted: an option, or nothing.
# shellcheck disable=SC2086
begin replay env TMPDIR="$work" muster demo united-front --broker "$addresses" --certificates "$work/certs" --pace "$pace" \
  --in-the-middle "$work/middle.sh" ${seed:+--seed "$seed"}
replay=$(cat "$work/pids/replay")
while [ ! -e "$work/middle-begins" ]; do
  kill -0 "$replay" 2>/dev/null || { tail -n 20 "$work/replay.log" >&2; fail "the replay ended before its middle"; }
  sleep 0.05
done
say "the replay is in the middle of its tallies"
kill_leader_of_brokers
kill_leader_of_etcd
: >"$work/middle-is-over"
wait "$replay" || { cat "$work/replay.log" >&2; fail "the replay did not end as it must"; }
rm "$work/pids/replay"
sed -n '/replayed$/,$p' "$work/replay.log"

if grep -q '; 0 were acknowledged while' "$work/replay.log"; then fail "nothing was sent while the leaders were killed"; fi

for agency in ky-bgpd tx-dps; do
  until_true 30 "$agency's post is connected, has sent everything, and misses nothing" is_well "$agency"
done
say "Both command posts are connected, have sent everything, and miss nothing"
until_true 30 "all brokers have caught up" all_caught_up

say "Stopping the brokers, and verifying what each holds"
for n in 1 2 3; do end "broker-$n" TERM || fail "broker-$n did not stop in order"; done
for n in 1 2 3; do
  musterd verify "$work/broker-$n" >"$work/verify-$n.txt" || { cat "$work/verify-$n.txt" >&2; fail "broker-$n is not sound"; }
  sed -n "s/^state digest/          broker-$n holds the state/p" "$work/verify-$n.txt"
done
digests=$(sed -n 's/^state digest //p' "$work"/verify-?.txt | sort -u | wc -l)
[ "$digests" -eq 1 ] || fail "the brokers do not hold the same"
say "The figures are as published, and three brokers hold the same. Nothing was lost, nothing counted twice."
