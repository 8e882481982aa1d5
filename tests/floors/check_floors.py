#!/usr/bin/env python3
"""Checks that the code keeps to its floors and to the few rules that a machine can see.

  check_floors.py [ROOT]               prints file:line: what is wrong and what to do; exit code 1 if anything is
  check_floors.py --self-test [ROOT]   plants one violation of each rule in a copy of ROOT and expects each to be found

A file includes its own floor or a lower one (docs/ARCHITECTURE.md). gRPC is named only in server/rpc, server/etcd, server/cluster and client/, so
that the core builds without it. The wall clock is read in one file, so that everything else can be given a fake one.
Files and lines stay short enough to read.
"""
import os
import re
import shutil
import sys
import tempfile

LINES_MAX = 500
COLUMNS_MAX = 120
CLOCK_FILE = "common/clock.cc"
FLOOR_FOLDERS = ("proto", "common", "server", "client")
# tests/ stands beside the floors: it may include anything, but is as readable as the rest.
ALL_FOLDERS = FLOOR_FOLDERS + ("tests",)

# Generated from proto/: included as "muster/v1/..." and "google/...".
PROTO = ("muster/", "google/", "proto/")
STATE = ("server/state/", "server/deconfliction/", "server/release/", "common/") + PROTO
BROKER = ("server/broker/", "server/log/", "server/audit/") + STATE

# What the files under a folder may include of ours. The longest matching folder counts.
MAY_INCLUDE = {
    "proto/": PROTO,
    "common/": ("common/",) + PROTO,
    "server/log/": ("server/log/", "common/"),
    "server/etcd/": ("server/etcd/", "server/log/", "common/") + PROTO,
    "server/audit/": ("server/audit/", "common/"),
    "server/deconfliction/": ("server/deconfliction/", "common/") + PROTO,
    "server/release/": ("server/release/", "common/") + PROTO,
    "server/state/": STATE,
    "server/broker/": BROKER,
    "server/cluster/": ("server/cluster/", "server/etcd/") + BROKER,
    "server/admin/": ("server/admin/",) + BROKER,
    "server/rpc/": ("server/rpc/",) + BROKER,
    "server/": ("server/", "common/") + PROTO,
    "client/cli/": ("client/cli/", "client/bench/", "client/lib/", "common/") + PROTO,
    "client/": ("client/lib/", "common/") + PROTO,  # And the file's own folder of client/.
}
MAY_NAME_GRPC = ("server/rpc/", "server/etcd/", "server/cluster/", "client/")

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')
GRPC_HEADER = re.compile(r"^grpc(pp)?/|\.grpc\.pb\.h$")
WALL_CLOCK = re.compile(r"\babsl::Now\s*\(|\bsystem_clock::now\s*\(")


def allowed_includes(path):
    """The prefixes of our own headers that `path` may include."""
    folder = max((f for f in MAY_INCLUDE if path.startswith(f)), key=len)
    allowed = MAY_INCLUDE[folder]
    if folder == "client/":
        allowed += ("/".join(path.split("/")[:2]) + "/",)
    if path.endswith("_test.cc"):
        allowed += ("tests/",)
    return allowed


def check_include(path, header, beside):
    """What is wrong with `path` including `header`, or None. `beside` holds the names of the files in its folder."""
    if GRPC_HEADER.search(header) and not path.startswith(MAY_NAME_GRPC):
        return f'includes "{header}": only server/rpc, server/etcd, server/cluster and client/ may name gRPC; move this code there'
    if header in beside:
        return f'includes "{header}": write the path from the top of the repository, "{os.path.dirname(path)}/{header}"'
    ours = header.startswith(PROTO) or header.startswith(tuple(f + "/" for f in ALL_FOLDERS))
    if ours and not header.startswith(allowed_includes(path)):
        return f'includes "{header}": a file here may include only {", ".join(sorted(allowed_includes(path)))}'
    return None


def check_file(root, path):
    """Yields (line number, problem) for one file, given relative to `root` with forward slashes."""
    full_path = os.path.join(root, path)
    with open(full_path, encoding="utf-8", errors="replace") as file:
        lines = file.read().splitlines()
    if len(lines) > LINES_MAX:
        yield len(lines), f"has {len(lines)} lines; split it, {LINES_MAX} is the most"
    on_a_floor = path.startswith(tuple(f + "/" for f in FLOOR_FOLDERS))
    beside = set(os.listdir(os.path.dirname(full_path)))
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS_MAX:
            yield number, f"has {len(line)} columns; wrap it, {COLUMNS_MAX} is the most"
        if not on_a_floor:
            continue
        include = INCLUDE.match(line)
        problem = include and check_include(path, include.group(1) or include.group(2), beside)
        if problem:
            yield number, problem
        if path != CLOCK_FILE and WALL_CLOCK.search(line.split("//")[0]):
            yield number, "reads the wall clock; take a Clock (common/clock.h) instead"


def source_files(root):
    """The paths of all C++ files under the checked folders, relative to `root`, sorted."""
    for top in ALL_FOLDERS:
        for folder, subfolders, names in os.walk(os.path.join(root, top)):
            subfolders.sort()
            for name in sorted(names):
                if name.endswith((".cc", ".h")):
                    yield os.path.relpath(os.path.join(folder, name), root).replace(os.sep, "/")


