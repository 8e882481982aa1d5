"""The works of each goal, as the same for all systems as they can be. Sizes are 256 bytes.

A work is a name and, by the name of each system, a function that runs it once on a Bench and returns its figures.
"""
import dataclasses
import typing

from bench import Failed

GOALS = ("P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "Cubes", "Growth")


@dataclasses.dataclass(frozen=True)
class Scale:
    """How long and how much. A quick run shows that everything works; its figures are rough."""
    seconds: float
    warm_seconds: float
    pauses: int
    messages_at_low_rate: int
    stored: int
    agencies: int
    subscribers: int
    zones: tuple
    zones_entered: tuple
    restart_events: tuple
    history: tuple
    closed: tuple
    silent: tuple


FULL = Scale(seconds=2.5, warm_seconds=1, pauses=100, messages_at_low_rate=200, stored=1_000_000, agencies=18_000,
             subscribers=5_000, zones=(1_000, 100_000, 1_000_000), zones_entered=(1_000, 100_000),
             restart_events=(100_000, 1_000_000, 10_000_000), history=(20_000, 200_000, 2_000_000),
             closed=(10, 100, 1_000), silent=(180, 1_800, 18_000))
QUICK = Scale(seconds=1.5, warm_seconds=1, pauses=5, messages_at_low_rate=30, stored=200_000, agencies=2_000,
              subscribers=1_000, zones=(1_000, 100_000), zones_entered=(1_000,),
              restart_events=(100_000, 1_000_000), history=(20_000, 200_000), closed=(10, 1_000),
              silent=(180, 1_800))


@dataclasses.dataclass(frozen=True)
class Work:
    goal: str
    name: str
    runners: dict[str, typing.Callable]


def on_fresh_servers(goal, name, muster, peer, systems):
    """One client run on a fresh server. `muster` and `peer` are the words for the two clients; None: not measured."""

    def run_muster(bench):
        with bench.fresh("Muster") as server:
            return bench.muster(server, *muster)

    def runner_of(system):
        def run(bench):
            with bench.fresh(system) as server:
                return bench.peer(system, server, *peer)
        return run

    runners = {"Muster": run_muster} if muster else {}
    return Work(goal, name, runners | {system: runner_of(system) for system in systems})


def durable_publish(scale):
    times = ["--warm", scale.warm_seconds, "--seconds", scale.seconds]
    for publishers, window in ((1, 512), (12, 64)):
        words = ["--publishers", publishers, "--window", window, *times]
        name = "1 publisher, 512 in flight" if publishers == 1 else f"{publishers} publishers, {window} in flight each"
        yield on_fresh_servers("P1", name, ["submit", *words], ["publish", *words],
                               ("Redis", "RabbitMQ stream", "NATS JetStream", "PostgreSQL"))


def one_in_flight(scale):
    times = ["--warm", scale.warm_seconds, "--seconds", scale.seconds]
    yield on_fresh_servers("P2", "one in flight", ["latency", *times, "--pauses", scale.pauses, "--pause", "1s"],
                           ["publish", "--publishers", 1, "--window", 1, *times], ("Redis", "NATS JetStream"))


def fan_out(scale, authority):
    for readers, lag in ((12, 1000), (100, 500), (1000, 100)):
        words = ["fanout", "--readers", readers, "--lag", lag, "--seconds", scale.seconds]
        yield on_fresh_servers("P3", f"{readers} readers", [*words, "--authority", authority], words,
                               ("NATS core", "Redis"))


def fan_out_at_low_rate(scale, authority):
    words = ["fanout", "--readers", 1000, "--rate", 10, "--count", scale.messages_at_low_rate]
    yield on_fresh_servers("P4", "1000 readers, 10 messages a second", [*words, "--authority", authority], words,
                           ("NATS core", "Mosquitto", "Redis"))


def replay(scale):
    def run_muster(bench):
        with bench.fresh("Muster") as server:
            bench.muster(server, "submit", "--publishers", 4, "--window", 512, "--count", scale.stored)
            figures = bench.muster(server, "replay")
        came = figures.get("deliveries", scale.stored)  # Who profiles gets no figures.
        if came < scale.stored:
            raise Failed(f"of {scale.stored:,} stored messages {came:,} came")
        return figures

    def runner_of(system):
        def run(bench):
            with bench.fresh(system) as server:
                bench.peer(system, server, "publish", "--publishers", 4, "--window", 512, "--count", scale.stored)
                return bench.peer(system, server, "replay", "--count", scale.stored)
        return run

    yield Work("P5", f"{scale.stored:,} stored messages", {"Muster": run_muster} | {
        system: runner_of(system) for system in ("Redis", "RabbitMQ stream", "NATS JetStream")})


def connections(scale, authority):
    yield on_fresh_servers("P6", f"{scale.agencies:,} agencies, one GO order",
                           ["connections", "--agencies", scale.agencies, "--authority", authority], None, ())
    yield on_fresh_servers("P6", f"{scale.subscribers:,} subscribers", None,
                           ["fanout", "--readers", scale.subscribers, "--rate", 1, "--count", 6],
                           ("NATS core", "Mosquitto"))


def index_alone(zones, *options):
    """The index in a process of its own, without a server."""
    def run(bench):
        figures = bench.client([bench.binaries / "muster-deconflict-query", "--zones", zones, *options])
        figures["server_cpu_us_per_query"] = figures.pop("cpu_us_per_query")
        return figures
    return run


def deconfliction(scale):
    def postgis(zones):
        def run(bench):
            server = bench.keep("PostGIS")
            bench.peer("PostGIS", server, "zones-load", "--zones", zones, prints=False)
            return bench.peer("PostGIS", server, "zones-query", "--zones", zones, "--seconds", scale.seconds)
        return run

    for zones in scale.zones:
        yield Work("P7", f"{zones:,} zones, Muster's index within its process",
                   {"Muster": index_alone(zones), "PostGIS": postgis(zones)})
    for zones in scale.zones_entered:
        yield on_fresh_servers("P7", f"{zones:,} zones, entered durably through the stream",
                               ["deconflict", "--zones", zones, "--queries", 20_000], None, ())


def restart(scale):
    def run_of(events):
        def run(bench):
            figures = bench.client([bench.binaries / "muster-restart-bench", "--events", events])
            figures["snapshot_mb"] = figures["snapshot_bytes"] / 2**20
            return figures
        return run

    for events in scale.restart_events:
        yield Work("P8", f"{events:,} events", {"Muster": run_of(events)})


def cubes(scale):
    for zones in scale.zones:
        for shift, length in ((-1, "half as long"), (0, "as they are"), (1, "twice as long")):
            yield Work("Cubes", f"{zones:,} zones, cubes {length}",
                       {"Muster": index_alone(zones, "--cubes", shift)})


def growth(scale):
    """Of three sizes one is made large, and the others stay as small as they are measured."""
    def run_of(option, size):
        return lambda bench: bench.client([bench.binaries / "muster-growth-bench", option, size])

    for option, sizes, what in (("--history", scale.history, "events of history"),
                                ("--closed", scale.closed, "closed operations"),
                                ("--silent", scale.silent, "silent agencies")):
        for size in sizes:
            yield Work("Growth", f"{size:,} {what}", {"Muster": run_of(option, size)})


def all_works(scale, authority):
    """Every work, in the order of the goals. `authority`: the folder of certificates, with the authority's key."""
    return [*durable_publish(scale), *one_in_flight(scale), *fan_out(scale, authority),
            *fan_out_at_low_rate(scale, authority), *replay(scale), *connections(scale, authority),
            *deconfliction(scale), *restart(scale), *cubes(scale), *growth(scale)]
