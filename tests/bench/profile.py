#!/usr/bin/env python3
"""Where the broker's processor time goes in the works of P1 to P5 of docs/PERFORMANCE.md.

profile.py [--binaries FOLDER] [GOAL ...]   measures, and writes build/bench/profile.jsonl and profile.md
profile.py --write-docs                     puts the last run into docs/

Each work runs twice. Under callgrind, which counts the instructions of each function, one thread at a time and some
fifty times slower; it hides the processor's SHA instructions from the libraries, so that its share of SHA-256 is too
large. Then at full speed: perf samples which function runs, in the kernel too, and counts system calls; what Linux
accounts to the process is read beside it. Needs root, valgrind and linux-perf, and musterd and muster with line numbers (-g1),
as the preset dev builds them.
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tests/bench/compare"))

# pylint: disable=wrong-import-position
import compare
import document
import machine
import parts
import profile_table
import profiler
import servers
import works
from results import Results

GOALS = ("P1", "P2", "P3", "P4", "P5")


def arguments():
    parser = argparse.ArgumentParser(description="Where the broker's processor time goes, work by work.")
    parser.add_argument("--binaries", type=pathlib.Path, default=REPOSITORY / "build/dev/bin",
                        help="where musterd and muster are (default build/dev/bin)")
    parser.add_argument("--out", type=pathlib.Path, default=REPOSITORY / "build/bench", help="where the results go")
    parser.add_argument("--write-docs", action="store_true", help="measures nothing: puts the last run into docs/")
    parser.add_argument("goals", nargs="*", metavar="goal", help="of " + " ".join(GOALS) + "; all without any")
    given = parser.parse_args()
    if unknown := set(given.goals) - set(GOALS):
        parser.error(f"no goal {', '.join(sorted(unknown))}; there are {' '.join(GOALS)}")
    return given


def watched(kind, folder, given):
    """[(work, what was found)] of every work that was asked for."""
    certificates = folder / "certs"
    of_bench = kind(folder, given.binaries.resolve(), servers.Certificates(certificates))
    for work in works.all_works(of_bench.scale, certificates):
        if work.goal in (given.goals or GOALS):
            print(f"{time.strftime('%H:%M:%S')} {work.goal} {work.name}: {kind.__name__}", flush=True)
            yield work, work.runners["Muster"](of_bench)


def measure(given, folder, recorder):
    subprocess.run(["sh", REPOSITORY / "certs-example/make-certs.sh", "--out", folder / "certs"], check=True,
                   stdout=subprocess.DEVNULL)
    recorder.write({"machine": machine.describe(folder, REPOSITORY), "date": time.strftime("%Y-%m-%d")})
    counted = [found for _, found in watched(profiler.Counted, folder, given)]
    # A function that runs rarely is not in every count.
    part_of_function = {key: part for found in counted for key, part in found["functions"].part_of_function.items()}
    for (work, found), count in zip(watched(profiler.AtSpeed, folder, given), counted):
        functions = count["functions"]
        recorder.write({
            "goal": work.goal, "work": work.name,
            "at_speed": {"counts": found["counts"], "calls": found["calls"],
                         "samples": parts.samples_by_part(found["report"], part_of_function)},
            "counted": {"counts": count["counts"], "instructions": functions.by_part, "sha256": functions.sha256}})


def main():
    given = arguments()
    if given.write_docs:
        return document.write(REPOSITORY, document.PROFILE)
    if missing := [tool for tool in ("perf", "valgrind", "callgrind_control") if shutil.which(tool) is None]:
        sys.exit(f"profile.py: not installed: {' '.join(missing)}; as root: apt-get install linux-perf valgrind")
    if os.geteuid() != 0:
        sys.exit("profile.py: perf looks into the kernel only for root; run it as root")
    servers.allow_many_files()
    servers.end_in_order()
    given.out.mkdir(parents=True, exist_ok=True)
    # Not in the system's folder for temporary files, which may be in memory.
    folder = pathlib.Path(tempfile.mkdtemp(prefix="muster-profile-", dir="/var/tmp"))
    try:
        measure(given, folder, compare.Recorder(given.out / "profile.jsonl"))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    shown = profile_table.render(Results.read(given.out / "profile.jsonl"))
    (given.out / "profile.md").write_text(shown, encoding="utf-8")
    print("\n" + shown)
    return 0


if __name__ == "__main__":
    sys.exit(main())
