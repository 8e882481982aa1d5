"""Runs the works of works.py and watches Muster while the load flows: with perf at full speed, and with callgrind.

Needs root, valgrind and linux-perf, and a musterd with line numbers (-g1), as the preset dev builds it.
"""
import contextlib
import dataclasses
import os
import pathlib
import signal
import subprocess
import time
import urllib.request

import bench
import parts
import servers
import usage
import works

ADMIN = "127.0.0.1:27444"
PATIENCE_S = 300
SYSTEM_CALLS = ("sendmsg", "recvmsg", "epoll_wait", "futex", "write", "pwrite64", "fdatasync", "fcntl")


class Muster(servers.Muster):
    """A broker that tells its metrics on a known port, and may run below another program."""

    def __init__(self, of_bench, below):
        super().__init__(of_bench.folder, of_bench.certificates, of_bench.binaries)
        self.below = below

    def prepare(self):
        command = super().prepare()
        config = self.folder / "musterd.toml"
        config.write_text(config.read_text().replace("127.0.0.1:0", ADMIN))
        return [*self.below, *command]

    def counters(self):
        """Of its metrics, those that have no label."""
        with urllib.request.urlopen(f"http://{ADMIN}/metrics", timeout=PATIENCE_S) as answer:
            lines = answer.read().decode().splitlines()
        pairs = [line.split() for line in lines if line.startswith("muster_") and "{" not in line]
        return {name.removeprefix("muster_"): float(value) for name, value in pairs}

    def used(self):
        """What it has used and done since its start."""
        process = pathlib.Path("/proc") / str(self.pid)
        fields = (process / "stat").read_text().rpartition(")")[2].split()
        statuses = [status.read_text() for status in process.glob("task/*/status")]
        counters = self.counters()
        return {"user_us": int(fields[11]) / usage.TICKS_PER_S * 1e6,
                "system_us": int(fields[12]) / usage.TICKS_PER_S * 1e6,
                "switches": sum(int(text.partition("\nvoluntary_ctxt_switches:")[2].split()[0]) for text in statuses),
                **{name: counters[name + "_total"] for name in ("commits", "events", "deliveries")}}


class Profiler(bench.Bench):
    """Instead of a client's figures returns what watch() found in a part of the load: counts, and samples by part."""

    # Loads have no end of their own but are ended here; of the others, what is stored for P5 counts.
    scale = dataclasses.replace(works.FULL, seconds=600, warm_seconds=0, pauses=0, messages_at_low_rate=10_000)
    below = ()

    def watch(self, server):
        """A context; what it gives is filled when it ends."""
        raise NotImplementedError

    def let_pass(self, server, words):
        """Returns when enough of the load has been seen."""
        raise NotImplementedError

    def new_server(self, system):
        return Muster(self, self.below)

    def muster(self, server, *words):
        if words[0] == "submit" and "--count" in words:
            return super().muster(server, *words)  # What P5 stores.
        if words[0] == "replay":
            with self.watch(server) as found:
                super().muster(server, *words)
            return found
        with self.load(server, words) as client:
            self.await_flow(server, client, words)
            with self.watch(server) as found:
                self.let_pass(server, words)
            if client.poll() is not None:
                raise bench.Failed("the load ended too early: " + client.stderr.read()[-400:])
        return found

    @contextlib.contextmanager
    def load(self, server, words):
        client = subprocess.Popen([str(word) for word in (self.binaries / "muster", "bench", *words)],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                  env=server.environment())
        try:
            yield client
        finally:
            client.kill()
            client.wait()

    @staticmethod
    def await_flow(server, client, words):
        """Returns when more than the stage has been set: everybody is connected, and messages flow."""
        fans_out = words[0] == "fanout"
        name = "deliveries_total" if fans_out else "events_total"
        enough = server.counters()[name] + (2 * words[words.index("--readers") + 1] if fans_out else 100)
        deadline = time.monotonic() + PATIENCE_S
        while server.counters()[name] < enough:
            if client.poll() is not None:
                raise bench.Failed("the load ended too early: " + client.stderr.read()[-400:])
            if time.monotonic() > deadline:
                raise bench.Failed(f"no messages within {PATIENCE_S} s")
            time.sleep(0.2)


