// muster-scaling-sim: how Muster grows, by simulation. Prints the tables of docs/SCALING.md.
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"
#include "tests/scaling/report.h"

namespace muster::scaling {
namespace {

constexpr char kUsage[] =
    "Usage: muster-scaling-sim [--seed N]\n\n"
    "Simulates 50 cells of 18,000 agencies in their peak hour, one cell's return after a power cut, and how much one\n"
    "cell holds. Takes well under a minute, and prints the tables of docs/SCALING.md; the same seed gives the same\n"
    "figures. Exit code 1 when the load asks more of something than it can do, or the account of deliveries is "
    "wrong.\n";

void Show(absl::string_view title, const std::string& table) {
  std::cout << "\n### " << title << "\n\n" << table << std::flush;
}

// False when something was asked for more than it can do, or a delivery was lost or repeated.
bool ShowPeak(uint64_t seed) {
  const Load load;
  const PeakResult peak = RunPeak(load, seed);
  Show("The load", LoadTable(load));
  Show("How long it takes", LatencyTable(peak));
  Show("What goes over the links", TrafficTable(peak, load));
  Show("How much is used", UtilisationTable(peak));
  Show("The account of deliveries", AccountTable(peak));
  return peak.utilisation.Highest() < 1'000 && peak.readers_wrong == 0;
}

void ShowWhatACellHolds(uint64_t seed) {
  Load load;
  load.cells = 3;
  load.window = kSecond;
  load.national_go = false;
  std::vector<std::vector<Rung>> climbs;
  for (const int brokers : {1, 3, 5}) {
    load.brokers_per_cell = brokers;
    climbs.push_back(ClimbUntilItBreaks(load, seed));
  }
  Show("What one cell holds", ClimbsTable(climbs));
  Show("Three brokers under twice the load, and twice again", LadderTable(climbs[1]));
}

void ShowRelays(uint64_t seed) {
  Load load;
  load.cells = 10;
  load.window = kSecond;
  const PeakResult relays = RunPeak(load, seed);
  load.relay_for_each_agency = true;
  Show("Between cells: ten of them, for one second", RelayTable(relays, RunPeak(load, seed)));
}

bool Run(uint64_t seed) {
  std::cout << "Seed " << seed << ".\n";
  Show("Costs", CostTable());
  const bool held = ShowPeak(seed);
  ShowWhatACellHolds(seed);
  ShowRelays(seed);
  const Outage outage;
  Show("A cell comes back", StormTable(outage, RunStorm(outage, seed)));
  return held;
}

}  // namespace
}  // namespace muster::scaling

int main(int argc, char** argv) {
  uint64_t seed = 1;
  if (argc == 1 || (argc == 3 && absl::string_view(argv[1]) == "--seed" && absl::SimpleAtoi(argv[2], &seed))) {
    return muster::scaling::Run(seed) ? 0 : 1;
  }
  std::cerr << muster::scaling::kUsage;
  return argc == 2 && absl::string_view(argv[1]) == "--help" ? 0 : 2;
}
