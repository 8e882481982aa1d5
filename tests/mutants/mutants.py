#!/usr/bin/env python3
"""Plants faults, one at a time, and expects the tests to notice.

  mutants.py [--only WORD] [PRESET or build folder]     default: dev, that is build/dev

Of each mutant (table.py) only the changed file is copied, changed and compiled, with the command that the build has for
it, and linked into copies of the test programs in front of the libraries. So nothing is built twice, and neither the
source tree nor the build is touched. First the tests must be green as they are; then each mutant must turn at least one
of its tests red. Exits with 1 when a mutant survives, does not build, or no longer fits the source.
"""
import argparse
import concurrent.futures
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True  # Nothing is left behind in the source tree.
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from table import MUTANTS  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TEST_TIMEOUT_S = 60
# A fault that the simulation finds, it finds in few runs.
SIMULATION_ROUNDS = "40"
PAIRS = "200"


class Broken(Exception):
    """The script cannot do what it should: a mutant that does not fit, or does not build."""


def run(command, **arguments):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                          check=False, **arguments)


class Build:
    """A finished build, and its own commands, run on changed files."""

    def __init__(self, folder):
        self.folder = folder
        with open(os.path.join(folder, "compile_commands.json"), encoding="utf-8") as file:
            self.commands = {entry["file"]: entry for entry in json.load(file)}

    def has(self, program):
        return run(["ninja", "-C", self.folder, "-t", "query", "bin/" + program]).returncode == 0

    def make(self, programs):
        # Ninja's log is the build folder's; this is the only step that writes there.
        return subprocess.call(["cmake", "--build", self.folder, "--parallel", os.environ.get("MUSTER_JOBS", "2"),
                                "--target", *programs])

    def compile(self, file, overlay, replace=()):
        """Compiles `file` of the source, seeing the files in `overlay` instead of those of the source tree."""
        entry = self.commands.get(os.path.join(ROOT, file))
        if entry is None:
            raise Broken(f"{file} is not part of the build")
        changed = os.path.join(overlay, file)
        source = changed if os.path.exists(changed) else entry["file"]
        target = os.path.join(overlay, file.replace("/", "_") + ".o")
        command, words = [], iter(shlex.split(entry["command"]))
        for word in words:
            if word in ("-o", "-MT", "-MF"):
                next(words)  # Not the build's own files.
            elif word != "-MD":
                command.append(source if word == entry["file"] else word)
        for old, new in replace:
            command = [word.replace(old, new) for word in command]
        compiler = next(i for i, word in enumerate(command) if word.startswith(("-D", "-I", "-isystem")))
        command[compiler:compiler] = ["-I" + overlay]
        result = run(command + ["-Wno-error", "-o", target], cwd=entry["directory"])
        if result.returncode != 0:
            raise Broken(f"{file} does not compile:\n{result.stdout}")
        return target

    def link(self, program, objects, target):
        """Links `program` with `objects` in front of the libraries, so that these win over what the libraries hold."""
        shown = run(["ninja", "-C", self.folder, "-t", "commands", "-s", "bin/" + program]).stdout
        link = re.search(r"^: && (.*?) && ", shown, re.MULTILINE)
        if link is None:
            raise Broken(f"no link command for {program} in:\n{shown}")
        words = shlex.split(link.group(1))
        words[words.index("-o") + 1] = target
        words[1:1] = objects
        result = run(words, cwd=self.folder)
        if result.returncode != 0:
            raise Broken(f"{program} does not link:\n{result.stdout}")


