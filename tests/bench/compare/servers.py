"""Starts and stops the servers that are compared: each on loopback ports of its own, with a fresh data folder, with
mutual TLS from what certs-example/make-certs.sh makes, and configured to store what it acknowledges where it can.

Only processes that were started here are ever signalled.
"""
import os
import pathlib
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time

PATIENCE_S = 60
POSTGRES_BINARIES = "/usr/lib/postgresql/15/bin"


class CannotStart(Exception):
    """A server is not installed, or has not opened its port in time."""


def allow_many_files():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def end_in_order():
    """Has a signal to end stop the servers and remove the folders, as Ctrl-C does."""
    for one in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, lambda number, _: sys.exit(128 + number))


class Certificates:
    """What make-certs.sh has made: servers show the broker's, clients an agency's."""

    def __init__(self, folder):
        self.folder = folder
        self.ca = folder / "ca/ca.crt"
        self.server = folder / "broker/broker.crt"
        self.server_key = folder / "broker/broker.key"
        self.client = folder / "mo-ago/operator.crt"
        self.client_key = folder / "mo-ago/operator.key"


class Server:
    """One server process. `folder` is its own and is made empty at each start."""

    name = ""
    port = 0
    stop_signal = signal.SIGTERM

    def __init__(self, folder, certificates):
        self.folder = folder / self.name
        self.certificates = certificates
        self.processes = []

    def prepare(self):
        """Writes the configuration; returns the command."""
        raise NotImplementedError

    def environment(self):
        return dict(os.environ)

    def ready(self):
        """Whether it takes connections."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def spawn(self, command, **options):
        with open(self.folder / "log", "ab") as log:
            try:
                process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
                                           env=self.environment(), start_new_session=True, **options)
            except FileNotFoundError as error:
                raise CannotStart(f"{error.filename} is not installed") from error
        self.processes.append(process)
        return process

    @property
    def pid(self):
        return self.processes[-1].pid

    def start(self):
        if self.ready():
            raise CannotStart(f"something else listens on port {self.port}")
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        try:
            process = self.spawn(self.prepare())
            deadline = time.monotonic() + PATIENCE_S
            while not self.ready():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise CannotStart(f"{self.name} did not open port {self.port}; the end of its log:\n" + self.log_end())
                time.sleep(0.05)
        except BaseException:
            self.stop()
            raise

    def log_end(self):
        return (self.folder / "log").read_text(errors="replace")[-1000:]

    def stop(self):
        """Ends it, with whatever it has started, and removes its data."""
        for process in reversed(self.processes):
            end_group(process, self.stop_signal)
        self.processes = []
        shutil.rmtree(self.folder, ignore_errors=True)


def end_group(process, with_signal):
    """Signals the session that `process` leads, and kills what is left of it when that has ended, or after ten seconds."""
    for one in (with_signal, signal.SIGKILL):
        try:
            os.killpg(process.pid, one)
        except ProcessLookupError:
            pass
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            pass


class Redis(Server):
    name = "redis"
    port = 27379

    def prepare(self):
        tls = self.certificates
        (self.folder / "redis.conf").write_text(f"""\
bind 127.0.0.1
port 0
tls-port {self.port}
tls-cert-file {tls.server}
tls-key-file {tls.server_key}
tls-ca-cert-file {tls.ca}
tls-auth-clients yes
dir {self.folder}
daemonize no
appendonly yes
appendfsync always
save ""
auto-aof-rewrite-percentage 0
maxclients 12000
tcp-backlog 4096
""")
        return ["redis-server", str(self.folder / "redis.conf")]


class Nats(Server):
    name = "nats"
    port = 27422

    def prepare(self):
        tls = self.certificates
        (self.folder / "nats.conf").write_text(f"""\
listen: 127.0.0.1:{self.port}
jetstream {{ store_dir: "{self.folder}", max_memory_store: 1GB, max_file_store: 20GB }}
tls {{ cert_file: "{tls.server}", key_file: "{tls.server_key}", ca_file: "{tls.ca}", verify: true, timeout: 20 }}
""")
        return ["nats-server", "-c", str(self.folder / "nats.conf")]


class Mosquitto(Server):
    name = "mosquitto"
    port = 27883

    def prepare(self):
        tls = self.certificates
        user = "user root\n" if os.geteuid() == 0 else ""
        (self.folder / "mosquitto.conf").write_text(f"""\
listener {self.port} 127.0.0.1
allow_anonymous true
cafile {tls.ca}
certfile {tls.server}
keyfile {tls.server_key}
require_certificate true
persistence true
persistence_location {self.folder}/
max_inflight_messages 1000
max_queued_messages 0
max_connections -1
set_tcp_nodelay true
{user}""")
        return ["mosquitto", "-c", str(self.folder / "mosquitto.conf")]


class RabbitStream(Server):
    name = "rabbit-stream"
    port = 27552
    amqp_port = 27672
    epmd_port = 27369
    distribution_port = 27999
    stop_signal = signal.SIGKILL  # Its data is thrown away, and to close it takes seconds.

    def environment(self):
        return dict(
            os.environ, HOME=str(self.folder), ERL_EPMD_ADDRESS="127.0.0.1", ERL_EPMD_PORT=str(self.epmd_port),
            RABBITMQ_NODENAME="muster-bench@localhost", RABBITMQ_DIST_PORT=str(self.distribution_port),
            RABBITMQ_CONFIG_FILE=str(self.folder / "rabbitmq.conf"),
            RABBITMQ_ENABLED_PLUGINS_FILE=str(self.folder / "enabled_plugins"),
            RABBITMQ_MNESIA_BASE=str(self.folder / "mnesia"), RABBITMQ_LOG_BASE=str(self.folder / "logs"),
            RABBITMQ_LOGS="-", RABBITMQ_PID_FILE=str(self.folder / "pid"), ERL_MAX_PORTS="16384",
            RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}")

    def prepare(self):
        tls = self.certificates
        (self.folder / "enabled_plugins").write_text("[rabbitmq_stream].")
        (self.folder / "rabbitmq.conf").write_text(f"""\
