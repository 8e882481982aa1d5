#include "tests/faults/cluster.h"

#include <csignal>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/clock.h"

namespace muster {
namespace {

// Impatient: a broker that was cut off or stopped says nothing.
constexpr char kLink[] =
    "answer_within = \"5s\"\nkeepalive = \"6s\"\nkeepalive_timeout = \"2s\"\nreconnect_max = \"500ms\"\n";
constexpr absl::Duration kTrafficPatience = absl::Seconds(30);
constexpr absl::Duration kEndPatience = absl::Seconds(20);
constexpr absl::Duration kLookEvery = absl::Milliseconds(50);

}  // namespace

std::string Machine::Name() const { return absl::StrCat(etcd ? "etcd " : "broker ", i + 1); }

bool IsRunning(TestCluster& cluster, const Machine& machine) {
  return machine.etcd ? cluster.etcd().Running(machine.i) : cluster.broker(static_cast<size_t>(machine.i)).Running();
}

void Signal(TestCluster& cluster, const Machine& machine, int signal) {
  if (machine.etcd) {
    cluster.etcd().SignalMember(machine.i, signal);
  } else {
    cluster.broker(static_cast<size_t>(machine.i)).Signal(signal);
  }
}

void Kill(TestCluster& cluster, const Machine& machine) {
  if (machine.etcd) {
    cluster.etcd().KillMember(machine.i);
  } else {
    cluster.broker(static_cast<size_t>(machine.i)).Kill();
  }
}

std::optional<Machine> LeaderOf(TestCluster& cluster, bool etcd) {
  const int leader = etcd ? cluster.etcd().Leader() : cluster.Leader();
  if (leader < 0) return std::nullopt;
  return Machine{etcd, leader};
}

std::optional<FaultWorldOptions> ClusterWorldOptions(const ScenarioOptions& options, Report* report) {
  if (const std::string why = WhyNoEtcd(); !why.empty()) {
    report->Skip("faults of a cluster", why);
    return std::nullopt;
  }
  FaultWorldOptions world = WorldOptions(options);
  world.cluster.emplace();
  world.agent_link = kLink;
  world.patience = kEndPatience;
  return world;
}

FaultLoop::FaultLoop(const ScenarioOptions& options, uint64_t count_by_default, FaultWorld* world, Report* report)
    : wanted_(options.count == 0 ? count_by_default : options.count),
      deadline_(options.time_limit, *SystemClock()),
      world_(*world),
      report_(*report) {}

void FaultLoop::Count(const std::string& kind) {
  ++report_.faults[kind];
  ++faults_;
}

bool FaultLoop::AwaitTraffic(uint64_t more, const std::function<void()>& meanwhile) {
  const uint64_t wanted = world_.history().acknowledged() + more;
  const Deadline patience(kTrafficPatience, *SystemClock());
  while (!patience.passed()) {
    if (meanwhile) meanwhile();
    if (world_.history().WaitForAcknowledged(wanted, kLookEvery)) return true;
  }
  return false;
}

void FaultLoop::Run(const std::function<bool()>& once, const std::function<void()>& mend) {
  bool goes_on = AwaitTraffic(5);
  while (goes_on && faults_ < wanted_ && !deadline_.passed()) goes_on = once();
  mend();
  // Who waits for the end of what does not move waits for long, and learns nothing.
  if (!goes_on) return world_.ReportStuck();
  world_.Finish();
}

}  // namespace muster
