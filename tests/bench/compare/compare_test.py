"""Tests of what the tables and verdicts of a comparison say, on results made by hand. Needs no server."""
import pathlib
import tempfile
import unittest
import xml.etree.ElementTree

import document
import parts
import plot
import profile_table
import servers
import table
from goals import GOALS
from results import Results, number

HEADER = {"date": "2026-01-02", "pairs": 3, "quick": False, "machine": {
    "processor": "P", "cores": 2, "memory_gib": 8, "kernel": "6.1", "filesystem": "ext4", "fdatasync_p50_us": 60,
    "fdatasync_p99_us": 1500, "versions": {"muster": "abc"}}}


def runs(goal, work, system, figure, values, **more):
    return [{"goal": goal, "work": work, "system": system, "pair": i + 1, "figures": {figure: value} | more}
            for i, value in enumerate(values)]


def verdicts(goal, of_runs):
    results = Results(HEADER, of_runs)
    said = [verdict for wanted in GOALS[goal].wanted for verdict in wanted.verdicts(results, goal)]
    return {verdict.text: verdict.reached for verdict in said}


class NumbersTest(unittest.TestCase):
    def test_three_digits_count(self):
        self.assertEqual([number(value) for value in (0, 0.0421, 0.5, 9.876, 12.34, 99.97, 999.4, 999.7, 1234567.8)],
                         ["0", "0.0421", "0.5", "9.88", "12.3", "100", "999", "1,000", "1,234,568"])

    def test_a_cell_is_the_median_with_its_spread(self):
        self.assertEqual(table.cell([3, 1, 20]), "3.00 (1.00..20.0)")
        self.assertEqual(table.cell([1, 2]), "1.50 (1.00..2.00)")
        self.assertEqual(table.cell([5]), "5.00")
        self.assertEqual(table.cell([]), "-")


class VerdictsTest(unittest.TestCase):
    def test_rate_is_compared_with_the_quickest_peer_that_fsyncs(self):
        of_runs = [run for system, values in (("Muster", [130, 200, 90]), ("Redis", [100]), ("PostgreSQL", [8]),
                                              ("NATS JetStream", [900]))
                   for run in runs("P1", "w", system, "rate_per_s", values)]
        self.assertEqual(verdicts("P1", of_runs), {"w: rate 1.30 x Redis, wanted at least 1.3": True})
        of_runs[0]["figures"]["rate_per_s"] = 129
        self.assertEqual(verdicts("P1", of_runs), {"w: rate 1.29 x Redis, wanted at least 1.3": False})

    def test_processor_time_is_compared_with_the_cheapest_peer_of_all(self):
        of_runs = [run for system, value in (("Muster", 3), ("Redis", 4), ("RabbitMQ stream", 2.5), ("PostgreSQL", 70))
                   for run in runs("P1", "w", system, "server_cpu_us_per_message", [value])]
        self.assertEqual(verdicts("P1", of_runs), {"w: server CPU 1.20 x RabbitMQ stream, wanted at most 1": False})

    def test_nothing_is_said_where_one_side_was_not_measured(self):
        self.assertEqual(verdicts("P3", runs("P3", "w", "NATS core", "server_cpu_us_per_delivery", [1])), {})
        self.assertEqual(verdicts("P3", runs("P3", "w", "Muster", "server_cpu_us_per_delivery", [1])), {})

    def test_an_absolute_goal_needs_no_peer(self):
        self.assertEqual(verdicts("P6", runs("P6", "w", "Muster", "last_max_ms", [1001])),
                         {"w: all reached in 1,001 ms, wanted at most 1,000 ms": False})

    def test_what_may_not_grow_is_compared_from_its_smallest_size_to_its_largest(self):
        of_runs = [run for work, cost in (("10 closed operations", 4), ("1,000 closed operations", 5.1),
                                          ("180 silent agencies", 4), ("18,000 silent agencies", 5))
                   for run in runs("Growth", work, "Muster", "cpu_us_per_submission", [cost])]
        self.assertEqual(verdicts("Growth", of_runs), {
            "from 10 to 1,000 closed operations: a submission's CPU 1.27 times, wanted at most 1.25 times": False,
            "from 180 to 18,000 silent agencies: a submission's CPU 1.25 times, wanted at most 1.25 times": True})
        self.assertEqual(verdicts("Growth", of_runs[:1]), {})

    def test_growth_is_held_against_log_n_and_hits(self):
        def of(costs):
            return [run for zones, cost, hits in zip(("1,024", "1,048,576"), costs, (0, 20))
                    for run in runs("P7", f"{zones} zones, Muster's index within its process", "Muster",
                                    "server_cpu_us_per_query", [cost], hits_per_query=hits)]
        # log2 is 10 and 20, so that 4 times is allowed.
        self.assertEqual(list(verdicts("P7", of((1, 4))).values()), [True])
        self.assertEqual(list(verdicts("P7", of((1, 4.1))).values()), [False])


