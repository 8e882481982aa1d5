// Clocks that are set, forward and back by hours, under some of the brokers and not under others; and now and then the
// leader is killed, so that another one, whose clock says something else, goes on.
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/faults/cluster.h"

namespace muster {
namespace {

constexpr uint64_t kJumpsByDefault = 16;
// As in clock_jumps.cc.
constexpr absl::Duration kTomorrow = absl::Hours(24);
constexpr absl::Duration kWhile = absl::Milliseconds(500);

}  // namespace

Report ClusterClockJumps(const ScenarioOptions& options) {
  Report report;
  std::optional<FaultWorldOptions> world_options = ClusterWorldOptions(options, &report);
  if (!world_options.has_value()) return report;
  std::vector<std::string> clocks;
  const auto set = [&](size_t i, absl::Duration jump) {
    const absl::Status done = SetClock(clocks[i], kTomorrow + jump);
    if (!done.ok()) report.Fail(std::string(done.message()));
  };
  for (size_t i = 0; i < 3; ++i) {
    clocks.push_back(absl::StrCat(options.work, "/clock-", i));
    set(i, absl::ZeroDuration());
    std::vector<std::string> wrapper = ClockEnvironment(options, clocks[i]);
    wrapper.insert(wrapper.begin(), "/usr/bin/env");
    world_options->cluster->broker_wrappers.push_back(std::move(wrapper));
  }
  FaultWorld world(*world_options, &report);
  if (!world.SetUp()) return report;
  world.StartTraffic();
  std::mt19937 random(options.seed);
  FaultLoop loop(options, kJumpsByDefault, &world, &report);
  uint64_t turn = 0;
  const auto once = [&] {
    const std::optional<Machine> leader = LeaderOf(world.cluster(), /*etcd=*/false);
    // The leader's clock first, then any, forward and back.
    const size_t i = turn % 2 == 0 && leader.has_value() ? static_cast<size_t>(leader->i) : random() % clocks.size();
    set(i, absl::Minutes(static_cast<int64_t>(random() % 720)) * (turn % 4 < 2 ? 1 : -1));
    loop.Count("cluster_clock_jump");
    absl::SleepFor(kWhile);
    if (++turn % 4 != 0 || !leader.has_value()) return loop.AwaitTraffic(40);
    Kill(world.cluster(), *leader);
    loop.Count("cluster_clock_jump_and_kill");
    return loop.AwaitTraffic(8) && world.StartBroker(static_cast<size_t>(leader->i), {}) && loop.AwaitTraffic(8);
  };
  loop.Run(once, [] {});
  return report;
}

}  // namespace muster
