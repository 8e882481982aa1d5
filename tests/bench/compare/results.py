"""The raw lines of a comparison: one JSON object a line, the first for the machine, the others for one run each."""
import collections
import json
import pathlib
import statistics


def number(value):
    """Three digits that count; thousands in groups."""
    if abs(value) >= 999.5:
        return f"{round(value):,}"
    if abs(value) >= 99.95 or value == 0:
        return f"{value:.0f}"
    if abs(value) >= 9.995:
        return f"{value:.1f}"
    return f"{value:.2f}" if abs(value) >= 1 else f"{value:.3g}"


class Results:
    """Figures by goal, work and system, in the order in which they were measured."""

    def __init__(self, header, runs):
        self.header = header
        self.runs = runs

    @staticmethod
    def read(path):
        lines = [json.loads(line) for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines()]
        return Results(lines[0], lines[1:])

    def write(self, path):
        lines = [self.header, *self.runs]
        pathlib.Path(path).write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")

    def goals(self):
        return list(dict.fromkeys(run["goal"] for run in self.runs))

    def works(self, goal):
        return list(dict.fromkeys(run["work"] for run in self.runs if run["goal"] == goal))

    def systems(self, goal, work):
        return list(dict.fromkeys(run["system"] for run in self.runs if run["goal"] == goal and run["work"] == work))

    def _of(self, goal, work, system):
        return [run for run in self.runs if (run["goal"], run["work"], run["system"]) == (goal, work, system)]

    def values(self, goal, work, system, figure):
        """That figure of every run that has it."""
        return [run["figures"][figure] for run in self._of(goal, work, system) if figure in run.get("figures", {})]

    def median(self, goal, work, system, figure):
        """None when there is none."""
        values = self.values(goal, work, system, figure)
        return statistics.median(values) if values else None

    def failures(self, goal, work, system):
        return [run["failed"] for run in self._of(goal, work, system) if "failed" in run]

    def runs_of_each(self):
        """How often each work was run with each system."""
        return collections.Counter((run["goal"], run["work"], run["system"]) for run in self.runs).values()

    def other_cpu_percents(self):
        return [run["other_cpu_percent"] for run in self.runs if "other_cpu_percent" in run]