class TableTest(unittest.TestCase):
    def test_a_run_that_failed_says_why_and_a_missed_goal_says_so(self):
        of_runs = (runs("P3", "12 readers", "Muster", "server_cpu_us_per_delivery", [1, 1, 1])
                   + runs("P3", "12 readers", "NATS core", "server_cpu_us_per_delivery", [1, 1, 1])
                   + [{"goal": "P3", "work": "12 readers", "system": "Redis", "pair": 1, "failed": "no\nport"}])
        shown = table.render(Results(HEADER, of_runs))
        self.assertIn("* 12 readers, Redis: not measured: no port\n", shown)
        self.assertIn("* 12 readers: server CPU 1.00 x NATS core, wanted at most 0.7: **missed**\n", shown)
        self.assertNotIn("missing", shown)

    def test_missing_deliveries_are_shown(self):
        shown = table.render(Results(HEADER, runs("P3", "w", "Muster", "deliveries_per_s", [9], missing=4, gaps=0)))
        self.assertIn("| missing |", shown)
        self.assertNotIn("gaps", shown)

    def test_plots_are_well_formed(self):
        of_runs = (runs("P4", "a < b", "Muster", "last_p99_ms", [1, 2, 3])
                   + runs("P4", "a < b", "Redis", "last_p99_ms", [0]))
        drawing = plot.draw_all(Results(HEADER, of_runs))["p4.svg"]
        self.assertEqual(len(xml.etree.ElementTree.fromstring(drawing).findall("{http://www.w3.org/2000/svg}rect")), 2)


class Broken(servers.Server):
    name = "broken"
    port = 27999

    def prepare(self):
        return ["sh", "-c", "echo no such option; exit 1"]


class ServerTest(unittest.TestCase):
    def test_one_that_cannot_start_says_what_its_log_says_and_leaves_nothing(self):
        with tempfile.TemporaryDirectory() as name:
            server = Broken(pathlib.Path(name), None)
            with self.assertRaisesRegex(servers.CannotStart, "no such option"):
                server.start()
            self.assertEqual((server.processes, list(pathlib.Path(name).iterdir())), ([], []))


