"""Runs one piece of work against one system: starts its server, runs the client, stops the server."""
import contextlib
import json
import os
import pathlib
import subprocess
import time

import servers
import usage

# By the name in the tables: the server, and what muster-peer-bench calls it.
PEERS = {
    "Redis": ("redis", "redis"),
    "RabbitMQ stream": ("rabbit-stream", "rabbit-stream"),
    "NATS JetStream": ("nats", "jetstream"),
    "NATS core": ("nats", "nats"),
    "Mosquitto": ("mosquitto", "mqtt"),
    "PostgreSQL": ("postgres", "postgres"),
    "PostGIS": ("postgres", "postgres"),
}
CLIENT_PATIENCE_S = 1800  # Ten million events of history take a quarter of an hour to make.


class Failed(Exception):
    """A client ended with an error, or printed no figures."""


class Bench:
    """`folder` is for data; `binaries` holds musterd, muster, and the programs that measure."""

    def __init__(self, folder, binaries, certificates):
        self.folder = folder
        self.binaries = pathlib.Path(binaries)
        self.certificates = certificates
        self.kept = {}
        # In the worst of the clients since it was last set to 0.
        self.other_cpu_percent = 0.0

    def new_server(self, system):
        if system == "Muster":
            return servers.Muster(self.folder, self.certificates, self.binaries)
        name = PEERS[system][0]
        return next(kind for kind in servers.PEERS if kind.name == name)(self.folder, self.certificates)

    @contextlib.contextmanager
    def fresh(self, system):
        """A server without data, stopped at the end."""
        server = self.new_server(system)
        server.start()
        try:
            yield server
        finally:
            server.stop()

    def keep(self, system):
        """A server that goes on until stop_kept()."""
        if system not in self.kept:
            server = self.new_server(system)
            server.start()
            self.kept[system] = server
        return self.kept[system]

    def stop_kept(self):
        for server in self.kept.values():
            server.stop()
        self.kept = {}

    def client(self, command, server=None, prints=True):
        """Runs a client to its end; returns the figures that it prints as JSON."""
        machine, clients = usage.machine_seconds(), usage.clients_seconds()
        served = usage.tree_seconds(server.pid) if server else 0
        started = time.monotonic()
        environment = server.environment() if server else os.environ | {"TMPDIR": str(self.folder)}
        try:
            run = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False,
                                 timeout=CLIENT_PATIENCE_S, env=environment)
        except subprocess.TimeoutExpired as error:
            raise Failed(f"did not end within {CLIENT_PATIENCE_S} s") from error
        except FileNotFoundError as error:
            raise Failed(f"{error.filename} has not been built") from error
        ours = usage.clients_seconds() - clients + (usage.tree_seconds(server.pid) - served if server else 0)
        others = usage.machine_seconds() - machine - ours
        capacity = (time.monotonic() - started) * os.cpu_count()
        self.other_cpu_percent = max(self.other_cpu_percent, round(100 * others / capacity, 1))
        if run.returncode != 0:
            raise Failed(f"exit code {run.returncode}: " + (run.stderr or run.stdout).strip()[-400:])
        if not prints:
            return {}
        try:
            return json.loads(run.stdout)
        except json.JSONDecodeError as error:
            raise Failed("printed no figures: " + run.stdout.strip()[-200:]) from error

    def muster(self, server, *words):
        """`muster bench` with those words."""
        return self.client([self.binaries / "muster", "bench", *words, "--server-pid", server.pid, "-o", "json"],
                           server)

    def peer(self, system, server, *words, prints=True):
        """`muster-peer-bench` with those words: options that all works have may come first."""
        tls = self.certificates
        if PEERS[system][0] == "postgres":
            reach = ["--conninfo", server.conninfo(over_tls=system == "PostgreSQL")]
        else:
            reach = ["--port", server.port, "--ca", tls.ca, "--certificate", tls.client, "--key", tls.client_key]
        return self.client([self.binaries / "muster-peer-bench", "--peer", PEERS[system][1], *reach, "--server-pid",
                            server.pid, *words], server, prints)
