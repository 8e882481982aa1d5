"""Runs the replay of Operation United Front and checks the JSON object it ends with.

Usage: check_demo.py MUSTER SCENARIO [argument ...]   (the arguments go to `muster demo united-front`)

Fails unless the exit code is 0, every figure is the published one, every finding is as planted in the folder SCENARIO,
nothing is left in the temporary folder, and no broker outlives the run. Then the same once more with a scenario that
expects the wrong things: the replay must end with exit code 1 and name each of them.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

# tests/data/united-front/README.md says who published the figures, and what is planted.
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
    "beds": 12,
    "referrals_accepted": 1,
    "conflicts_found": 3,
    "conflicts_not_planted": 0,
    "conflicts_resolved": 2,
    "conflicts_escalated": 1,
    "alerts_to_sealed_counterpart": 0,
    "go_refused": 1,
    "go_given": 1,
    "waivers": 1,
    "claims": 9,
    "claims_explained": 7,
    "claims_unreconciled": 2,
    "releases_refused": 1,
    "releases_issued": 1,
    "differs": [],
}

# What to expect instead, each in its file, and the lines of the table that must then differ.
WRONG = [
    # Two activities that do not meet; so the conflict that is there was not planted.
    ("deconfliction.toml", 'between = ["franklin-warrant", "portland-raid"]',
     'between = ["franklin-warrant", "paducah-raid"]',
     ["conflicts found, of those planted", "conflicts that nobody planted", "owned and resolved by the watch desk",
      "alerts, each to its party only"]),
    # The 59 have never been reconciled.
    ("claims.toml", 'claim.source = "Kentucky Governor"\nexplanation = "unreconciled"',
     'claim.source = "Kentucky Governor"\nexplanation = "definition"',
     ["persons 59 by Kentucky Governor", "claims explained", "claims left unreconciled"]),
    # 47 persons alone reveal nobody.
    ("releases.toml", "[[releases]]\n[releases.draft]\nrelease_id = \"headline\"",
     "[[releases]]\nrefused_by = \"S2\"\n[releases.draft]\nrelease_id = \"headline\"",
     ["headline: the check", "releases refused by the check", "releases issued", "releases that an observer can list",
      "releases on the observer's feed"]),
]


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


def replay(muster, scenario, arguments, wanted_exit_code):
    """Runs the replay; returns its JSON object and what was wrong with the run."""
    problems = []
    with tempfile.TemporaryDirectory(prefix="muster-demo-test-") as folder:
        run = subprocess.run(
            [muster, "demo", "united-front", "-o", "json", "--scenario", scenario, *arguments],
            stdout=subprocess.PIPE, env={**os.environ, "TMPDIR": folder}, text=True, check=False)
        left = os.listdir(folder)
        alive = brokers_using(folder)
    lines = run.stdout.splitlines()
    print(run.stdout)
    if run.returncode != wanted_exit_code:
        problems.append(f"exit code {run.returncode}, wanted {wanted_exit_code}")
    if left:
        problems.append(f"left behind in the temporary folder: {left}")
    if alive:
        problems.append(f"processes left behind: {alive}")
    if len(lines) != 1:
        problems.append(f"{len(lines)} lines on standard output, wanted one")
    return json.loads(lines[-1]) if lines else {}, problems


def check_as_planted(muster, scenario, arguments):
    """The scenario as it is: all is as published and as planted."""
    result, problems = replay(muster, scenario, arguments, wanted_exit_code=0)
    for field, wanted in WANTED.items():
        if result.get(field) != wanted:
            problems.append(f"{field}: got {result.get(field)}, wanted {wanted}")
    if result.get("duplicates_injected", 0) < 20:
        problems.append(f"duplicates_injected: got {result.get('duplicates_injected')}, wanted 20 or more")
    if result.get("submissions_sent", 0) < 65 + result.get("duplicates_injected", 0):
        problems.append(f"submissions_sent: got {result.get('submissions_sent')}, wanted every report and every repeat")
    return problems


def check_wrong_expectations(muster, scenario, arguments):
    """The same replay, expecting what is not so."""
    with tempfile.TemporaryDirectory(prefix="muster-demo-wrong-") as folder:
        wrong = pathlib.Path(folder) / "scenario"
        shutil.copytree(scenario, wrong)
        differing = []
        for name, right, instead, lines in WRONG:
            path = wrong / name
            text = path.read_text(encoding="utf-8")
            if text.count(right) != 1:
                return [f"{name} holds {text.count(right)} times what is to be changed, wanted once: {right}"]
            path.chmod(0o644)
            path.write_text(text.replace(right, instead), encoding="utf-8")
            differing += lines
        result, problems = replay(muster, str(wrong), arguments, wanted_exit_code=1)
    if result.get("ok") is not False:
        problems.append(f"ok: got {result.get('ok')} with wrong expectations, wanted False")
    if sorted(result.get("differs", [])) != sorted(differing):
        problems.append(f"differs: got {sorted(result.get('differs', []))}, wanted {sorted(differing)}")
    return [f"with wrong expectations: {problem}" for problem in problems]


def main():
    muster, scenario, *arguments = sys.argv[1:]
    problems = check_as_planted(muster, scenario, arguments)
    problems += check_wrong_expectations(muster, scenario, arguments)
    for problem in problems:
        print("check_demo.py:", problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
