// Clocks that are set, forward and back by hours, under a running broker and running agents.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <random>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/clock.h"
#include "tests/faults/scenario.h"

namespace muster {
namespace {

constexpr uint64_t kJumpsByDefault = 16;
// Everything happens tomorrow, so that a clock set back by hours still knows valid certificates.
constexpr absl::Duration kTomorrow = absl::Hours(24);
constexpr absl::Duration kWhile = absl::Milliseconds(1500);

}  // namespace

absl::Status SetClock(const std::string& file, absl::Duration offset) {
  const int fd = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  const int64_t nanos = absl::ToInt64Nanoseconds(offset);
  const bool written = fd >= 0 && pwrite(fd, &nanos, sizeof(nanos), 0) == sizeof(nanos);
  if (fd >= 0) close(fd);
  return written ? absl::OkStatus() : absl::InternalError("cannot write " + file);
}

std::vector<std::string> ClockEnvironment(const ScenarioOptions& options, const std::string& file) {
  return {absl::StrCat("LD_PRELOAD=", options.clock_library), absl::StrCat("MUSTER_CLOCK_FILE=", file)};
}

Report ClockJumps(const ScenarioOptions& options) {
  Report report;
  const std::string clocks[] = {options.work + "/broker-clock", options.work + "/agent-clock"};
  for (const std::string& clock : clocks) {
    if (const absl::Status set = SetClock(clock, kTomorrow); !set.ok()) report.Fail(std::string(set.message()));
  }
  FaultWorldOptions world_options = WorldOptions(options);
  world_options.broker_environment = ClockEnvironment(options, clocks[0]);
  world_options.agent_environment = ClockEnvironment(options, clocks[1]);
  FaultWorld world(world_options, &report);
  if (!world.SetUp()) return report;
  world.StartTraffic();
  std::mt19937 random(options.seed);
  const uint64_t wanted = options.count == 0 ? kJumpsByDefault : options.count;
  const absl::Time deadline = SystemClock()->Now() + options.time_limit;
  bool goes_on = world.WaitForTraffic(5);
  for (uint64_t i = 0; goes_on && i < wanted && SystemClock()->Now() < deadline; ++i) {
    // Forward, then back again, the broker's and the agents' in turn.
    const absl::Duration jump = absl::Minutes(static_cast<int64_t>(random() % 720)) * (i % 4 < 2 ? 1 : -1);
    const absl::Status set = SetClock(clocks[world.agent_count() > 0 ? i % 2 : 0], kTomorrow + jump);
    if (!set.ok()) report.Fail(std::string(set.message()));
    ++report.faults["clock_jump"];
    // A daemon looks every second whether its clock was set.
    absl::SleepFor(kWhile);
    // Not only what is under way goes on, but also what starts now.
    goes_on = world.WaitForTraffic(40, absl::Seconds(30));
    if (i % 4 != 3) continue;
    // The agents' clock has been set back, and now they must connect again.
    world.broker().Kill();
    ++report.faults["clock_jump_and_kill"];
    goes_on = world.StartBroker() && world.WaitForTraffic(8, absl::Seconds(30));
  }
  if (!goes_on) report.Fail("nothing is acknowledged any more after a clock was set");
  world.Finish();
  return report;
}

}  // namespace muster
