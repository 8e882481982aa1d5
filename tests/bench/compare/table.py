"""Writes the tables of a comparison from its raw lines: table.py RESULTS.JSONL"""
import statistics
import sys

from goals import ACKNOWLEDGEMENTS, GOALS
from results import Results, number


def cell(values):
    """The median, and behind it the least and the greatest of several runs."""
    if not values:
        return "-"
    median = number(statistics.median(values))
    if len(values) == 1:
        return median
    return f"{median} ({number(min(values))}..{number(max(values))})"


def machine_lines(results):
    machine = results.header["machine"]
    runs = sorted(results.runs_of_each())
    often = f"{runs[0]}" if runs[0] == runs[-1] else f"{runs[0]} to {runs[-1]}"
    yield (f"{results.header['date']}, {often} run(s) of each, one system after the other"
           + (", **quick**: short runs, rough figures" if results.header["quick"] else "") + ".")
    yield ""
    yield (f"Machine: {machine['processor']}, {machine['cores']} cores for servers and clients together, "
           f"{machine['memory_gib']} GiB; Linux {machine['kernel']}; data on {machine['filesystem']}; a write of 4 KiB "
           f"with fdatasync takes {number(machine['fdatasync_p50_us'])} us (p99 "
           f"{number(machine['fdatasync_p99_us'])} us).")
    yield "Versions: " + ", ".join(f"{name} {version}" for name, version in machine["versions"].items()) + "."
    others = results.other_cpu_percents()
    if others:
        yield (f"Other programs, and other machines on the same processors, took {number(statistics.median(others))} % of "
               f"them in the median run and {number(max(others))} % in the worst.")


def goal_lines(results, goal):
    spec = GOALS[goal]
    works = [(work, system) for work in results.works(goal) for system in results.systems(goal, work)]
    columns = [column for column in spec.columns
               if any(value for row in works for value in results.values(goal, *row, column.figure))
               or not column.only_if_not_zero]
    yield f"### {goal}: {spec.title}"
    yield ""
    yield "| Work | System | " + " | ".join(column.unit for column in columns) + " |"
    yield "|---|---|" + "---:|" * len(columns)
    last = None
    for work, system in works:
        cells = " | ".join(cell(results.values(goal, work, system, column.figure)) for column in columns)
        yield f"| {work if work != last else ''} | {system} | {cells} |"
        last = work
    yield ""
    for work, system in works:
        for reason in dict.fromkeys(results.failures(goal, work, system)):
            yield f"* {work}, {system}: not measured: {' '.join(reason.split())}"
    for wanted in spec.wanted:
        for verdict in wanted.verdicts(results, goal):
            yield f"* {verdict.text}: {'reached' if verdict.reached else '**missed**'}"
    yield ""


def render(results):
    lines = [*machine_lines(results), "",
             "Figures are medians, with the least and the greatest in parentheses; without those, of one run.", ""]
    for goal in (goal for goal in GOALS if goal in results.goals()):
        lines += goal_lines(results, goal)
    systems = dict.fromkeys(run["system"] for run in results.runs)
    lines += ["### What an acknowledgement means", "", "| System | By then the message is |", "|---|---|"]
    lines += [f"| {system} | {meaning} |" for system, meaning in ACKNOWLEDGEMENTS.items() if system in systems]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(render(Results.read(sys.argv[1])))
