"""Measures Muster and its peers side by side: see compare.sh, which builds what this runs."""
import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import bench
import machine
import plot
import servers
import table
import works
from results import Results

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]


def arguments():
    parser = argparse.ArgumentParser(prog="compare.sh", description="Measures Muster and its peers side by side.")
    parser.add_argument("--quick", action="store_true",
                        help="one short run of each and less of everything: rough figures")
    parser.add_argument("--pairs", type=int, help="how many runs of each (default 3; 1 with --quick)")
    parser.add_argument("--binaries", type=pathlib.Path, default=REPOSITORY / "build/release/bin",
                        help="where musterd, muster and the clients are (default build/release/bin)")
    parser.add_argument("--out", type=pathlib.Path, default=REPOSITORY / "build/bench", help="where the results go")
    parser.add_argument("--add", action="store_true", help="add to the results that are there, of other goals")
    parser.add_argument("goals", nargs="*", metavar="goal", help="of " + " ".join(works.GOALS) + "; all without any")
    given = parser.parse_args()
    if unknown := set(given.goals) - set(works.GOALS):
        parser.error(f"no goal {', '.join(sorted(unknown))}; there are {' '.join(works.GOALS)}")
    if given.pairs is not None and given.pairs < 1:
        parser.error("--pairs is 1 or more")
    if given.add:
        there = given.out / "results.jsonl"
        if not there.exists():
            parser.error(f"nothing to add to: there is no {there}")
        results = Results.read(there)
        if again := set(given.goals or works.GOALS) & set(results.goals()):
            parser.error(f"{there} has {', '.join(sorted(again))} already")
        if given.quick != results.header["quick"]:
            parser.error("a quick run and a whole one do not go together")
        if machine.commit(REPOSITORY) != results.header["machine"]["versions"]["muster"]:
            parser.error(f"{there} is of another commit")
    given.pairs = given.pairs or (1 if given.quick else 3)
    return given


class Recorder:
    """Writes raw lines as they come."""

    def __init__(self, path, add=False):
        self.file = open(path, "a" if add else "w", encoding="utf-8")

    def write(self, line):
        self.file.write(json.dumps(line) + "\n")
        self.file.flush()


def run_once(of_bench, work, system, pair, recorder):
    line = {"goal": work.goal, "work": work.name, "system": system, "pair": pair}
    print(f"{time.strftime('%H:%M:%S')} {work.goal} {work.name}: {system}, run {pair}", flush=True)
    of_bench.other_cpu_percent = 0.0
    try:
        line["figures"] = work.runners[system](of_bench)
        line["other_cpu_percent"] = of_bench.other_cpu_percent
    except (bench.Failed, servers.CannotStart) as error:
        line["failed"] = str(error)
        print(f"         {error}", flush=True)
    recorder.write(line)


def measure(given, folder, recorder):
    certificates = folder / "certs"
    subprocess.run(["sh", REPOSITORY / "certs-example/make-certs.sh", "--out", certificates], check=True,
                   stdout=subprocess.DEVNULL)
    if not given.add:
        recorder.write({"machine": machine.describe(folder, REPOSITORY), "quick": given.quick, "pairs": given.pairs,
                        "date": time.strftime("%Y-%m-%d")})
    of_bench = bench.Bench(folder, given.binaries.resolve(), servers.Certificates(certificates))
    try:
        for work in works.all_works(works.QUICK if given.quick else works.FULL, certificates):
            if given.goals and work.goal not in given.goals:
                continue
            for pair in range(1, given.pairs + 1):
                for system in work.runners:
                    run_once(of_bench, work, system, pair, recorder)
    finally:
        of_bench.stop_kept()


def main():
    given = arguments()
    servers.allow_many_files()
    servers.end_in_order()
    given.out.mkdir(parents=True, exist_ok=True)
    # Not in the system's folder for temporary files, which may be in memory.
    folder = pathlib.Path(tempfile.mkdtemp(prefix="muster-compare-", dir="/var/tmp"))
    folder.chmod(0o755)  # PostgreSQL runs as another user.
    try:
        measure(given, folder, Recorder(given.out / "results.jsonl", given.add))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    results = Results.read(given.out / "results.jsonl")
    shown = table.render(results)
    (given.out / "table.md").write_text(shown, encoding="utf-8")
    plot.write_all(results, given.out)
    print("\n" + shown)
    return 1 if any("failed" in run for run in results.runs) else 0


if __name__ == "__main__":
    sys.exit(main())
