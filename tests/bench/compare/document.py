"""docs/PERFORMANCE.md and what lies beside it are made from raw lines, so that no figure in them is typed by hand.

document.py check REPOSITORY   fails, showing the difference, unless they are what docs/performance/*.jsonl give
document.py write REPOSITORY   takes the last comparison, build/bench/results.jsonl, and writes them
"""
import dataclasses
import difflib
import pathlib
import shutil
import sys
import typing

import plot
import profile_table
import table
from results import Results


@dataclasses.dataclass(frozen=True)
class Section:
    """A part of the document between two markers. `command` measures it; `render` makes text and {file name: plot}."""
    command: str
    raw: str
    render: typing.Callable

    @property
    def begin(self):
        return f"<!-- what {self.command} measured: begin -->\n"

    @property
    def end(self):
        return f"<!-- what {self.command} measured: end -->\n"


def with_plots(results):
    drawings = plot.draw_all(results)
    shown = table.render(results)
    for name in drawings:
        goal = next(goal for goal in results.goals() if plot.file_name(goal) == name)
        start = shown.index("\n\n", shown.index(f"### {goal}: ")) + 2
        shown = shown[:start] + f"![{goal}](performance/{name})\n\n" + shown[start:]
    return shown, drawings


COMPARISON = Section("tests/bench/compare.sh", "results.jsonl", with_plots)
PROFILE = Section("tests/bench/profile.py", "profile.jsonl", lambda results: (profile_table.render(results), {}))
SECTIONS = (PROFILE, COMPARISON)


def expected(repository):
    """{path: text} of every file that is made."""
    document = repository / "docs/PERFORMANCE.md"
    folder = repository / "docs/performance"
    text = document.read_text(encoding="utf-8")
    files = {}
    for section in SECTIONS:
        if text.count(section.begin) != 1 or text.count(section.end) != 1:
            sys.exit(f"{document}: wanted each of the two markers of {section.command} once")
        before, rest = text.split(section.begin)
        raw = folder / section.raw
        shown, drawings = section.render(Results.read(raw)) if raw.exists() else ("", {})
        files |= {folder / name: drawing for name, drawing in drawings.items()}
        text = before + section.begin + shown + section.end + rest.split(section.end)[1]
    return files | {document: text}


def differences(repository):
    """What is not as the raw lines give it, as a unified diff."""
    found = ""
    for path, wanted in expected(repository).items():
        there = path.read_text(encoding="utf-8") if path.exists() else ""
        found += "".join(difflib.unified_diff(there.splitlines(True), wanted.splitlines(True), str(path),
                                              "what the raw lines give"))
    return found


def check(repository):
    found = differences(repository)
    if found:
        commands = " or ".join(section.command for section in SECTIONS)
        print(f"{found}\nMeasure with {commands}, and then run it with --write-docs")
    return 1 if found else 0


def missing(shown, measured):
    """["P8 1,000,000 events, Muster"]: what the document shows and the last run has not measured."""
    def of(results):
        return [f"{run['goal']} {run['work']}" + (f", {run['system']}" if "system" in run else "")
                for run in results.runs if "failed" not in run]
    return [work for work in dict.fromkeys(of(shown)) if work not in of(measured)]


def why_not(measured, shown):
    """Why a run is not for the document; empty when it is."""
    if measured.header.get("quick"):
        return "the last run was a quick one"
    lost = missing(shown, measured) if shown else []
    return f"the last run has nothing of {'; '.join(lost)}" if lost else ""


def write(repository, section=COMPARISON):
    folder = repository / "docs/performance"
    folder.mkdir(exist_ok=True)
    raw = repository / "build/bench" / section.raw
    shown = folder / section.raw
    reason = why_not(Results.read(raw), Results.read(shown) if shown.exists() else None)
    if reason:
        sys.exit(f"{section.command}: {reason}: measure all of it, or remove {shown} where that is meant")
    shutil.copy(raw, shown)
    files = expected(repository)
    for old in set(folder.glob("*.svg")) - set(files):
        old.unlink()
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit({"check": check, "write": write}[sys.argv[1]](pathlib.Path(sys.argv[2])))
