// How long a broker with a long history takes to start again: muster-restart-bench.
//
// Makes a data folder of operations that came one after another, ten of which are going on at the end, with a tail
// behind the last snapshot. Then opens the folder and asks.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "server/broker/broker.h"
#include "server/log/local_log.h"
#include "tests/bench/history.h"
#include "tests/bench/must.h"
#include "tests/bench/program.h"

namespace muster::bench {
namespace {

constexpr uint64_t kOngoing = 10;

// Opens the folder and prints what that costs.
std::string Reopen(const std::string& dir, uint64_t operations, const MadeHistory& made) {
  Broker::Options options;
  options.data_dir = dir;
  const FakeClock clock(absl::FromUnixSeconds(2'000'000'000));
  const double began = SecondsOf(CLOCK_MONOTONIC);
  const auto broker = Must(Broker::Open(std::move(options), Must(LocalLog::Open(dir, {})), &clock));
  broker->Start({});
  const double opened = SecondsOf(CLOCK_MONOTONIC);
  const double resident = ResidentMegabytes();
  const auto entries_of = [&](uint64_t number) {
    return broker->WithState(
        [&](const State& state) { return state.FindOperation(OperationName(number))->ledger().entries().size(); });
  };
  const size_t entries = entries_of(0);
  const double read = SecondsOf(CLOCK_MONOTONIC);
  if (entries == 0) std::cerr << "the first operation has lost its entries\n";
  return absl::StrFormat(
      "{\"events\": %d, \"operations\": %d, \"make_s\": %.1f, \"open_s\": %.3f, \"from_snapshot\": %d, "
      "\"events_replayed\": %d, \"rss_mb\": %.1f, \"first_read_of_one_over_ms\": %.3f, \"its_entries\": %d, "
      "\"pause_ms\": %.3f, \"pause_max_ms\": %.3f, \"snapshot_bytes\": %d}\n",
      broker->Stats().last_sequence, operations, made.seconds, opened - began, broker->recovery().from_snapshot,
      broker->recovery().events_replayed, resident, (read - opened) * 1000, entries, made.pause_ms, made.pause_max_ms,
      made.snapshot_bytes);
}

}  // namespace
}  // namespace muster::bench

int main(int argc, char** argv) {
  CLI::App app("How long a broker with a long history takes to start again");
  uint64_t events = 1'000'000;
  uint64_t operations = 0;
  std::string dir;
  std::string out;
  app.add_option("--events", events, "Events of history")->check(CLI::Range(1'000, 100'000'000));
  app.add_option("--operations", operations,
                 "Operations that share them; one for 10,000 events, but 20 or more, unless given");
  app.add_option("--dir", dir, "Make the data folder here, or take the one that is here; it stays");
  app.add_option("-o", out, "Write the figures to this file instead of standard output");
  CLI11_PARSE(app, argc, argv);

  if (operations == 0) operations = std::max(2 * muster::bench::kOngoing, events / 10'000);
  const uint64_t ongoing = std::min(operations / 2, muster::bench::kOngoing);
  const std::string made_in = dir.empty() ? muster::bench::MakeTemporaryFolder("muster-restart") : dir;
  muster::bench::MadeHistory made;
  std::filesystem::create_directories(made_in);
  if (!std::filesystem::exists(made_in + "/events.db")) {
    made = muster::bench::MakeHistory(made_in, {.events = events, .over = operations - ongoing, .ongoing = ongoing});
  }
  const std::string json = muster::bench::Reopen(made_in, operations, made);
  if (dir.empty()) std::filesystem::remove_all(made_in);
  return muster::bench::WriteFigures(json, out);
}
