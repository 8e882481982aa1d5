"""Draws a comparison: one SVG for each goal, a bar for each system, readable on light and on dark ground.

plot.py RESULTS.JSONL FOLDER
"""
import html
import pathlib
import sys

from goals import GOALS, MUSTER
from results import Results, number

BAR = 18
GAP = 6
LEFT = 150
WIDTH = 720
BARS_WIDTH = WIDTH - LEFT - 90

STYLE = """\
text{font:12px system-ui,sans-serif;fill:#24292f}
.title{font-size:14px;font-weight:600}
.work{font-weight:600}
.peer{fill:#9aa4af}
.muster{fill:#0a6ebd}
.spread{stroke:#24292f;stroke-width:1.5}
@media (prefers-color-scheme:dark){
text{fill:#d7dde4}
.peer{fill:#5d6975}
.muster{fill:#4aa3ec}
.spread{stroke:#d7dde4}
}
"""


def text(x, y, words, css="", anchor="start"):
    return f'<text x="{x}" y="{y}" class="{css}" text-anchor="{anchor}">{html.escape(words)}</text>'


def bar(y, system, values, median, scale):
    middle = y + BAR / 2
    low, high = LEFT + min(values) * scale, LEFT + max(values) * scale
    return [
        text(LEFT - 8, y + 13, system, anchor="end"),
        f'<rect x="{LEFT}" y="{y}" width="{max(1.0, median * scale):.1f}" height="{BAR}" '
        f'class="{"muster" if system == MUSTER else "peer"}"/>',
        f'<line x1="{low:.1f}" y1="{middle:.1f}" x2="{high:.1f}" y2="{middle:.1f}" class="spread"/>',
        text(f"{max(high, LEFT + median * scale) + 6:.1f}", y + 13, number(median)),
    ]


def draw(results, goal):
    """The SVG of one goal; None when there is nothing to draw."""
    spec = GOALS[goal]
    if spec.drawn is None:
        return None
    figure = spec.drawn.figure
    shown = [(work, system, results.values(goal, work, system, figure))
             for work in results.works(goal) for system in results.systems(goal, work)]
    shown = [(work, system, values) for work, system, values in shown if values]
    if not shown:
        return None
    better = "more" if figure.endswith("_per_s") else "less"
    parts = [text(8, 20, f"{goal}: {spec.title}, {spec.drawn.unit} ({better} is better)", "title")]
    y = 30
    for work in dict.fromkeys(work for work, _, _ in shown):
        # Each work has its own scale: what is compared is the systems.
        rows = [(system, values) for of_work, system, values in shown if of_work == work]
        scale = BARS_WIDTH / max(max(values) for _, values in rows)
        parts.append(text(8, y + 14, work, "work"))
        y += 22
        for system, values in rows:
            parts += bar(y, system, values, results.median(goal, work, system, figure), scale)
            y += BAR + GAP
        y += GAP
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" viewBox="0 0 {WIDTH} {y}">\n'
            f"<style>{STYLE}</style>\n" + "\n".join(parts) + "\n</svg>\n")


def file_name(goal):
    return f"{goal.lower()}.svg"


def draw_all(results):
    """{file name: SVG} for every goal that has figures."""
    drawings = {file_name(goal): draw(results, goal) for goal in results.goals()}
    return {name: drawing for name, drawing in drawings.items() if drawing}


def write_all(results, folder):
    for name, drawing in draw_all(results).items():
        (pathlib.Path(folder) / name).write_text(drawing, encoding="utf-8")


if __name__ == "__main__":
    write_all(Results.read(sys.argv[1]), sys.argv[2])
