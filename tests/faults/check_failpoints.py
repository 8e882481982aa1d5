#!/usr/bin/env python3
"""Every failpoint in the source is one that the kills (kills.cc) stop at, and the other way round."""
import os
import re
import sys


def main():
    root = sys.argv[1]
    placed = {}
    for top in ("client", "common", "server"):
        for folder, _, files in os.walk(os.path.join(root, top)):
            for name in files:
                if name.endswith(".cc") and not name.endswith("_test.cc"):
                    path = os.path.join(folder, name)
                    with open(path, encoding="utf-8") as file:
                        for failpoint in re.findall(r'MUSTER_FAILPOINT\("([^"]+)"\)', file.read()):
                            placed[failpoint] = os.path.relpath(path, root)
    with open(os.path.join(root, "tests", "faults", "kills.cc"), encoding="utf-8") as file:
        killed_at = set(re.findall(r'"((?:agent|commit|log)\.[a-z_.]+)"', file.read()))
    wrong = [f"{path}: nothing is killed at {name}; add it to tests/faults/kills.cc"
             for name, path in sorted(placed.items()) if name not in killed_at]
    wrong += [f"tests/faults/kills.cc: there is no failpoint {name}" for name in sorted(killed_at - placed.keys())]
    print("\n".join(wrong) or f"{len(placed)} failpoints")
    return 1 if wrong or not placed else 0


if __name__ == "__main__":
    sys.exit(main())
