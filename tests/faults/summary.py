#!/usr/bin/env python3
"""Makes one report of several: summary.py table|json SKIPPED REPORT... [MUTANTS]; SKIPPED is "what: reason" lines."""
import json
import sys

COUNTS = ("acknowledged", "lost", "duplicated", "reordered", "gaps", "phantoms", "changed", "failures")


def main():
    output, skipped, *files = sys.argv[1:]
    total = {"faults": {}, **dict.fromkeys(COUNTS, 0), "mutants_planted": 0, "mutants_caught": 0, "violations": [],
             "mutants": [], "skipped": []}
    for line in filter(None, skipped.split("\n")):
        what, reason = line.split(": ", 1)
        total["skipped"].append({"what": what, "reason": reason})
    for file in files:
        try:
            with open(file, encoding="utf-8") as stream:
                report = json.load(stream)
        except (OSError, json.JSONDecodeError) as error:
            total["failures"] += 1
            total["violations"].append(f"{file}: no report: {error}")
            continue
        for kind, count in report.get("faults", {}).items():
            total["faults"][kind] = total["faults"].get(kind, 0) + count
        for name in (*COUNTS, "mutants_planted", "mutants_caught"):
            total[name] += report.get(name, 0)
        for name in ("violations", "mutants", "skipped"):
            total[name] += report.get(name, [])
    wrong = sum(total[name] for name in COUNTS if name != "acknowledged")
    if output == "json":
        print(json.dumps(total, indent=2))
    else:
        print_table(total)
    return 1 if wrong or total["mutants_caught"] < total["mutants_planted"] else 0


def print_table(total):
    print(f"{'fault':32} {'count':>8}")
    for kind, count in sorted(total["faults"].items()):
        print(f"{kind:32} {count:8}")
    print()
    for name in COUNTS:
        print(f"{name:32} {total[name]:8}")
    for one in total["skipped"]:
        print(f"SKIPPED {one['what']}: {one['reason']}")
    for violation in total["violations"]:
        print(f"VIOLATION {violation}")
    if total["mutants"]:
        print(f"\n{'planted':45} {'scenario':18} caught by")
        for row in total["mutants"]:
            print(f"{row['planted']:45} {row['scenario']:18} {row['by'][:140]}")
        print(f"{total['mutants_caught']} of {total['mutants_planted']} planted faults caught")


if __name__ == "__main__":
    sys.exit(main())