def problems(root):
    """All problems under `root`, each one line of text."""
    return [f"{path}:{number}: {problem}" for path in source_files(root) for number, problem in check_file(root, path)]


# (file, its text, the line where the problem is, part of the message). None: must be found clean.
PLANTED = [
    ("common/planted.h", '#include "server/state/state.h"\n', 1, "may include only"),
    ("common/planted.cc", "\n#include <grpcpp/grpcpp.h>\n", 2, "may name gRPC; move this code there"),
    ("server/log/planted.h", '#include "muster/v1/plan.pb.h"\n', 1, "may include only"),
    ("server/log/planted.cc", '#include "server/state/state.h"\n', 1, "may include only"),
    ("server/state/planted.cc", '#include "server/log/event_log.h"\n', 1, "may include only"),
    ("server/state/planted.h", '#include "server/broker/sequencer.h"\n', 1, "may include only"),
    ("server/broker/planted.cc", '#include "server/rpc/server.h"\n', 1, "may include only"),
    ("server/broker/planted.h", '#include "muster/v1/plan.grpc.pb.h"\n', 1, "may name gRPC"),
    ("server/admin/planted.cc", '#include "server/rpc/server.h"\n', 1, "may include only"),
    ("server/rpc/planted.cc", '#include "client/lib/client.h"\n', 1, "may include only"),
    ("server/planted_main.cc", "#include <grpcpp/server.h>\n", 1, "may name gRPC"),
    ("client/lib/planted.cc", '#include "server/state/state.h"\n', 1, "may include only"),
    ("client/lib/planted.h", '#include "client/cli/table.h"\n', 1, "may include only"),
    ("client/bench/planted.cc", '#include "client/cli/table.h"\n', 1, "may include only"),
    ("client/agent/planted.cc", '#include "client/bench/route.h"\n', 1, "may include only"),
    ("server/state/planted_test.cc", '#include "server/rpc/server.h"\n', 1, "may include only"),
    ("common/planted_clock.cc", "// absl::Now() is fine here\nauto t = absl::Now();\n", 2, "wall clock"),
    ("client/cli/planted.cc", "auto t = std::chrono::system_clock::now();\n", 1, "wall clock"),
    ("server/rpc/planted.h", '#include "planted.cc"\n', 1, "from the top of the repository"),
    ("common/planted_long.cc", "\n" * (LINES_MAX + 1), LINES_MAX + 1, "split it"),
    ("tests/planted_wide.cc", "\n\n//" + "x" * COLUMNS_MAX + "\n", 3, "wrap it"),
    ("server/rpc/planted_ok.cc", '#include <grpcpp/grpcpp.h>\n#include "server/broker/sequencer.h"\n', None, None),
    ("client/cli/planted_ok.cc", '#include "client/lib/client.h"\n#include "client/cli/table.h"\n', None, None),
    ("server/state/planted_ok_test.cc", '#include "tests/support/x.h"\n#include "muster/v1/plan.pb.h"\n', None, None),
]


def self_test(root):
    """Plants each of PLANTED, alone, in a copy of `root`; returns what was not found as it should be."""
    failures = []
    with tempfile.TemporaryDirectory() as temporary:
        copy = os.path.join(temporary, "copy")
        for top in ALL_FOLDERS:
            shutil.copytree(os.path.join(root, top), os.path.join(copy, top))
        before = set(problems(copy))
        for path, text, line, message in PLANTED:
            planted_path = os.path.join(copy, path)
            os.makedirs(os.path.dirname(planted_path), exist_ok=True)
            # The include that names a file beside it needs that file.
            neighbour = os.path.join(os.path.dirname(planted_path), "planted.cc")
            if path == "server/rpc/planted.h":
                open(neighbour, "w", encoding="utf-8").close()
            with open(planted_path, "w", encoding="utf-8") as file:
                file.write(text)
            found = sorted(set(problems(copy)) - before)
            os.remove(planted_path)
            if os.path.exists(neighbour):
                os.remove(neighbour)
            expected = line is None and not found
            if line is not None:
                expected = len(found) == 1 and found[0].startswith(f"{path}:{line}: ") and message in found[0]
            if not expected:
                failures.append(f"{path}: expected {message or 'no problem'!r} at line {line}, found {found}")
    return failures


def main(arguments):
    if "-h" in arguments or "--help" in arguments:
        print(__doc__)
        return 0
    testing = "--self-test" in arguments
    roots = [a for a in arguments if a != "--self-test"]
    root = roots[0] if roots else os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
    if not all(os.path.isdir(os.path.join(root, top)) for top in ALL_FOLDERS):
        print(f"check_floors.py: {root} is not the top of the repository", file=sys.stderr)
        return 2
    found = self_test(root) if testing else problems(root)
    print("\n".join(found))
    what = f"{len(PLANTED)} planted cases" if testing else f"{len(list(source_files(root)))} files"
    print(f"Floors: {what} checked, {len(found)} wrong.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
