"""The machine that a comparison ran on, and the versions of what was compared."""
import os
import pathlib
import platform
import subprocess
import tempfile
import time

PACKAGES = ("redis-server", "nats-server", "rabbitmq-server", "mosquitto", "postgresql-15", "postgresql-15-postgis-3",
            "libssl3")


def first_line_with(path, word):
    for line in pathlib.Path(path).read_text().splitlines():
        if line.startswith(word):
            return line.partition(":")[2].strip()
    return "unknown"


def package_version(package):
    asked = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], stdout=subprocess.PIPE,
                           stderr=subprocess.DEVNULL, text=True, check=False)
    return asked.stdout.strip() or "not installed"


def filesystem(folder):
    """Kind of the file system that holds `folder`."""
    asked = subprocess.run(["findmnt", "--noheadings", "--output", "FSTYPE", "--target", folder],
                           stdout=subprocess.PIPE, text=True, check=False)
    return asked.stdout.strip() or "unknown"


def fdatasync_us(folder, times=500):
    """Median and 99th percentile of a write of 4 KiB at the end of a file and fdatasync, in microseconds."""
    took = []
    with tempfile.NamedTemporaryFile(dir=folder, buffering=0) as file:
        for _ in range(times):
            began = time.monotonic_ns()
            file.write(b"\0" * 4096)
            os.fdatasync(file.fileno())
            took.append((time.monotonic_ns() - began) / 1000)
    took.sort()
    return round(took[times // 2]), round(took[times * 99 // 100])


def commit(repository):
    asked = subprocess.run(["git", "-C", repository, "describe", "--always", "--dirty"], stdout=subprocess.PIPE,
                           stderr=subprocess.DEVNULL, text=True, check=False)
    return asked.stdout.strip() or "unknown"


def describe(folder, repository):
    """What is worth knowing, as one object. `folder` is where the servers write."""
    p50_us, p99_us = fdatasync_us(folder)
    memory_kb = int(first_line_with("/proc/meminfo", "MemTotal").split()[0])
    return {
        "processor": first_line_with("/proc/cpuinfo", "model name"),
        "cores": os.cpu_count(),
        "memory_gib": round(memory_kb / 2**20, 1),
        "kernel": platform.release(),
        "filesystem": filesystem(folder),
        "fdatasync_p50_us": p50_us,
        "fdatasync_p99_us": p99_us,
        "versions": {"muster": commit(repository)} | {package: package_version(package) for package in PACKAGES},
    }
