"""Writes what profile.py measured from its raw lines: profile_table.py PROFILE.JSONL"""
import collections
import sys

from results import Results, number

# Parts with less than this of every work are added up as "other".
SHOWN_FROM = 0.02
SYSTEM_CALLS_SHOWN_FROM = 0.0005


def of_units(run, how):
    """How many submissions, or deliveries, the counts are of."""
    return run[how]["counts"]["deliveries" if run["goal"] in ("P3", "P4", "P5") else "events"]


def shares(by_part):
    whole = sum(by_part.values())
    return {part: count / whole for part, count in by_part.items()}


def heading(runs):
    titles = [f"{run['goal']}: {run['work'].split(', ')[0]}" for run in runs]
    return ["| | " + " | ".join(titles) + " |", "|---|" + "---:|" * len(runs)]


def rows(runs, cell, names):
    for name in names:
        yield f"| {name} | " + " | ".join(cell(run, name) for run in runs) + " |"


def costs(runs):
    """What Linux and the broker's counters say of each."""
    def each(count):
        return lambda run: count(run) / of_units(run, "at_speed")

    def of_commit(run):
        counts = run["at_speed"]["counts"]
        return counts["events"] / counts["commits"] if counts["commits"] else None

    figures = {"user us": each(lambda run: run["at_speed"]["counts"]["user_us"]),
               "system us": each(lambda run: run["at_speed"]["counts"]["system_us"]),
               "instructions": lambda run: sum(run["counted"]["instructions"].values()) / of_units(run, "counted"),
               "of these SHA-256": lambda run: run["counted"]["sha256"] / of_units(run, "counted"),
               "voluntary context switches": each(lambda run: run["at_speed"]["counts"]["switches"]),
               "submissions in a commit": of_commit}
    for name in dict.fromkeys(name for run in runs for name in run["at_speed"]["calls"]):
        figures[name] = each(lambda run, name=name: run["at_speed"]["calls"].get(name, 0))

    def cell(run, name):
        value = figures[name](run)
        return "-" if value is None else number(value) if value >= SYSTEM_CALLS_SHOWN_FROM else "0"

    return [*heading(runs), *rows(runs, cell, figures)]


def by_part(runs, counts_of, text):
    """A table of parts; `text` makes a cell of a run, a count and its share."""
    counted = [counts_of(run) for run in runs]
    share = [shares(counts) for counts in counted]
    together = sum(map(collections.Counter, share), collections.Counter())
    parts = [part for part, _ in together.most_common()
             if max(one.get(part, 0) for one in share) >= SHOWN_FROM]
    lines = heading(runs)
    for part in parts:
        lines.append(f"| {part} | " + " | ".join(
            text(run, counts.get(part, 0), one.get(part, 0))
            for run, counts, one in zip(runs, counted, share)) + " |")
    others = [sum(count for part, count in counts.items() if part not in parts) for counts in counted]
    lines.append("| other | " + " | ".join(text(run, other, other / sum(counts.values()))
                                           for run, counts, other in zip(runs, counted, others)) + " |")
    return lines


def render(results):
    machine, runs = results.header["machine"], results.runs
    return "\n".join([
        f"{results.header['date']}, muster {machine['versions']['muster']}; {machine['processor']}, {machine['cores']} "
        "cores. While it is watched, the server takes longer than in the tables below: here the shares count.", "",
        "What one submission (P1, P2) or one delivery (P3 to P5, publishing included) takes; system calls by name; 0 is less "
        "than one in two thousand:", "",
        *costs(runs), "", "Share of the processor time at full speed, in percent (perf):", "",
        *by_part(runs, lambda run: run["at_speed"]["samples"], lambda _, __, share: f"{100 * share:.1f}"), "",
        "Instructions outside the operating system, and their share in percent (callgrind, which hides the processor's "
        "SHA instructions, so that SHA-256 has too much; it is so slow that P4 is counted at a message in two seconds, and "
        "P5 with 100,000 stored messages):", "",
        *by_part(runs, lambda run: run["counted"]["instructions"],
                 lambda run, count, share: f"{number(count / of_units(run, 'counted'))} ({100 * share:.0f})"), ""])


if __name__ == "__main__":
    sys.stdout.write(render(Results.read(sys.argv[1])))
