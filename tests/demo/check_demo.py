"""Runs the replay of Operation United Front and checks the JSON object it ends with.

Usage: check_demo.py MUSTER [argument ...]   (the arguments go to `muster demo united-front`)

Fails unless the exit code is 0, every figure is the published one, nothing is left in the temporary folder, and no
broker outlives the run.
"""
import json
import os
import subprocess
import sys
import tempfile

# tests/data/united-front/README.md says who published them.
WANTED = {
    "mode": "EXERCISE",
    "ok": True,
    "arrests": 102,
    "arrests_in_window": 93,
    "arrests_out_of_window": 9,
    "persons": 47,
    "adults": 45,
    "minors": 2,
    "persons_kentucky_definition": 45,
    "states_reporting_persons": 7,
    "broker_restarts": 1,
}


def brokers_using(folder):
    """The ids of processes that were started with something in `folder` on their command line."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                if os.fsencode(folder) in file.read():
                    found.append(pid)
        except OSError:
            pass  # It ended meanwhile.
    return found


def main():
    problems = []
    with tempfile.TemporaryDirectory(prefix="muster-demo-test-") as folder:
        run = subprocess.run([sys.argv[1], "demo", "united-front", "-o", "json", *sys.argv[2:]], stdout=subprocess.PIPE,
                             env={**os.environ, "TMPDIR": folder}, text=True, check=False)
        left = os.listdir(folder)
        alive = brokers_using(folder)
    lines = run.stdout.splitlines()
    print(run.stdout)
    if run.returncode != 0:
        problems.append(f"exit code {run.returncode}, wanted 0")
    if left:
        problems.append(f"left behind in the temporary folder: {left}")
    if alive:
        problems.append(f"processes left behind: {alive}")
    if len(lines) != 1:
        problems.append(f"{len(lines)} lines on standard output, wanted one")
    result = json.loads(lines[-1]) if lines else {}
    for field, wanted in WANTED.items():
        if result.get(field) != wanted:
            problems.append(f"{field}: got {result.get(field)}, wanted {wanted}")
    if result.get("duplicates_injected", 0) < 20:
        problems.append(f"duplicates_injected: got {result.get('duplicates_injected')}, wanted 20 or more")
    if result.get("submissions_sent", 0) < 65 + result.get("duplicates_injected", 0):
        problems.append(f"submissions_sent: got {result.get('submissions_sent')}, wanted every report and every repeat")
    for problem in problems:
        print("check_demo.py:", problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
