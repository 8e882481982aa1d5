"""What each goal wants, and whether results reach it."""
import dataclasses
import math

from results import number

FSYNCING = ("Redis", "PostgreSQL")
MUSTER = "Muster"


@dataclasses.dataclass(frozen=True)
class Column:
    """A figure of the table; `unit` heads it."""
    figure: str
    unit: str
    # Of wrong deliveries and the like: shown only when it is not 0.
    only_if_not_zero: bool = False


@dataclasses.dataclass(frozen=True)
class Ratio:
    """Muster's median over the best peer's median, in every work that has both. Best: the greatest where `at_least` is
    wanted, the least where `at_most` is."""
    figure: str
    name: str
    against: tuple
    at_least: float | None = None
    at_most: float | None = None

    def verdicts(self, results, goal):
        for work in results.works(goal):
            ours = results.median(goal, work, MUSTER, self.figure)
            peers = {system: results.median(goal, work, system, self.figure) for system in self.against}
            peers = {system: value for system, value in peers.items() if value}
            if ours is None or not peers:
                continue
            best = (min if self.at_least is None else max)(peers, key=peers.get)
            ratio = ours / peers[best]
            reached = ratio >= self.at_least if self.at_least is not None else ratio <= self.at_most
            wanted = f"at least {self.at_least:g}" if self.at_least is not None else f"at most {self.at_most:g}"
            yield Verdict(f"{work}: {self.name} {number(ratio)} x {best}, wanted {wanted}", reached)


@dataclasses.dataclass(frozen=True)
class Most:
    """Muster's median, wanted at most."""
    figure: str
    name: str
    at_most: float
    unit: str

    def verdicts(self, results, goal):
        for work in results.works(goal):
            ours = results.median(goal, work, MUSTER, self.figure)
            if ours is not None:
                wanted = f"wanted at most {number(self.at_most)} {self.unit}"
                yield Verdict(f"{work}: {self.name} {number(ours)} {self.unit}, {wanted}", ours <= self.at_most)


@dataclasses.dataclass(frozen=True)
class GrowsNoFaster:
    """A query's cost from the fewest zones to the most, over what log2 N + hits grows by."""
    figure: str

    def verdicts(self, results, goal):
        sizes = []
        for work in results.works(goal):
            size, _, rest = work.partition(" ")
            cost, hits = (results.median(goal, work, MUSTER, figure) for figure in (self.figure, "hits_per_query"))
            if rest.endswith("within its process") and cost is not None and hits is not None:
                sizes.append((math.log2(int(size.replace(",", ""))) + hits, cost, size))
        if len(sizes) < 2:
            return
        (least, least_cost, first), (most, most_cost, last) = sizes[0], sizes[-1]
        grown, allowed = most_cost / least_cost, most / least
        yield Verdict(f"from {first} to {last} zones: cost grows {number(grown)} times, "
                      f"log N + hits {number(allowed)} times", grown <= allowed)


@dataclasses.dataclass(frozen=True)
class DoesNotGrow:
    """Muster's median from the smallest size to the largest of what the works' names count, wanted at most so many
    times."""
    figure: str
    name: str
    at_most: float

    def verdicts(self, results, goal):
        by_kind = {}
        for work in results.works(goal):
            size, _, kind = work.partition(" ")
            cost = results.median(goal, work, MUSTER, self.figure)
            if cost:
                by_kind.setdefault(kind, []).append((int(size.replace(",", "")), cost, size))
        for kind, sizes in by_kind.items():
            (_, least, first), (_, most, last) = min(sizes), max(sizes)
            if first != last:
                yield Verdict(f"from {first} to {last} {kind}: {self.name} {number(most / least)} times, "
                              f"wanted at most {self.at_most:g} times", most / least <= self.at_most)


@dataclasses.dataclass(frozen=True)
class Verdict:
    text: str
    reached: bool


@dataclasses.dataclass(frozen=True)
class Goal:
    title: str
    columns: tuple
    wanted: tuple
    # The figure of the plot, if there is one.
    drawn: Column | None


_RATE = Column("rate_per_s", "messages/s")
_CPU_MESSAGE = Column("server_cpu_us_per_message", "server CPU us each")
_DELIVERIES = Column("deliveries_per_s", "deliveries/s")
_CPU_DELIVERY = Column("server_cpu_us_per_delivery", "server CPU us each")
_LAST_P99 = Column("last_p99_ms", "last reader p99 ms")
_CPU_QUERY = Column("server_cpu_us_per_query", "server CPU us per query")
_P50 = Column("p50_us", "p50 us")
_P99 = Column("p99_us", "p99 us")
_WRONG = (Column("errors", "errors", True), Column("missing", "missing", True), Column("gaps", "gaps", True))

