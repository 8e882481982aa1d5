// What docs/SCALING.md shows between its markers: tables in Markdown, whole numbers only.
#ifndef MUSTER_TESTS_SCALING_REPORT_H_
#define MUSTER_TESTS_SCALING_REPORT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "tests/scaling/peak.h"
#include "tests/scaling/storm.h"

namespace muster::scaling {

// One rung of the ladder: the same three cells under twice the load of the rung before.
struct Rung {
  int brokers;
  int times;
  int posts_per_second;
  PeakResult result;
};

// Doubles the load from `first` until a station is asked for more than it can do; the last rung is that one.
std::vector<Rung> ClimbUntilItBreaks(const Load& first, uint64_t seed);
// The busiest station of a result, in words.
std::string BusiestOf(const Utilisation& utilisation);

std::string CostTable();
std::string LoadTable(const Load& load);
std::string TrafficTable(const PeakResult& result, const Load& load);
std::string LatencyTable(const PeakResult& result);
std::string UtilisationTable(const PeakResult& result);
std::string AccountTable(const PeakResult& result);
// How far each climb came: one climb for each number of brokers, all of the same load.
std::string ClimbsTable(const std::vector<std::vector<Rung>>& climbs);
std::string LadderTable(const std::vector<Rung>& rungs);
std::string RelayTable(const PeakResult& relays, const PeakResult& for_each_agency);
std::string StormTable(const Outage& outage, const StormResult& result);

}  // namespace muster::scaling

#endif  // MUSTER_TESTS_SCALING_REPORT_H_