listeners.tcp = none
listeners.ssl.1 = 127.0.0.1:{self.amqp_port}
stream.listeners.tcp = none
stream.listeners.ssl.1 = 127.0.0.1:{self.port}
ssl_options.cacertfile = {tls.ca}
ssl_options.certfile = {tls.server}
ssl_options.keyfile = {tls.server_key}
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = true
log.console = true
log.console.level = warning
loopback_users = none
vm_memory_high_watermark.relative = 0.6
""")
        scripts = sorted(pathlib.Path("/usr/lib/rabbitmq/lib").glob("rabbitmq_server-*/sbin/rabbitmq-server"))
        if not scripts:
            raise CannotStart("rabbitmq-server is not installed")
        # The broker would start one that outlives it.
        self.spawn(["epmd", "-port", str(self.epmd_port), "-address", "127.0.0.1"])
        return [str(scripts[-1])]


class Postgres(Server):
    name = "postgres"
    port = 27432
    stop_signal = signal.SIGINT  # Ends it at once, and frees its shared memory.
    user = "postgres"

    def account(self):
        """PostgreSQL refuses to run as root."""
        return {"user": self.user, "group": self.user, "extra_groups": []} if os.geteuid() == 0 else {}

    def spawn(self, command, **options):
        return super().spawn(command, **options, **self.account())

    def prepare(self):
        tls = self.certificates
        data = self.folder / "data"
        for file, name in ((tls.server, "server.crt"), (tls.server_key, "server.key"), (tls.ca, "ca.crt")):
            shutil.copy(file, self.folder / name)
        if os.geteuid() == 0:
            for path in (self.folder, *self.folder.iterdir()):
                shutil.chown(path, self.user, self.user)
        made = self.spawn([f"{POSTGRES_BINARIES}/initdb", "-D", str(data), "-U", self.user, "-A", "trust",
                           "--no-locale", "-E", "UTF8"])
        if made.wait() != 0:
            raise CannotStart("initdb failed: " + self.log_end())
        self.processes.remove(made)
        (data / "postgresql.auto.conf").write_text(f"""\
listen_addresses='127.0.0.1'
port={self.port}
unix_socket_directories='{self.folder}'
shared_buffers=1GB
max_wal_size=8GB
checkpoint_timeout=15min
fsync=on
synchronous_commit=on
jit=off
ssl=on
ssl_cert_file='{self.folder}/server.crt'
ssl_key_file='{self.folder}/server.key'
ssl_ca_file='{self.folder}/ca.crt'
""")
        (data / "pg_hba.conf").write_text("local all all trust\n"
                                          "hostssl all all 127.0.0.1/32 trust clientcert=verify-ca\n")
        return [f"{POSTGRES_BINARIES}/postgres", "-D", str(data)]

    def conninfo(self, over_tls):
        whom = f"port={self.port} user={self.user} dbname=postgres"
        if not over_tls:
            return f"host={self.folder} {whom}"
        tls = self.certificates
        return (f"host=127.0.0.1 {whom} sslmode=verify-ca gssencmode=disable sslrootcert={tls.ca} sslcert={tls.client} "
                f"sslkey={tls.client_key}")

    def ready(self):
        status = self.folder / "data/postmaster.pid"
        return status.exists() and "\nready" in status.read_text()


class Muster(Server):
    name = "muster"
    port = 27443

    def __init__(self, folder, certificates, binaries):
        super().__init__(folder, certificates)
        self.binaries = binaries

    def prepare(self):
        tls = self.certificates
        (self.folder / "musterd.toml").write_text(f"""\
data_dir = "{self.folder}/data"
[listen]
address = "127.0.0.1:{self.port}"
[tls]
certificate_file = "{tls.server}"
key_file = "{tls.server_key}"
ca_file = "{tls.ca}"
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
address = "127.0.0.1:0"
[logging]
level = "warn"
""")
        (self.folder / "contexts.toml").write_text(f"""\
current = "bench"
[[contexts]]
name = "bench"
brokers = ["127.0.0.1:{self.port}"]
certificate_file = "{tls.client}"
key_file = "{tls.client_key}"
ca_file = "{tls.ca}"
""")
        return [str(self.binaries / "musterd"), "serve", "--config", str(self.folder / "musterd.toml")]

    def environment(self):
        return dict(os.environ, MUSTER_CONFIG=str(self.folder / "contexts.toml"))


PEERS = (Redis, Nats, Mosquitto, RabbitStream, Postgres)
