// Partitions, both ways and one way, and 10 to 30 % of lost packets, between the broker and everybody else.
//
// Two network namespaces with one pair of veth between them: ours, which goes with this process, and the broker's. Not
// a packet leaves them.
#include <random>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/clock.h"
#include "common/status_macros.h"
#include "tests/faults/own_network.h"
#include "tests/faults/scenario.h"

namespace muster {
namespace {

constexpr uint64_t kFaultsByDefault = 12;
constexpr char kBrokerNetwork[] = "muster-broker";
constexpr char kBrokerAddress[] = "10.213.0.1";

absl::Status MakeNetworks() {
  MUSTER_RETURN_IF_ERROR(EnterOwnNetwork());
  const std::string inside = absl::StrCat("/sbin/ip -n ", kBrokerNetwork);
  for (const std::string& command :
       {absl::StrCat("/sbin/ip netns add ", kBrokerNetwork), absl::StrCat(inside, " link set lo up"),
        absl::StrCat("/sbin/ip link add posts type veth peer name broker netns ", kBrokerNetwork),
        std::string("/sbin/ip addr add 10.213.0.2/24 dev posts"), std::string("/sbin/ip link set posts up"),
        absl::StrCat(inside, " addr add ", kBrokerAddress, "/24 dev broker"),
        absl::StrCat(inside, " link set broker up"),
        // Whether the rules can be made at all.
        std::string("/usr/sbin/iptables-legacy -A INPUT -i posts -m statistic --mode random --probability 0.5 -j DROP"),
        std::string("/usr/sbin/iptables-legacy -F")}) {
    MUSTER_RETURN_IF_ERROR(RunCommand(command));
  }
  return absl::OkStatus();
}

// What becomes of packets from now on.
absl::Status Break(const std::string& kind, int loss_percent) {
  const std::string rule = absl::StrCat(
      " -j DROP", kind == "loss" ? absl::StrCat(" -m statistic --mode random --probability 0.", loss_percent) : "");
  if (kind != "partition_outward") {
    MUSTER_RETURN_IF_ERROR(RunCommand(absl::StrCat("/usr/sbin/iptables-legacy -A INPUT -i posts", rule)));
  }
  if (kind == "partition_inward") return absl::OkStatus();
  return RunCommand(absl::StrCat("/usr/sbin/iptables-legacy -A OUTPUT -o posts", rule));
}

}  // namespace

Report Network(const ScenarioOptions& options) {
  Report report;
  if (const absl::Status made = MakeNetworks(); !made.ok()) {
    report.Skip("network faults", std::string(made.message()));
    return report;
  }
  FaultWorldOptions world_options = WorldOptions(options);
  world_options.broker.wrapper = {"/sbin/ip", "netns", "exec", kBrokerNetwork};
  world_options.broker.address = absl::StrCat(kBrokerAddress, ":7443");
  world_options.agent_link =
      "answer_within = \"1s\"\nkeepalive = \"6s\"\nkeepalive_timeout = \"2s\"\nreconnect_max = \"500ms\"\n";
  FaultWorld world(world_options, &report);
  if (!world.SetUp()) return report;
  world.StartTraffic();
  std::mt19937 random(options.seed);
  const uint64_t wanted = options.count == 0 ? kFaultsByDefault : options.count;
  const absl::Time deadline = SystemClock()->Now() + options.time_limit;
  const char* const kinds[] = {"partition", "partition_inward", "partition_outward", "loss"};
  bool goes_on = world.WaitForTraffic(5);
  for (uint64_t i = 0; goes_on && i < wanted && SystemClock()->Now() < deadline; ++i) {
    const std::string kind = kinds[i % std::size(kinds)];
    absl::Status status = Break(kind, 10 + static_cast<int>(random() % 21));
    absl::SleepFor(absl::Milliseconds(500 + random() % (i % 5 == 0 ? 9000 : 2000)));
    status.Update(RunCommand("/usr/sbin/iptables-legacy -F"));
    if (!status.ok()) report.Fail(absl::StrCat("the network: ", status.message()));
    ++report.faults[kind];
    goes_on = world.WaitForTraffic(4, absl::Seconds(60));
  }
  if (!goes_on) report.Fail("nothing is acknowledged any more");
  world.Finish();
  return report;
}

}  // namespace muster