class DocumentTest(unittest.TestCase):
    def test_a_goal_without_a_plot_has_a_table_all_the_same(self):
        of_results = Results(HEADER, runs("Cubes", "w", "Muster", "server_cpu_us_per_query", [12])
                             + runs("P8", "1,000 events", "Muster", "open_s", [0.5]))
        self.assertIn("### Cubes: The length of the index's cubes\n", table.render(of_results))
        self.assertEqual(list(plot.draw_all(of_results)), ["p8.svg"])

    def test_a_figure_typed_by_hand_is_found(self):
        with tempfile.TemporaryDirectory() as name:
            repository = pathlib.Path(name)
            (repository / "build/bench").mkdir(parents=True)
            (repository / "docs").mkdir()
            document_file = repository / "docs/PERFORMANCE.md"
            document_file.write_text("before\n" + "".join(of.begin + of.end for of in document.SECTIONS) + "after\n")
            of_results = Results(HEADER, runs("P5", "w", "Muster", "deliveries_per_s", [1234]))
            of_results.write(repository / "build/bench/results.jsonl")
            document.write(repository)
            self.assertEqual(document.differences(repository), "")
            self.assertIn("![P5](performance/p5.svg)", document_file.read_text())
            document_file.write_text(document_file.read_text().replace("1,234", "2,345"))
            self.assertIn("-| w | Muster | 2,345 |", document.differences(repository))

    def test_a_run_of_less_than_is_shown_is_not_for_the_document(self):
        p3, p4 = (runs(goal, "w", "Muster", "last_p99_ms", [1]) for goal in ("P3", "P4"))
        shown = Results(HEADER, p3 + p4)
        self.assertEqual(document.why_not(shown, None), "")
        self.assertEqual(document.why_not(shown, shown), "")
        self.assertEqual(document.why_not(Results(HEADER, p3), shown), "the last run has nothing of P4 w, Muster")
        failed = [{"goal": "P4", "work": "w", "system": "Muster", "pair": 1, "failed": "no port"}]
        others = runs("P4", "w", "Redis", "last_p99_ms", [1])
        self.assertEqual(document.why_not(Results(HEADER, p3 + others + failed), shown),
                         "the last run has nothing of P4 w, Muster")
        self.assertEqual(document.why_not(Results(HEADER | {"quick": True}, p3), None), "the last run was a quick one")


# What callgrind writes of Sha256::Update, which calls OpenSSL, has an inlined line of Abseil's and is itself called.
COUNTED = """\
# callgrind format
positions: line
events: Ir

ob=(1) /bin/musterd
fl=(1) /work/common/sha256.cc
fn=(1) _ZN6muster6Sha2566UpdateE
10 5
fi=(2) /usr/include/absl/hash.h
+2 3
fe=(1)
cob=(2) /lib/libcrypto.so.3
cfi=(3) ???
cfn=(2) EVP_DigestUpdate
calls=4 0
* 1000

fl=(4) /work/server/log/log.cc
fn=(3) _ZN6muster3LogE
7 20
cfi=(1)
cfn=(1)
calls=4 10
7 1008

ob=(2)
fl=(3)
fn=(2)
0 990

ob=(3) /lib/libc.so.6
fl=(3)
fn=(4) memcpy
0 10
"""
REPORT = "  6\t[kernel.kallsyms]\t[k] finish\n 3 \tmusterd\t[.] _ZN6muster3LogE\n1\tmusterd\t[.] _Znwm\n"


class ProfileTest(unittest.TestCase):
    def counts(self):
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(COUNTED)
            file.flush()
            return parts.Counts(file.name)

    def test_instructions_belong_to_libraries_and_to_folders_of_musters_own_code(self):
        counts = self.counts()
        self.assertEqual(counts.by_part, {"Muster: common": 8, "Muster: server/log": 20, parts.OPENSSL: 990,
                                          parts.COPYING: 10})
        self.assertEqual(counts.sha256, 1000)

    def test_samples_belong_to_the_folder_that_callgrind_has_found(self):
        self.assertEqual(parts.samples_by_part(REPORT, self.counts().part_of_function),
                         {parts.KERNEL: 6, "Muster: server/log": 3, parts.ALLOCATION: 1})

    def test_what_one_submission_takes_is_divided_by_what_was_counted(self):
        counts = {"user_us": 3, "system_us": 1, "switches": 1, "commits": 1, "events": 2, "deliveries": 0}
        run = {"goal": "P1", "work": "1 publisher, 512 in flight",
               "at_speed": {"counts": counts, "calls": {"fdatasync": 1}, "samples": {"gRPC": 99, "SQLite": 1}},
               "counted": {"counts": counts | {"events": 10}, "instructions": {"gRPC": 100}, "sha256": 50}}
        shown = profile_table.render(Results(HEADER, [run]))
        for line in ("| | P1: 1 publisher |", "| user us | 1.50 |", "| instructions | 10.0 |", "| fdatasync | 0.5 |",
                     "| of these SHA-256 | 5.00 |", "| gRPC | 99.0 |", "| other | 1.0 |", "| gRPC | 10.0 (100) |"):
            self.assertIn(line + "\n", shown)


if __name__ == "__main__":
    unittest.main()
