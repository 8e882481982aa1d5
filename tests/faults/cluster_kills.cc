// kill -9 and SIGSTOP of brokers and members of etcd, of those that lead above all: at random moments, at failpoints,
// and several at once. Who is stopped stays so for longer than a lease, so that the others go on without it; and when
// it goes on, it still believes what it believed.
#include <algorithm>
#include <array>
#include <csignal>
#include <random>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/faults/cluster.h"

namespace muster {
namespace {

constexpr uint64_t kKillsByDefault = 150;
constexpr absl::Duration kFailpointPatience = absl::Seconds(2);
// A lease lives for two seconds, and etcd looks every half second.
constexpr absl::Duration kLeaseGone = absl::Seconds(3);

const char* const kFailpoints[] = {"commit.before_append",    "log.before_commit",  "log.after_commit",
                                   "commit.after_append",     "commit.after_apply", "commit.after_publish",
                                   "commit.after_acknowledge"};

class ClusterKiller {
 public:
  ClusterKiller(const ScenarioOptions& options, FaultWorld* world, Report* report)
      : only_(options.only), world_(*world), cluster_(world->cluster()), report_(*report), random_(options.seed) {}

  bool Once(FaultLoop* loop) {
    absl::SleepFor(absl::Milliseconds(Pick(40)));
    CheckNobodyEnded();
    const std::string kind = NextKind();
    std::vector<Machine> machines = MachinesFor(kind);
    if (machines.empty()) return loop->AwaitTraffic(1, [this] { Continue(/*all=*/false); });
    loop->Count(kind);
    if (kind == "kill_leader_when_others_are_behind") {
      if (!KillWhenOthersAreBehind(machines[0], loop)) return false;
    } else if (absl::StartsWith(kind, "stop")) {
      Stop(std::move(machines));
    } else {
      for (const Machine& machine : machines) {
        Kill(cluster_, machine);
        if (!machine.etcd) has_failpoint_[static_cast<size_t>(machine.i)] = false;
      }
      absl::SleepFor(absl::Milliseconds(Pick(4) == 0 ? Pick(2500) : Pick(300)));
      if (!StartAll(kind == "kill_at_failpoint")) return false;
    }
    return loop->AwaitTraffic(2, [this] { Continue(/*all=*/false); });
  }

  // Everybody runs again.
  void Mend() {
    Continue(/*all=*/true);
    CheckNobodyEnded();
    StartAll(/*at_failpoint=*/false);
  }

 private:
  size_t Pick(size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(random_); }

  std::string NextKind() {
    static const char* const kKinds[] = {"kill_leader",
                                         "kill_leader",
                                         "kill_follower",
                                         "kill_etcd_leader",
                                         "kill_etcd_member",
                                         "kill_both_leaders",
                                         "kill_two_brokers",
                                         "kill_at_failpoint",
                                         "stop_leader",
                                         "stop_etcd_leader",
                                         "stop_follower",
                                         "stop_both_leaders",
                                         "kill_leader_when_others_are_behind"};
    while (true) {
      const std::string kind = kKinds[Pick(std::size(kKinds))];
      if (!only_.empty() && !absl::StrContains(kind, only_)) continue;
      // One stop at a time: with two, nothing could go on.
      if (stopped_.empty() || !absl::StartsWith(kind, "stop") || !only_.empty()) return kind;
    }
  }

  // Whom a fault of this kind meets; nobody when nobody leads, or only those who are stopped.
  std::vector<Machine> MachinesFor(const std::string& kind) {
    if (absl::StartsWith(kind, "stop") && !stopped_.empty()) return {};
    const bool of_etcd = absl::StrContains(kind, "etcd");
    std::vector<Machine> machines;
    if (kind == "kill_both_leaders" || kind == "stop_both_leaders") {
      for (const bool etcd : {false, true}) Add(LeaderOf(cluster_, etcd), &machines);
    } else if (absl::StrContains(kind, "_leader")) {
      Add(LeaderOf(cluster_, of_etcd), &machines);
    } else if (kind == "kill_two_brokers") {
      const int spared = static_cast<int>(Pick(3));
      for (int i = 0; i < 3; ++i) Add(i == spared ? std::nullopt : std::optional<Machine>({false, i}), &machines);
    } else {
      Add(Machine{of_etcd, static_cast<int>(Pick(3))}, &machines);
    }
    return machines;
  }