class AtSpeed(Profiler):
    """What perf samples, in the kernel too, how often each system call was made, and what Linux accounts."""

    WARM_S, WINDOW_S, LOW_RATE_WINDOW_S = 1, 3, 8
    ATTACH_S = 0.5  # Perf takes so long to watch a process.

    def let_pass(self, server, words):
        time.sleep(self.LOW_RATE_WINDOW_S if "--rate" in words else self.WINDOW_S)

    @contextlib.contextmanager
    def perf(self, server, *words):
        """Runs perf, which counts only between `enable` and `disable`; gives the pipe that takes these words."""
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        watcher = subprocess.Popen(["perf", *words, "-D", "-1", "--control", f"fifo:{pipe}", "-p", str(server.pid)],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            # For reading as well: to open it for writing alone waits for a perf that may have ended.
            with os.fdopen(os.open(pipe, os.O_RDWR), "wb", buffering=0) as control:
                time.sleep(self.ATTACH_S)
                pipe.unlink()
                if watcher.poll() is not None:
                    raise bench.Failed(f"perf {words[0]} ended: " + watcher.stderr.read()[-400:])
                yield control
        finally:
            watcher.send_signal(signal.SIGINT)
            watcher.wait()

    @contextlib.contextmanager
    def watch(self, server):
        found, samples, calls = {}, self.folder / "samples", self.folder / "calls"
        events = [word for name in SYSTEM_CALLS for word in ("-e", f"syscalls:sys_enter_{name}")]
        time.sleep(self.WARM_S)
        with (self.perf(server, "record", "-q", "-e", "cpu-clock", "-F", "2500", "-o", samples) as record,
              self.perf(server, "stat", "-x", ",", "-o", calls, *events) as stat):
            for perf in (record, stat):
                perf.write(b"enable\n")
            before = server.used()
            yield found
            after = server.used()
            for perf in (record, stat):
                perf.write(b"disable\n")
        found["counts"] = {key: after[key] - before[key] for key in before}
        found["calls"] = {}
        for line in calls.read_text().splitlines():
            fields = line.split(",")
            if len(fields) > 2 and fields[0].isdigit():
                found["calls"][fields[2].rpartition("_enter_")[2]] = int(fields[0])
        found["report"] = subprocess.run(
            ["perf", "report", "-i", samples, "--stdio", "-q", "--no-children", "--no-demangle", "--sort", "dso,sym",
             "-F", "sample,dso,sym", "-t", "\t"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            check=True).stdout


class Counted(Profiler):
    """Instructions of each function, which callgrind counts: one thread at a time and some fifty times slower."""

    scale = dataclasses.replace(Profiler.scale, stored=100_000)
    # Messages a second that the server manages there one after the other, instead of P4's.
    RATE = 0.5
    # So many messages or deliveries are counted, but no longer than that.
    ENOUGH = {"submit": 20_000, "latency": 1_500, "fanout": 250_000}
    SECONDS_MAX = 40

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.out = self.folder / "counted"
        self.below = ("valgrind", "--tool=callgrind", "--instr-atstart=no", "--demangle=no", "--fair-sched=try",
                      f"--callgrind-out-file={self.out}")

    def load(self, server, words):
        if "--rate" in words:
            at = words.index("--rate") + 1
            words = (*words[:at], self.RATE, *words[at + 1:])
        return super().load(server, words)

    def let_pass(self, server, words):
        name = "deliveries" if words[0] == "fanout" else "events"
        enough = server.used()[name] + self.ENOUGH[words[0]]
        deadline = time.monotonic() + self.SECONDS_MAX
        while server.used()[name] < enough and time.monotonic() < deadline:
            time.sleep(1)

    @staticmethod
    def control(server, *words):
        subprocess.run(["callgrind_control", *words, str(server.pid)], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, timeout=PATIENCE_S)

    @contextlib.contextmanager
    def watch(self, server):
        found = {}
        self.control(server, "--instr=on")
        before = server.used()
        yield found
        after = server.used()
        self.control(server, "--instr=off")
        self.control(server, "--dump")
        found["counts"] = {key: after[key] - before[key] for key in before}
        written = [path for path in self.folder.glob(self.out.name + "*") if os.path.getsize(path) > 0]
        found["functions"] = parts.Counts(max(written, key=os.path.getsize))
        for path in written:
            path.unlink()
