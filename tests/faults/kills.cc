// kill -9 and SIGSTOP of broker and agents, at random moments and at every failpoint.
#include <csignal>
#include <random>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/clock.h"
#include "tests/faults/scenario.h"

namespace muster {
namespace {

constexpr uint64_t kKillsByDefault = 150;
constexpr absl::Duration kFailpointPatience = absl::Seconds(30);

const char* const kBrokerFailpoints[] = {"commit.before_append",    "log.before_commit",  "log.after_commit",
                                         "commit.after_append",     "commit.after_apply", "commit.after_publish",
                                         "commit.after_acknowledge"};
const char* const kAgentFailpoints[] = {"agent.save.before_commit",     "agent.save.after_commit",
                                        "agent.take.before_commit",     "agent.take.after_commit",
                                        "agent.append.before_commit",   "agent.append.after_commit",
                                        "agent.sender.before_submit",   "agent.sender.after_answer",
                                        "agent.receiver.before_append", "agent.receiver.after_append"};

class Killer {
 public:
  Killer(const ScenarioOptions& options, FaultWorld* world, Report* report)
      : world_(*world), report_(*report), random_(options.seed) {}

  bool KillAtRandom() {
    const size_t process = Pick(world_.agent_count() + 1);
    absl::SleepFor(absl::Milliseconds(Pick(40)));
    if (Pick(6) == 0) {
      Pause(process);
      return true;
    }
    Kill(process);
    ++report_.faults["kill"];
    absl::SleepFor(absl::Milliseconds(Pick(30)));
    return Start(process);
  }

  // Starts the process with the failpoint and lets the traffic run into it.
  bool KillAt(size_t process, const std::string& failpoint, size_t pass) {
    Kill(process);
    ++report_.faults["kill"];
    const std::vector<std::string> environment = {absl::StrCat("MUSTER_FAILPOINT=", failpoint, ":", pass)};
    // It may end before it has begun to serve.
    const bool launched = process == 0 ? world_.broker().Start(environment).ok() || !world_.broker().Running()
                                       : world_.agent(process - 1).Launch(environment).ok();
    if (!launched) report_.Fail(absl::StrCat(world_.NameOf(process), " cannot be launched with ", failpoint));
    const absl::Time deadline = SystemClock()->Now() + kFailpointPatience;
    while (IsRunning(process) && SystemClock()->Now() < deadline) absl::SleepFor(absl::Milliseconds(2));
    if (IsRunning(process)) {
      report_.Fail(absl::StrCat(failpoint, " was not reached in ", world_.NameOf(process)));
      Kill(process);
    } else {
      ++report_.faults["kill"];
      ++report_.faults["kill_at_failpoint"];
    }
    return Start(process);
  }

 private:
  size_t Pick(size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(random_); }

  void Pause(size_t process) {
    Signal(process, SIGSTOP);
    absl::SleepFor(absl::Milliseconds(50 + Pick(250)));
    Signal(process, SIGCONT);
    ++report_.faults["stop"];
  }

  void Signal(size_t process, int signal) {
    process == 0 ? world_.broker().Signal(signal) : world_.agent(process - 1).Signal(signal);
  }
  void Kill(size_t process) { process == 0 ? world_.broker().Kill() : world_.agent(process - 1).Kill(); }
  bool IsRunning(size_t process) {
    return process == 0 ? world_.broker().Running() : world_.agent(process - 1).Running();
  }
  bool Start(size_t process) { return process == 0 ? world_.StartBroker() : world_.StartAgent(process - 1); }

  FaultWorld& world_;
  Report& report_;
  std::mt19937 random_;
};

}  // namespace

FaultWorldOptions WorldOptions(const ScenarioOptions& options) {
  FaultWorldOptions world;
  world.broker.program = options.musterd;
  world.broker.snapshot = "every_events = 200";
  world.agent_program = options.agent;
  world.agents = options.agents;
  return world;
}

Report Kills(const ScenarioOptions& options) {
  Report report;
  FaultWorld world(WorldOptions(options), &report);
  if (!world.SetUp()) return report;
  world.StartTraffic();
  Killer killer(options, &world, &report);
  const uint64_t wanted = options.count == 0 ? kKillsByDefault : options.count;
  const absl::Time deadline = SystemClock()->Now() + options.time_limit;
  bool goes_on = world.WaitForTraffic(5);
  const auto more = [&] { return goes_on && SystemClock()->Now() < deadline && report.faults["kill"] < wanted; };
  for (size_t pass = 1; more() && pass <= 2; ++pass) {
    for (const char* failpoint : kBrokerFailpoints) {
      if (more()) goes_on = killer.KillAt(0, failpoint, pass * pass) && world.WaitForTraffic(4);
    }
    for (const char* failpoint : kAgentFailpoints) {
      if (more() && world.agent_count() > 0) {
        goes_on = killer.KillAt(1 + pass % 2, failpoint, pass * pass) && world.WaitForTraffic(4);
      }
    }
  }
  while (more()) goes_on = killer.KillAtRandom() && world.WaitForTraffic(4);
  if (!goes_on) report.Fail("nothing is acknowledged any more, or a process does not start");
  world.Finish();
  return report;
}

}  // namespace muster
