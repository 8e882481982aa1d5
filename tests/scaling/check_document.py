"""Compares the tables of docs/SCALING.md with what the simulation prints.

Usage: check_document.py PROGRAM DOCUMENT            fails, showing the difference, if they are not the same
       check_document.py --write PROGRAM DOCUMENT    puts what the program prints into the document

The document says which seed: the first line between its markers is "Seed N.".
"""
import difflib
import pathlib
import re
import subprocess
import sys

BEGIN = "<!-- what muster-scaling-sim prints: begin -->\n"
END = "<!-- what muster-scaling-sim prints: end -->\n"


def main():
    arguments = sys.argv[1:]
    write = arguments[:1] == ["--write"]
    program, path = arguments[1:] if write else arguments
    document = pathlib.Path(path)
    text = document.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        print(f"{document}: wanted each of the two markers once")
        return 1
    before, rest = text.split(BEGIN)
    shown, after = rest.split(END)
    seed = re.match(r"Seed (\d+)\.\n", shown)
    if not seed:
        print(f"{document}: the first line after the marker is not \"Seed N.\"")
        return 1
    run = subprocess.run([program, "--seed", seed[1]], stdout=subprocess.PIPE, text=True, check=True)
    if write:
        document.write_text(before + BEGIN + run.stdout + END + after, encoding="utf-8")
        return 0
    if shown == run.stdout:
        return 0
    difference = difflib.unified_diff(shown.splitlines(True), run.stdout.splitlines(True), str(document), program)
    sys.stdout.writelines(difference)
    print(f"The tables are not what the program prints; python3 {sys.argv[0]} --write {program} {document}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