_RSS = Column("rss_mb", "memory MB")
_CPU_SUBMISSION = Column("cpu_us_per_submission", "CPU us per submission")
_OPEN = Column("open_s", "opening s")

GOALS = {
    "P1": Goal("Durable submissions", (_RATE, _CPU_MESSAGE, _P50, _P99, *_WRONG),
               (Ratio("rate_per_s", "rate", FSYNCING, at_least=1.3),
                Ratio("server_cpu_us_per_message", "server CPU", (*FSYNCING, "RabbitMQ stream", "NATS JetStream"),
                      at_most=1.0)), _CPU_MESSAGE),
    "P2": Goal("One in flight", (_P50, _P99, Column("idle_p50_us", "after a second's pause: p50 us"),
                                 Column("idle_p99_us", "p99 us"), *_WRONG),
               (Ratio("p50_us", "p50", ("Redis",), at_most=1.0), Ratio("p99_us", "p99", ("Redis",), at_most=1.0),
                Most("idle_p99_us", "p99 after a pause", 5000, "us")), _P50),
    "P3": Goal("Fan-out at full rate", (_DELIVERIES, _CPU_DELIVERY, *_WRONG),
               (Ratio("server_cpu_us_per_delivery", "server CPU", ("NATS core",), at_most=0.7),), _CPU_DELIVERY),
    "P4": Goal("Fan-out at a low rate",
               (Column("last_p50_ms", "last reader p50 ms"), _LAST_P99, _CPU_DELIVERY, *_WRONG),
               (Ratio("last_p99_ms", "last reader p99", ("NATS core", "Mosquitto", "Redis"), at_most=0.8),), _LAST_P99),
    "P5": Goal("Catching up", (_DELIVERIES, _CPU_DELIVERY, *_WRONG),
               (Ratio("deliveries_per_s", "rate", ("Redis",), at_least=1.2),), _DELIVERIES),
    "P6": Goal("Every agency connected", (
        Column("connect_s", "connecting s"), Column("server_cpu_ms_per_connection", "server CPU ms each"),
        Column("server_kb_per_connection", "server kB each"), Column("last_max_ms", "all reached ms"), *_WRONG),
               (Most("last_max_ms", "all reached in", 1000, "ms"),
                Most("server_kb_per_connection", "server memory of an agency", 114, "kB")),
               Column("server_kb_per_connection", "server kB each")),
    "P7": Goal("Deconfliction", (_CPU_QUERY, Column("hits_per_query", "hits"), _P50, _P99,
                                 Column("queries_per_s", "queries/s"), *_WRONG),
               (Ratio("server_cpu_us_per_query", "server CPU", ("PostGIS",), at_most=0.05),
                GrowsNoFaster("server_cpu_us_per_query")), _CPU_QUERY),
    "P8": Goal("Restart", (_OPEN, Column("events_replayed", "events replayed"), _RSS,
                           Column("snapshot_mb", "last snapshot MB"),
                           Column("pause_max_ms", "longest pause for a snapshot ms")),
               (Most("open_s", "opening", 5, "s"),), _OPEN),
    # What follows compares Muster with itself.
    "Cubes": Goal("The length of the index's cubes", (_CPU_QUERY, Column("hits_per_query", "hits"), _P50, _P99), (),
                  None),
    "Growth": Goal("What does not grow",
                   (_CPU_SUBMISSION, Column("cpu_us_per_delivery", "CPU us per delivery"), _RSS),
                   (DoesNotGrow("cpu_us_per_submission", "a submission's CPU", 1.25),
                    DoesNotGrow("cpu_us_per_delivery", "a delivery's CPU", 1.25)), None),
}

# What a system has done by the time it acknowledges a message, as it is configured here.
ACKNOWLEDGEMENTS = {
    "Muster": "checked, authorized, applied, and on disk: fdatasync of the event log, one for all that came together "
              "(a question to the index acknowledges nothing)",
    "Redis": "on disk: `appendfsync always`, one for all that came together",
    "PostgreSQL": "on disk: one INSERT and one commit each, `synchronous_commit = on`",
    "PostGIS": "no messages: a query, over the local socket, without TLS",
    "RabbitMQ stream": "in the page cache of the operating system, **not on disk**",
    "NATS JetStream": "in the page cache of the operating system, **not on disk** (synced every two minutes)",
    "NATS core": "stored by JetStream as above; readers subscribe to the subject and can catch up on nothing",
    "Mosquitto": "in memory, **not on disk** (QoS 1, sessions of readers outlive their connections)",
}
