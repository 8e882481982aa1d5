#!/usr/bin/env python3
"""Counts the instructions of Muster's three busiest paths with callgrind, and compares them with the recorded ones.

Counts beside them how often a path asks for memory (malloc and its like).

count_instructions.py check PROGRAM BASELINE   fails when a path takes over 3 % more than recorded, of either
count_instructions.py record PROGRAM BASELINE  writes what is counted now: a change that is meant to cost, or to save

Unlike time, the count of instructions is the same on a busy machine. The processor's special instructions are masked,
so that the libraries choose the same code everywhere. A count is comparable only where it was made with the same
releases of compiler and libraries; where they differ, nothing is compared, and that is said (exit code 77). Updates
within a release mend faults: should one change a count, that shows.
"""
import json
import os
import re
import subprocess
import sys
import tempfile

ALLOWED_RISE = 0.03
# What asks for memory, whoever calls it; operator new does so by malloc.
ALLOCATORS = {"malloc", "calloc", "realloc", "aligned_alloc", "memalign", "posix_memalign"}
# How many of what the path is counted in: enough that a batch's fixed costs are a small part.
UNITS = {"commit": 2048, "publish": 32768, "deconflict": 2048}
PACKAGES = ["g++-12", "libabsl20220623", "libc6", "libdeflate0", "libgeographiclib23", "libgrpc++1.51", "libprotobuf32",
            "libsqlite3-0", "libssl3", "libstdc++6", "valgrind"]
SAME_CODE_EVERYWHERE = {
    "OPENSSL_ia32cap": "0x20007000000:0",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2_Usable,-AVX2,-AVX512F,-AVX512VL,-AVX512BW,-ERMS,-FSRM,-BMI2,-AVX",
}
SKIPPED = 77


def tools():
    """The releases (two numbers of a version) that decide what code runs."""
    listed = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}\n", *PACKAGES],
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    return sorted(re.findall(r"^(\S+ (?:\d+:)?\d+(?:\.\d+)?)", listed.stdout, re.MULTILINE))


def allocations(counts_file):
    """How often anything of ALLOCATORS was called, in a file that callgrind wrote.

    A call is `cfn=(ID) NAME`, the name only where it comes first, followed by `calls=COUNT ...`.
    """
    names, called, total = {}, None, 0
    with open(counts_file, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            named = re.match(r"c?fn=(\(\d+\))(?: (.*))?", line)
            if named:
                if named.group(2):
                    names[named.group(1)] = named.group(2).split("@")[0].removesuffix("'2")
                called = names[named.group(1)]
            elif line.startswith("calls=") and called in ALLOCATORS:
                total += int(line[len("calls="):].split()[0])
    return total


def count(program, path):
    """What each unit of `path` takes: {"instructions": N, "allocations": N}."""
    units = UNITS[path]
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "counts")
        run = subprocess.run(
            ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={out}", program, path,
             "--units", str(units)],
            env={**os.environ, **SAME_CODE_EVERYWHERE}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            check=False)
        total = re.search(r"Collected : (\d+)", run.stdout)
        if run.returncode != 0 or total is None or int(total.group(1)) == 0:
            sys.exit(f"count_instructions.py: {path} could not be counted:\n{run.stdout}")
        return {"instructions": round(int(total.group(1)) / units), "allocations": round(allocations(out) / units, 4)}


def record(program, baseline_file):
    """Writes the counts of now."""
    baseline = {"tools": tools(), "each": {path: count(program, path) for path in UNITS}}
    with open(baseline_file, "w", encoding="utf-8") as file:
        json.dump(baseline, file, indent=2)
        file.write("\n")
    print(json.dumps(baseline["each"]))


def check(program, baseline_file):
    """Returns the exit code."""
    with open(baseline_file, encoding="utf-8") as file:
        baseline = json.load(file)
    if baseline["tools"] != tools():
        differing = sorted(set(baseline["tools"]) ^ set(tools()))
        print("SKIP: the counts were recorded with another compiler or other libraries:", ", ".join(differing))
        return SKIPPED
    risen = []
    fallen = []
    for path in UNITS:
        recorded = baseline["each"][path]
        for what, now in count(program, path).items():
            print(f"{path}: {now} {what} each, recorded {recorded[what]}")
            if now == 0 and recorded[what] > 0:
                sys.exit(f"count_instructions.py: {what} of {path} could not be counted")
            if now > recorded[what] * (1 + ALLOWED_RISE):
                risen.append(f"{what} of {path}")
            if now < recorded[what] * (1 - ALLOWED_RISE):
                fallen.append(f"{what} of {path}")
    if fallen:
        print(f"{', '.join(fallen)} fell by more than {ALLOWED_RISE:.0%}: record that, so that it does not rise unseen.")
    if risen:
        print(f"FAILED: {', '.join(risen)} rose by more than {ALLOWED_RISE:.0%}. Find out why; if it is worth it, record "
              f"it: tests/bench/count_instructions.py record {program} {baseline_file}")
        return 1
    return 0


def main():
    """Runs what the command line says."""
    if len(sys.argv) != 4 or sys.argv[1] not in ("check", "record"):
        sys.exit(__doc__)
    if sys.argv[1] == "record":
        record(sys.argv[2], sys.argv[3])
        return 0
    return check(sys.argv[2], sys.argv[3])


if __name__ == "__main__":
    sys.exit(main())
