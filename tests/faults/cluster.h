// What the scenarios of several brokers have in common.
//
// Threading: the main thread.
#ifndef MUSTER_TESTS_FAULTS_CLUSTER_H_
#define MUSTER_TESTS_FAULTS_CLUSTER_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/deadline.h"
#include "tests/faults/fault_world.h"
#include "tests/faults/report.h"
#include "tests/faults/scenario.h"

namespace muster {

// A broker or a member of etcd, and what can be done to it.
struct Machine {
  bool etcd = false;
  int i = 0;

  std::string Name() const;  // "broker 1", "etcd 3".
  friend bool operator==(const Machine&, const Machine&) = default;
};

bool IsRunning(TestCluster& cluster, const Machine& machine);
void Signal(TestCluster& cluster, const Machine& machine, int signal);
void Kill(TestCluster& cluster, const Machine& machine);
// The broker, or the member of etcd, that leads just now.
std::optional<Machine> LeaderOf(TestCluster& cluster, bool etcd);

// The world's options that these scenarios begin with: three brokers on an etcd of three. Nothing, and that on the
// report, where there is no etcd.
std::optional<FaultWorldOptions> ClusterWorldOptions(const ScenarioOptions& options, Report* report);

// Breaks `world` again and again, as often as `options` say, until nothing is acknowledged any more.
class FaultLoop {
 public:
  FaultLoop(const ScenarioOptions& options, uint64_t count_by_default, FaultWorld* world, Report* report);

  // Calls `once` until there have been enough faults, with traffic in between; then mends (`mend`), and checks.
  void Run(const std::function<bool()>& once, const std::function<void()>& mend);

  // Waits until something more is acknowledged, and calls `meanwhile` every now and then.
  bool AwaitTraffic(uint64_t more, const std::function<void()>& meanwhile = {});
  // One more fault of this kind.
  void Count(const std::string& kind);

 private:
  const uint64_t wanted_;
  const Deadline deadline_;
  FaultWorld& world_;
  Report& report_;
  uint64_t faults_ = 0;
};

Report ClusterClockJumps(const ScenarioOptions& options);
Report ClusterEtcdDiskFull(const ScenarioOptions& options);
Report ClusterKills(const ScenarioOptions& options);
Report ClusterPartitions(const ScenarioOptions& options);

}  // namespace muster

#endif  // MUSTER_TESTS_FAULTS_CLUSTER_H_
