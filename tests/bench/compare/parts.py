"""What the parts of a server are that processor time goes to, and how much callgrind and perf say that each has.

A part is a library, or a folder of Muster's own code. Both tools name functions as the linker does, so that what
callgrind says of a function's source file holds for perf's samples of it too.
"""
import collections
import re

OPENSSL = "OpenSSL: TLS and SHA-256"
KERNEL = "operating system"
ALLOCATION = "memory allocation"
COPYING = "copying and comparing memory"
CPP = "C++ library"
C = "C library"

# The first that matches the library's file name.
LIBRARIES = (
    (r"libcrypto|libssl", OPENSSL),
    (r"libgrpc|libgpr|libaddress_sorting|libupb|libcares", "gRPC"),
    (r"libprotobuf", "protobuf"), (r"libsqlite", "SQLite"), (r"libabsl", "Abseil"),
    (r"libjemalloc", ALLOCATION), (r"libdeflate", "CRC-32"),
    (r"libstdc\+\+|libgcc", CPP), (r"libc[.-]|libm[.-]|ld-|libpthread", C), (r"kernel|vmlinux|\[k\]|\.ko\b", KERNEL),
)
# Of a function's source file, where it is in the program itself.
SOURCES = (
    (r"\.pb\.(cc|h)$|google/protobuf", "protobuf"), (r"/include/grpc", "gRPC"), (r"absl/", "Abseil"),
    (r"/(?:server|common)/", None), (r"/c\+\+/|bits/", CPP),
)
ALLOCATORS = re.compile(r"_*(libc_)?(malloc|calloc|realloc|c?free|aligned_alloc|posix_memalign)|_Zn[wa]|_Zd[la]")
MEMORY = re.compile(r"_*(mem(cpy|move|set|cmp|chr|rchr)|str(len|cmp|ncmp|chr)|bcmp)")


def part_of(library, function, source):
    """`source` is "" where it is not known."""
    if ALLOCATORS.match(function):
        return ALLOCATION
    if MEMORY.match(function):
        return COPYING
    for pattern, part in LIBRARIES:
        if re.search(pattern, library):
            return part
    for pattern, part in SOURCES:
        if re.search(pattern, source):
            return part or "Muster: " + re.search(r"/(server/[^/]+|common)(?=/)", source + "/").group(1)
    return "rest"


class Counts:
    """Instructions of each function, from a file that callgrind has written (with --demangle=no).

    OpenSSL's inner functions have no names, so what SHA-256 takes of its part is what Muster's own calls of it take.
    """

    def __init__(self, path):
        self.by_part = collections.Counter()
        self.part_of_function = {}
        self.sha256 = 0
        names = {"ob": {}, "fl": {}, "fn": {}}
        now = {"ob": "", "fl": "", "fn": ""}
        into = ""  # The library that is called; callgrind names it only where it is another one.
        inclusive = False  # The line after calls= is what the called function took, and that is counted there.
        with open(path, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                named = re.match(r"(c?)(ob|fl|fn|fi|fe)=(\(\d+\))(?: (.*))?", line)
                if named:
                    called, kind, key, name = named.groups()
                    known = names["fl" if kind in ("fi", "fe") else kind]
                    if name is not None:
                        known[key] = name
                    if called and kind == "ob":
                        into = known[key]
                    elif not called and kind in now:  # fi and fe are lines of inlined functions: part of this one.
                        now[kind] = known[key]
                elif line.startswith("calls="):
                    inclusive = True
                elif line[0] in "0123456789+-*":
                    if not inclusive:
                        self.add(now, line)
                    elif re.match(r"_ZNK?6muster6Sha256", now["fn"]) and "libcrypto" in into:
                        self.sha256 += int(line.split()[1])
                    inclusive, into = False, ""

    def add(self, now, line):
        words = line.split()
        if len(words) < 2:
            return
        library, function, source = now["ob"], now["fn"].split("'")[0], now["fl"]
        key = (library.rpartition("/")[2], function)
        part = self.part_of_function.get(key)
        if part is None:
            part = self.part_of_function[key] = part_of(key[0], function, "" if source == "???" else source)
        self.by_part[part] += int(words[1])


def samples_by_part(report, part_of_function):
    """`report` is perf's: samples, library and function a line, with tabs between."""
    by_part = collections.Counter()
    for line in report.splitlines():
        columns = [column.strip() for column in line.split("\t")]
        if len(columns) != 3 or not columns[0].isdigit():
            continue
        function = re.sub(r"^\[.\] ", "", columns[2])
        library = "[k]" if columns[2].startswith("[k]") else columns[1]
        part = part_of_function.get((library, function)) or part_of(library, function, "")
        by_part[part] += int(columns[0])
    return by_part
