// A network that parts brokers and members of etcd, both ways and one way: the leader cut off from etcd while its
// clients still reach it, brokers cut off from each other but not from etcd, etcd's leader cut off from other members.
//
// Every broker and every member of etcd has a network namespace of its own, and all meet on one bridge in ours, where
// the clients are. All of it goes with this process.
#include <algorithm>
#include <random>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/status_macros.h"
#include "tests/faults/cluster.h"
#include "tests/faults/own_network.h"

namespace muster {
namespace {

constexpr uint64_t kFaultsByDefault = 30;
constexpr char kBridgeAddress[] = "10.214.0.1";

std::string NetworkOf(const Machine& machine) { return absl::StrCat(machine.etcd ? "etcd-" : "broker-", machine.i); }
std::string AddressOf(const Machine& machine) {
  return absl::StrCat("10.214.0.", (machine.etcd ? 20 : 10) + machine.i);
}
std::vector<std::string> Inside(const Machine& machine) { return {"/sbin/ip", "netns", "exec", NetworkOf(machine)}; }

std::vector<Machine> AllMachines() {
  std::vector<Machine> all;
  for (const bool etcd : {false, true}) {
    for (int i = 0; i < 3; ++i) all.push_back({etcd, i});
  }
  return all;
}

absl::Status JoinBridge(const Machine& machine) {
  const std::string name = NetworkOf(machine);
  const std::string inside = absl::StrCat("/sbin/ip -n ", name);
  for (const std::string& command : {absl::StrCat("/sbin/ip netns add ", name), absl::StrCat(inside, " link set lo up"),
                                     absl::StrCat("/sbin/ip link add ", name, " type veth peer name net netns ", name),
                                     absl::StrCat("/sbin/ip link set ", name, " master bridge up"),
                                     absl::StrCat(inside, " addr add ", AddressOf(machine), "/24 dev net"),
                                     absl::StrCat(inside, " link set net up")}) {
    MUSTER_RETURN_IF_ERROR(RunCommand(command));
  }
  return absl::OkStatus();
}

absl::Status MakeNetworks() {
  MUSTER_RETURN_IF_ERROR(EnterOwnNetwork());
  for (const std::string& command :
       {std::string("/sbin/ip link add bridge type bridge"),
        absl::StrCat("/sbin/ip addr add ", kBridgeAddress, "/24 dev bridge"),
        std::string("/sbin/ip link set bridge up"),
        // Whether the rules can be made at all.
        std::string(
            "/usr/sbin/iptables-legacy -A INPUT -s 10.0.0.1 -m statistic --mode random --probability 0.5 -j DROP"),
        std::string("/usr/sbin/iptables-legacy -F")}) {
    MUSTER_RETURN_IF_ERROR(RunCommand(command));
  }
  for (const Machine& machine : AllMachines()) MUSTER_RETURN_IF_ERROR(JoinBridge(machine));
  return absl::OkStatus();
}

class Partitioner {
 public:
  Partitioner(const ScenarioOptions& options, FaultWorld* world, Report* report)
      : only_(options.only), cluster_(world->cluster()), report_(*report), random_(options.seed) {}

  bool Once(FaultLoop* loop) {
    static const char* const kKinds[] = {
        "leader_cut_from_etcd",   "leader_cut_from_brokers",   "leader_deaf_to_etcd",
        "leader_mute_to_etcd",    "etcd_leader_cut",           "etcd_leader_cut_from_etcd",
        "follower_cut_from_etcd", "leader_cut_from_everyone",  "leader_of_both_cut",
        "packets_lost",           "etcd_follower_mute_to_etcd"};
    const std::string kind = kKinds[turn_++ % std::size(kKinds)];
    if (!absl::StrContains(kind, only_)) return true;
    const std::optional<Machine> leader = LeaderOf(cluster_, /*etcd=*/absl::StartsWith(kind, "etcd"));
    if (!leader.has_value()) return loop->AwaitTraffic(1);
    Break(kind, *leader);
    loop->Count(kind);
    // Now and then for longer than a broker takes to see that it is cut off.
    absl::SleepFor(absl::Milliseconds(Pick(8) == 0 ? 8000 + Pick(6000) : 400 + Pick(3600)));
    Mend();
    return loop->AwaitTraffic(4);
  }