  void Add(std::optional<Machine> machine, std::vector<Machine>* machines) {
    if (machine.has_value() && std::find(stopped_.begin(), stopped_.end(), *machine) == stopped_.end()) {
      machines->push_back(*machine);
    }
  }

  // The leader is the only one who knows what it has acknowledged; and when the others wake up, it is gone, and so is
  // its lease, and every stream from etcd that would have told them.
  bool KillWhenOthersAreBehind(const Machine& leader, FaultLoop* loop) {
    Continue(/*all=*/true);
    for (int i = 0; i < 3; ++i) {
      if (i != leader.i) stopped_.push_back({false, i});
    }
    for (const Machine& machine : stopped_) Signal(cluster_, machine, SIGSTOP);
    until_ = Deadline(absl::InfiniteDuration(), *SystemClock());
    for (int i = 0; i < 3; ++i) {
      Kill(cluster_, {true, i});
      if (!StartAll(/*at_failpoint=*/false) || !loop->AwaitTraffic(2)) return false;
    }
    Kill(cluster_, leader);
    absl::SleepFor(kLeaseGone);
    Continue(/*all=*/true);
    return loop->AwaitTraffic(2) && StartAll(/*at_failpoint=*/false);
  }

  // From now on, and for 2 to 20 s; mostly not long.
  void Stop(std::vector<Machine> machines) {
    for (const Machine& machine : machines) Signal(cluster_, machine, SIGSTOP);
    stopped_ = std::move(machines);
    const size_t most = Pick(5) == 0 ? 18'000 : 3'000;
    until_ = Deadline(absl::Milliseconds(2000 + Pick(most)), *SystemClock());
  }

  void Continue(bool all) {
    if (!all && !until_.passed()) return;
    for (const Machine& machine : stopped_) Signal(cluster_, machine, SIGCONT);
    stopped_.clear();
  }

  // Nothing that is done here makes a broker end itself, but a failpoint.
  void CheckNobodyEnded() {
    for (size_t i = 0; i < cluster_.size(); ++i) {
      TestBroker& broker = cluster_.broker(i);
      if (broker.Running()) continue;
      if (!has_failpoint_[i]) world_.ReportEnded(i);
      has_failpoint_[i] = false;
      world_.StartBroker(i, {});
    }
  }

  // Whoever is dead, members of etcd first.
  bool StartAll(bool at_failpoint) {
    for (int i = 0; i < 3; ++i) {
      if (IsRunning(cluster_, {true, i})) continue;
      const absl::Status started = cluster_.etcd().StartMember(i);
      if (!started.ok()) report_.Fail(absl::StrCat("etcd ", i + 1, " does not start: ", started.message()));
    }
    for (size_t i = 0; i < cluster_.size(); ++i) {
      if (cluster_.broker(i).Running()) continue;
      if (at_failpoint) RunIntoFailpoint(i);
      if (cluster_.broker(i).Running()) continue;
      has_failpoint_[i] = false;
      if (!world_.StartBroker(i, {})) return false;
    }
    return true;
  }

  // Starts it with a failpoint, which it meets as a leader or as a follower, now or later or never.
  void RunIntoFailpoint(size_t i) {
    const std::string failpoint = kFailpoints[Pick(std::size(kFailpoints))];
    TestBroker& broker = cluster_.broker(i);
    // It may end before it has begun to serve.
    const absl::Status started = broker.Start({absl::StrCat("MUSTER_FAILPOINT=", failpoint, ":", 1 + Pick(5))});
    has_failpoint_[i] = started.ok();
    if (started.ok()) Eventually([&] { return !broker.Running(); }, kFailpointPatience);
  }

  const std::string only_;
  FaultWorld& world_;
  TestCluster& cluster_;
  Report& report_;
  std::mt19937 random_;
  std::array<bool, 3> has_failpoint_ = {};  // And may run into it at any time.
  std::vector<Machine> stopped_;
  Deadline until_{absl::ZeroDuration(), *SystemClock()};
};

}  // namespace

Report ClusterKills(const ScenarioOptions& options) {
  Report report;
  const std::optional<FaultWorldOptions> world_options = ClusterWorldOptions(options, &report);
  if (!world_options.has_value()) return report;
  FaultWorld world(*world_options, &report);
  if (!world.SetUp()) return report;
  world.StartTraffic();
  ClusterKiller killer(options, &world, &report);
  FaultLoop loop(options, kKillsByDefault, &world, &report);
  loop.Run([&] { return killer.Once(&loop); }, [&] { killer.Mend(); });
  return report;
}

}  // namespace muster
