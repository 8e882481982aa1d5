// The scenarios: each makes its own world, breaks it in one way, and reports.
//
// Each runs in a process of its own (main.cc), which may unshare what it likes: what it mounts and which networks it
// makes are seen by nobody else, and go when it ends, however it ends.
#ifndef MUSTER_TESTS_FAULTS_SCENARIO_H_
#define MUSTER_TESTS_FAULTS_SCENARIO_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "tests/faults/fault_world.h"
#include "tests/faults/report.h"

namespace muster {

struct ScenarioOptions {
  uint32_t seed = 1;
  uint64_t count = 0;  // Of faults; 0: the scenario's own default.
  absl::Duration time_limit = absl::Minutes(10);
  std::string musterd;  // Instead of those that were built.
  std::string agent;
  std::string work;               // A folder of its own; may be slow.
  std::string injection_library;  // inject.c's.
  std::string clock_library;      // clock.c's.
  std::string only;               // Of a sweep or a cluster: a word of the kinds of faults.
  bool agents = true;
};

// The world's options that every scenario begins with.
FaultWorldOptions WorldOptions(const ScenarioOptions& options);

// For clock.c: the clock of programs that are started with this environment, which may be set again at any time.
absl::Status SetClock(const std::string& file, absl::Duration offset);
std::vector<std::string> ClockEnvironment(const ScenarioOptions& options, const std::string& file);

Report ClockJumps(const ScenarioOptions& options);
Report Descriptors(const ScenarioOptions& options);
Report DiskFull(const ScenarioOptions& options);
Report Injected(const ScenarioOptions& options);
Report Kills(const ScenarioOptions& options);
Report Network(const ScenarioOptions& options);
Report PowerCuts(const ScenarioOptions& options);
Report StoppedReader(const ScenarioOptions& options);
Report WeekOffLine(const ScenarioOptions& options);

// The process that StoppedReader stops: reads a feed, and writes what it got to `out`, until there is a file `stop` and
// it has read the delivery whose cursor that file holds.
int ReadFeedToFile(const std::string& broker, const std::string& agency_id, const std::string& out,
                   const std::string& stop);

}  // namespace muster

#endif  // MUSTER_TESTS_FAULTS_SCENARIO_H_