  void Mend() {
    for (const Machine& machine : AllMachines()) Do(machine, "-F");
  }

 private:
  enum Way { kBoth, kDeaf, kMute };

  size_t Pick(size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(random_); }

  void Break(const std::string& kind, const Machine& leader) {
    const Machine follower{leader.etcd, (leader.i + 1 + static_cast<int>(Pick(2))) % 3};
    if (kind == "leader_cut_from_etcd") CutFrom(leader, /*etcd=*/true, kBoth);
    if (kind == "leader_cut_from_brokers") CutFrom(leader, /*etcd=*/false, kBoth);
    if (kind == "leader_deaf_to_etcd") CutFrom(leader, /*etcd=*/true, kDeaf);
    if (kind == "leader_mute_to_etcd") CutFrom(leader, /*etcd=*/true, kMute);
    if (kind == "etcd_leader_cut") CutFromAll(leader);
    // What it has taken from a broker reaches the leader long after the broker has tried elsewhere and gone on.
    if (kind == "etcd_follower_mute_to_etcd") CutFrom(follower, /*etcd=*/true, kMute);
    if (kind == "etcd_leader_cut_from_etcd") CutFrom(leader, /*etcd=*/true, kBoth);
    if (kind == "follower_cut_from_etcd") CutFrom(follower, /*etcd=*/true, kBoth);
    if (kind == "leader_cut_from_everyone") CutFromAll(leader);
    if (kind == "leader_of_both_cut") {
      CutFrom(leader, /*etcd=*/true, kBoth);
      if (const std::optional<Machine> of_etcd = LeaderOf(cluster_, /*etcd=*/true)) CutFromAll(*of_etcd);
    }
    if (kind == "packets_lost") {
      for (const Machine& machine : AllMachines()) {
        Do(machine, absl::StrCat("-A INPUT -m statistic --mode random --probability 0.", 10 + Pick(15), " -j DROP"));
      }
    }
  }

  // Deaf: hears nothing from them. Mute: says nothing to them.
  void CutFrom(const Machine& machine, bool etcd, Way way) {
    for (int i = 0; i < 3; ++i) {
      const Machine other{etcd, i};
      if (other == machine) continue;
      if (way != kMute) Do(machine, absl::StrCat("-A INPUT -s ", AddressOf(other), " -j DROP"));
      if (way != kDeaf) Do(machine, absl::StrCat("-A OUTPUT -d ", AddressOf(other), " -j DROP"));
    }
  }

  void CutFromAll(const Machine& machine) {
    Do(machine, "-A INPUT -i net -j DROP");
    Do(machine, "-A OUTPUT -o net -j DROP");
  }

  void Do(const Machine& machine, const std::string& rule) {
    const absl::Status done =
        RunCommand(absl::StrCat("/sbin/ip netns exec ", NetworkOf(machine), " /usr/sbin/iptables-legacy ", rule));
    if (!done.ok()) report_.Fail(absl::StrCat("the network: ", done.message()));
  }

  const std::string only_;
  TestCluster& cluster_;
  Report& report_;
  std::mt19937 random_;
  size_t turn_ = 0;
};

}  // namespace

Report ClusterPartitions(const ScenarioOptions& options) {
  Report report;
  std::optional<FaultWorldOptions> world_options = ClusterWorldOptions(options, &report);
  if (!world_options.has_value()) return report;
  if (const absl::Status made = MakeNetworks(); !made.ok()) {
    report.Skip("network faults of a cluster", std::string(made.message()));
    return report;
  }
  for (const Machine& machine : AllMachines()) {
    TestCluster::Options& cluster = *world_options->cluster;
    (machine.etcd ? cluster.etcd_hosts : cluster.broker_hosts).push_back(AddressOf(machine));
    (machine.etcd ? cluster.etcd_wrappers : cluster.broker_wrappers).push_back(Inside(machine));
  }
  FaultWorld world(*world_options, &report);
  if (!world.SetUp()) return report;
  world.StartTraffic();
  Partitioner partitioner(options, &world, &report);
  FaultLoop loop(options, kFaultsByDefault, &world, &report);
  loop.Run([&] { return partitioner.Once(&loop); }, [&] { partitioner.Mend(); });
  return report;
}

}  // namespace muster
