#!/usr/bin/env python3
"""Shows that the fault harness can fail: plants faults (plants.py), one at a time, and runs the scenario that must find it.

  mutants.py [--only WORD] [--trust] [-o json] [PRESET or build folder]     default: dev, that is build/dev

A changed file is compiled and linked into a copy of the program (tests/mutants/mutants.py); neither the source tree nor
the build is touched. A plant is caught when muster-faults reports a violation, which without it, it does not. Exits with
1 when one survives.
"""
import argparse
import concurrent.futures
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "mutants"))
from mutants import ROOT, Broken, Build, apply_changes  # noqa: E402
from plants import PLANTS  # noqa: E402

SCENARIO_TIMEOUT_S = 240


def run_scenario(program, arguments):
    """Returns whether a violation was reported, and the first one."""
    command = [program, *arguments, "--time-limit", "60", "-o", "json"]
    # A session of its own, so that what it started ends with it.
    process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               errors="replace")
    try:
        output, errors = process.communicate(timeout=SCENARIO_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        return True, "it hangs"
    finally:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    try:
        report = json.loads(output)
    except json.JSONDecodeError as error:
        raise Broken(f"{command} said nothing: {error}: {errors[-500:]}") from error
    if report["skipped"]:
        raise Broken(f"{command} was skipped: {report['skipped']}")
    if process.returncode == 0:
        return False, ""
    return True, (report["violations"] or ["a violation"])[0]


def run_test(program, arguments):
    """The same for a program of tests: the first that fails. One that is skipped finds nothing."""
    result = subprocess.run([program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            errors="replace", timeout=SCENARIO_TIMEOUT_S, check=False)
    failed = re.search(r"^\[  FAILED  \] ([\w/]+\.[\w/]+)", result.stdout, re.MULTILINE)
    return result.returncode != 0, failed.group(1) if failed else "it crashes"


def try_plant(build, plant):
    """Returns what caught it; empty: nothing did."""
    overlay = tempfile.mkdtemp(prefix="muster-plant-", dir=os.environ.get("TMPDIR"))
    try:
        apply_changes(plant.changes, overlay)
        objects = [build.compile(file, overlay) for file in dict.fromkeys(change.file for change in plant.changes)]
        program = os.path.join(overlay, plant.program)
        build.link(plant.program, objects, program)
        harness = os.path.join(build.folder, "bin", "muster-faults")
        if plant.program.endswith("_test"):
            caught, what = run_test(program, plant.arguments)
        elif plant.program == "muster-faults":
            caught, what = run_scenario(program, plant.arguments)
        else:
            option = {"musterd": "--musterd", "muster-agent": "--agent"}[plant.program]
            caught, what = run_scenario(harness, [*plant.arguments, option, program])
        return what if caught else ""
    finally:
        shutil.rmtree(overlay, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="only the plants whose name contains this")
    parser.add_argument("-o", dest="output", choices=("table", "json"), default="table")
    parser.add_argument("--trust", action="store_true", help="do not first run the scenarios without a fault")
    parser.add_argument("build", nargs="?", default="dev", help="a preset, or a build folder")
    arguments = parser.parse_args()
    folder = arguments.build if "/" in arguments.build else os.path.join(ROOT, "build", arguments.build)
    if not os.path.exists(os.path.join(folder, "build.ninja")):
        sys.exit(f"mutants.py: {folder} is not configured; run: cmake --preset {arguments.build}")
    build = Build(os.path.realpath(folder))
    wanted = [plant for plant in PLANTS if arguments.only in plant.name]
    plants = [plant for plant in wanted if shutil.which("etcd") or not plant.needs_etcd]
    if not plants or build.make(sorted({plant.program for plant in plants} | {"muster-faults"})) != 0:
        sys.exit("mutants.py: there is nothing to plant, or it does not build as it is")
    started_s = time.monotonic()
    table = open(os.devnull, "w", encoding="utf-8") if arguments.output == "json" else sys.stdout
    width = max(len(plant.name) for plant in plants)
    print(f"{'planted':{width}} | {'with':18} | caught by", file=table)
    print(f"{'-' * width}-|-{'-' * 18}-|-{'-' * 60}", file=table, flush=True)
    rows = []
    sound = True
    harness = os.path.join(build.folder, "bin", "muster-faults")
    scenarios = dict.fromkeys(plant.arguments for plant in plants if not plant.program.endswith("_test"))
    for scenario in [] if arguments.trust else scenarios:
        violated, what = run_scenario(harness, scenario)
        sound = sound and not violated
        if violated:
            print(f"VIOLATED WITHOUT A PLANT: {' '.join(scenario)}: {what}", file=table, flush=True)
    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("MUSTER_JOBS", "2"))) as pool:
        trials = [(plant, pool.submit(try_plant, build, plant)) for plant in plants]
        for plant, trial in trials:
            try:
                caught = trial.result()
                said = caught or "NOTHING: it survives"
            except Broken as broken:
                caught, said = "", f"NOT TRIED: {broken}"
            rows.append({"planted": plant.name, "scenario": plant.finder, "caught": bool(caught), "by": said})
            print(f"{plant.name:{width}} | {plant.finder:18} | {said[:160]}", file=table, flush=True)
    caught = sum(row["caught"] for row in rows)
    print(f"{caught} of {len(rows)} planted faults caught, {time.monotonic() - started_s:.0f} s", file=table)
    skipped = [{"what": f"planted: {plant.name}", "reason": "etcd is not installed (Debian: etcd-server)"}
               for plant in wanted if plant not in plants]
    for left_out in skipped:
        print(f"SKIPPED {left_out['what']}: {left_out['reason']}", file=table)
    if arguments.output == "json":
        print(json.dumps({"mutants_planted": len(rows), "mutants_caught": caught, "mutants": rows, "skipped": skipped},
                         indent=2))
    return 0 if sound and caught == len(rows) else 1


if __name__ == "__main__":
    sys.exit(main())