def run_tests(path, wanted, folder):
    """Returns whether the tests are green, and in a few words what happened."""
    environment = dict(os.environ, MUSTER_SIMULATION_ROUNDS=SIMULATION_ROUNDS, MUSTER_TEST_PAIRS=PAIRS)
    certificates = os.path.join(folder, "tests", "integration", "certificates")
    if os.path.isdir(certificates):
        environment["MUSTER_TEST_CERTIFICATES"] = certificates
    # A session of its own, so that what the test started ends with it.
    process = subprocess.Popen([path, "--gtest_filter=" + wanted], env=environment, start_new_session=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    how_it_ended = "it crashes"
    try:
        output, _ = process.communicate(timeout=TEST_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        how_it_ended = "it hangs"
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
    if not re.search(r"^\[=+\] Running [1-9]", output, re.MULTILINE):
        raise Broken(f"{path} has no tests {wanted}:\n{output}")
    if process.returncode == 0:
        return True, ""
    failed = sorted(set(re.findall(r"^\[  FAILED  \] ([\w/]+\.[\w/]+)", output, re.MULTILINE)))
    if failed:
        return False, failed[0] + (f" and {len(failed) - 1} more" if len(failed) > 1 else "")
    running = re.findall(r"^\[ RUN      \] (\S+)", output, re.MULTILINE)
    return False, f"{running[-1] if running else path} ({how_it_ended})"


def apply_changes(changes, overlay):
    for change in changes:
        path = os.path.join(overlay, change.file)
        # A file may be changed more than once.
        source = path if os.path.exists(path) else os.path.join(ROOT, change.file)
        with open(source, encoding="utf-8") as file:
            text = file.read()
        if text.count(change.old) != 1:
            raise Broken(f"{change.file}: expected exactly once, found {text.count(change.old)} times: {change.old!r}. "
                         "Bring tests/mutants/table.py up to date with the source")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace(change.old, change.new))


def try_mutant(build, mutant):
    """Returns what caught the mutant; empty: nothing did."""
    overlay = tempfile.mkdtemp(prefix="muster-mutant-")
    try:
        apply_changes(mutant.changes, overlay)
        files = mutant.compile or dict.fromkeys(change.file for change in mutant.changes)
        objects = [build.compile(file, overlay) for file in files]
        if mutant.musterd:
            broker = os.path.join(overlay, "musterd")
            build.link("musterd", objects, broker)
            # The tests are told where the broker is when they are compiled.
            objects = [build.compile("tests/integration/test_broker.cc", overlay,
                                     [(os.path.join(build.folder, "bin", "musterd"), broker)])]
        for program, wanted in mutant.tests:
            path = os.path.join(overlay, program)
            build.link(program, objects, path)
            green, what = run_tests(path, wanted, build.folder)
            if not green:
                return what
        return ""
    finally:
        shutil.rmtree(overlay, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="only the mutants whose name contains this")
    parser.add_argument("build", nargs="?", default="dev", help="a preset, or a build folder")
    arguments = parser.parse_args()
    folder = arguments.build if "/" in arguments.build else os.path.join(ROOT, "build", arguments.build)
    if not os.path.exists(os.path.join(folder, "build.ninja")):
        sys.exit(f"mutants.py: {folder} is not configured; run: cmake --preset {arguments.build}")
    build = Build(os.path.realpath(folder))
    started_s = time.monotonic()
    mutants = [mutant for mutant in MUTANTS if arguments.only in mutant.name]
    skipped = [mutant for mutant in mutants if not all(build.has(program) for program, _ in mutant.tests)]
    mutants = [mutant for mutant in mutants if mutant not in skipped]
    tests = sorted({test for mutant in mutants for test in mutant.tests})
    programs = sorted({program for program, _ in tests} | {"musterd" for mutant in mutants if mutant.musterd})
    if not mutants or build.make(programs) != 0:
        sys.exit("mutants.py: there is nothing to mutate, or it does not build as it is")

    failures = 0
    jobs = int(os.environ.get("MUSTER_JOBS", "2"))
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        print(f"without a fault: {len(tests)} sets of tests must be green")
        checks = {test: pool.submit(run_tests, os.path.join(build.folder, "bin", test[0]), test[1], build.folder)
                  for test in tests}
        for (program, wanted), check in checks.items():
            green, what = check.result()
            if not green:
                print(f"RED WITHOUT A FAULT: {program} {wanted}: {what}")
                failures += 1
        if failures:
            return 1
        width = max(len(mutant.name) for mutant in mutants + skipped)
        print(f"{'mutant':{width}} | caught by")
        print(f"{'-' * width}-|-{'-' * 60}", flush=True)
        trials = [(mutant, pool.submit(try_mutant, build, mutant)) for mutant in mutants]
        for mutant, trial in trials:
            try:
                caught = trial.result()
            except Broken as broken:
                caught = f"NOT TRIED: {broken}"
                failures += 1
            else:
                if not caught:
                    caught = "NOTHING: it survives"
                    failures += 1
            print(f"{mutant.name:{width}} | {caught}", flush=True)
    for mutant in skipped:
        print(f"{mutant.name:{width}} | SKIP: this build has no {mutant.tests[0][0]}")
    print(f"{len(mutants)} mutants, {failures} not caught, {time.monotonic() - started_s:.0f} s")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
