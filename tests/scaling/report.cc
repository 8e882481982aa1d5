#include "tests/scaling/report.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tests/scaling/costs.h"

namespace muster::scaling {
namespace {

// "1,234,567".
std::string Whole(int64_t number) {
  if (number < 1'000) return absl::StrCat(number);
  return absl::StrFormat("%s,%03d", Whole(number / 1'000), number % 1'000);
}

// Tenths, rounded.
std::string Tenths(int64_t number, int64_t unit) {
  const int64_t tenths = (number * 10 + unit / 2) / unit;
  return absl::StrCat(Whole(tenths / 10), ".", tenths % 10);
}

std::string Percent(int64_t per_mille) { return absl::StrCat(Tenths(per_mille, 10), " %"); }

// Milliseconds below ten seconds, seconds from there.
std::string Span(Nanos span) {
  if (span < 10 * kMillisecond) return absl::StrCat(Tenths(span, kMillisecond), " ms");
  if (span < 10 * kSecond) return absl::StrCat(Whole((span + kMillisecond / 2) / kMillisecond), " ms");
  return absl::StrCat(Tenths(span, kSecond), " s");
}

std::string SpanRow(absl::string_view what, const Histogram& histogram) {
  return absl::StrFormat("| %s | %s | %s | %s | %s | %s |\n", what, Whole(static_cast<int64_t>(histogram.count())),
                         Span(histogram.Percentile(500)), Span(histogram.Percentile(990)),
                         Span(histogram.Percentile(999)), Span(histogram.max()));
}

std::string TrafficRow(absl::string_view what, const Traffic& traffic, Nanos window) {
  const int64_t seconds = window / kSecond;
  const Traffic::Slot peak = traffic.Peak();
  return absl::StrFormat("| %s | %s | %s | %s | %s |\n", what, Whole(traffic.messages() / seconds),
                         Tenths(traffic.bytes() / seconds, 1'000'000), Whole(peak.messages * 10),
                         Tenths(peak.bytes * 10, 1'000'000));
}

std::string CostRow(absl::string_view what, absl::string_view cost, absl::string_view source) {
  return absl::StrFormat("| %s | %s | %s |\n", what, cost, source);
}

std::string Micros(Nanos span) { return absl::StrCat(Tenths(span, kMicrosecond), " us"); }

}  // namespace

std::vector<Rung> ClimbUntilItBreaks(const Load& first, uint64_t seed) {
  std::vector<Rung> rungs;
  for (int times = 1; rungs.empty() || rungs.back().result.utilisation.Highest() < 1'000; times *= 2) {
    Load load = first;
    load.posts_per_second = first.posts_per_second * times;
    rungs.push_back({load.brokers_per_cell, times, load.posts_per_second, RunPeak(load, seed)});
  }
  return rungs;
}

std::string BusiestOf(const Utilisation& utilisation) {
  const int64_t highest = utilisation.Highest();
  if (highest == utilisation.leader_decides) return "leader, deciding";
  if (highest == utilisation.leader_streams) return "leader, calls and streams";
  if (highest == utilisation.follower_applies) return "follower, applying";
  if (highest == utilisation.follower_streams) return "follower, calls and streams";
  return highest == utilisation.relay ? "relay" : "wire between cells";
}

std::string CostTable() {
  return absl::StrCat(
      "| What | Cost | From |\n|---|---|---|\n",
      CostRow("a delivery alone in its message", Micros(kDeliveryAlone), "measured, to 1,000 readers"),
      CostRow("a delivery that joins others for its reader", Micros(kDeliveryJoining), "measured, 64 in a message"),
      CostRow("a call, each side", Micros(kCall), "measured 25-31 us"),
      CostRow("a handshake and its stream", Micros(kHandshake), "measured 2.0-2.5 ms"),
      CostRow("deciding an event, storing its notice", Micros(kApply), "measured 14.6 us in replay; doubled"),
      CostRow("a commit, p50", Micros(kCommit.median), "measured, etcd with three members on loopback"),
      CostRow("a commit, mean", Micros(kCommitMean), "of a lognormal with p99 8 ms; measured p99 7-9 ms"),
      CostRow("a commit of the embedded log, p50", Micros(kLocalCommit.median), "measured, SQLite, one record"),
      CostRow("a connection with its stream", absl::StrCat(Tenths(kStreamBytes, 1'000), " KB"), "measured"),
      CostRow("cores for calls and streams of a broker", absl::StrCat(kStreamCores), "assumed"),
      CostRow("cores of a relay", absl::StrCat(kRelayCores), "assumed"),
      CostRow("a link within a cell", Span(kWithinCell), "assumed"),
      CostRow("a link between cells", absl::StrCat(Span(kBetweenCellsMin), " to ", Span(kBetweenCellsMax)), "assumed"),
      CostRow("the last mile, p50", Span(kLastMile.median), "assumed: 95 % within 20 to 200 ms, lognormal"),
      CostRow("what a cell can send to others", "1 Gbit/s", "assumed"),
      CostRow("a record; a reader's cursors; a frame",
              absl::StrCat(kRecordBytes, "; ", kReaderHeaderBytes, "; ", kFrameBytes, " bytes"), "as measured with"));
}

std::string LoadTable(const Load& load) {
  const auto row = [](absl::string_view what, const std::string& value) {
    return absl::StrFormat("| %s | %s |\n", what, value);
  };
  return absl::StrCat(
      "| Load | |\n|---|---|\n", row("cells", Whole(load.cells)),
      row("brokers of a cell", Whole(load.brokers_per_cell)),
      row("agencies connected in a cell", Whole(load.agencies_per_cell)),
      row("memory for the streams of one broker",
          absl::StrCat(Whole(load.agencies_per_cell / load.brokers_per_cell * kStreamBytes / 1'000'000), " MB")),
      row("agencies connected in the country", Whole(int64_t{load.cells} * load.agencies_per_cell)),
      row("operations at home in a cell", Whole(load.operations_per_cell)),
      row("agencies of an operation",
          absl::StrCat(load.agencies_per_operation_min, " to ", load.agencies_per_operation_max)),
      row("operations across cells, a third of whose agencies are elsewhere", Percent(load.across_cells_per_mille)),
      row("posts in a cell per second", Whole(load.posts_per_second)),
      row("posts in the country per second", Whole(int64_t{load.cells} * load.posts_per_second)),
      row("simulated", Span(load.window)));
}

std::string TrafficTable(const PeakResult& result, const Load& load) {
  return absl::StrCat(
      "| Links of the country | messages/s | MB/s | peak messages/s | peak MB/s |\n|---|---|---|---|---|\n",
      TrafficRow("agencies to brokers", result.traffic[kUp], load.window),
      TrafficRow("brokers to agencies", result.traffic[kDown], load.window),
      TrafficRow("within cells", result.traffic[kInCell], load.window),
      TrafficRow("between cells", result.traffic[kAcross], load.window));
}

std::string LatencyTable(const PeakResult& result) {
  return absl::StrCat("| From, to | count | p50 | p99 | p99.9 | longest |\n|---|---|---|---|---|---|\n",
                      SpanRow("post sent, outcome known; operation of the own cell", result.ack_within),
                      SpanRow("post sent, outcome known; operation of another cell", result.ack_across),
                      SpanRow("decided, last reader in the home cell has it", result.last_within),
                      SpanRow("decided, last reader in other cells has it", result.last_across),
                      SpanRow("national GO sent, each agency has it", result.national));
}

std::string UtilisationTable(const PeakResult& result) {
  const Utilisation& most = result.utilisation;
  const auto row = [](absl::string_view what, int64_t per_mille) {
    return absl::StrFormat("| %s | %s |\n", what, Percent(per_mille));
  };
  return absl::StrCat("| The busiest | of what it can do |\n|---|---|\n",
                      row("leader, deciding (one thread)", most.leader_decides),
                      row("leader, calls and streams", most.leader_streams),
                      row("follower, applying (one thread)", most.follower_applies),
                      row("follower, calls and streams", most.follower_streams), row("relay", most.relay),
                      row("wire between cells", most.wire_between_cells));
}

std::string AccountTable(const PeakResult& result) {
  const auto row = [](absl::string_view what, uint64_t number) {
    return absl::StrFormat("| %s | %s |\n", what, Whole(static_cast<int64_t>(number)));
  };
  return absl::StrCat("| Account | |\n|---|---|\n", row("posts", result.posts),
                      row("deliveries due", result.deliveries_due),
                      row("deliveries that arrived", result.deliveries_arrived),
                      row("of them, joining others", result.deliveries_joining),
                      row("readers who got other than was published for them", result.readers_wrong));
}

std::string ClimbsTable(const std::vector<std::vector<Rung>>& climbs) {
  std::string table =
      "| Brokers | holds, posts per second | busiest then | of what it can do | breaks at | first |\n"
      "|---|---|---|---|---|---|\n";
  for (const std::vector<Rung>& climb : climbs) {
    if (climb.size() < 2) continue;  // It did not hold even the first load.
    const Rung& holds = climb[climb.size() - 2];
    const Rung& breaks = climb.back();
    absl::StrAppend(&table, "| ", holds.brokers, " | ", Whole(holds.posts_per_second), " | ",
                    BusiestOf(holds.result.utilisation), " | ", Percent(holds.result.utilisation.Highest()), " | ",
                    Whole(breaks.posts_per_second), " | ", BusiestOf(breaks.result.utilisation), " |\n");
  }
  return table;
}

std::string LadderTable(const std::vector<Rung>& rungs) {
  std::string table =
      "| Load | posts in a cell per second | busiest | of what it can do | outcome p50 | outcome p99 |\n"
      "|---|---|---|---|---|---|\n";
  for (const Rung& rung : rungs) {
    absl::StrAppend(&table, "| x ", rung.times, " | ", Whole(rung.posts_per_second), " | ",
                    BusiestOf(rung.result.utilisation), " | ", Percent(rung.result.utilisation.Highest()), " | ",
                    Span(rung.result.ack_within.Percentile(500)), " | ", Span(rung.result.ack_within.Percentile(990)),
                    " |\n");
  }
  return table;
}

std::string RelayTable(const PeakResult& relays, const PeakResult& for_each_agency) {
  const auto row = [](absl::string_view what, const PeakResult& result, int64_t messages) {
    const Traffic& across = result.traffic[kAcross];
    return absl::StrFormat("| %s | %s | %s | x %s |\n", what, Whole(across.messages()),
                           Tenths(across.bytes(), 1'000'000), Tenths(across.messages(), messages));
  };
  const int64_t messages = relays.traffic[kAcross].messages();
  return absl::StrCat("| Between cells | messages | MB | |\n|---|---|---|---|\n",
                      row("one relay for each cell", relays, messages),
                      row("one for each agency instead", for_each_agency, messages));
}

std::string StormTable(const Outage& outage, const StormResult& result) {
  return absl::StrCat("| A cell comes back | |\n|---|---|\n| agencies | ", Whole(outage.agencies),
                      " |\n| its brokers were away for | ", Span(outage.lasts),
                      " |\n| half have reconnected and caught up after | ", Span(result.reconnected.Percentile(500)),
                      " |\n| 99 % | ", Span(result.reconnected.Percentile(990)), " |\n| all | ",
                      Span(result.reconnected.max()), " |\n| attempts, of them given up | ",
                      Whole(static_cast<int64_t>(result.attempts)), ", ", Whole(static_cast<int64_t>(result.given_up)),
                      " |\n| the busiest second of its brokers | ", Percent(result.busiest_per_mille), " |\n");
}

}  // namespace muster::scaling
