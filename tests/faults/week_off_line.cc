// A command post that is cut off for a week, with 10,000 messages queued each way: all of them arrive, once, in order.
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/lib/submit_stream.h"
#include "common/clock.h"
#include "tests/faults/scenario.h"
#include "tests/integration/exercise.h"

namespace muster {
namespace {

constexpr uint64_t kMessagesByDefault = 10'000;
constexpr absl::Duration kWeek = absl::Hours(7 * 24);
// Where nobody listens.
constexpr char kNowhere[] = "127.0.0.1:9";

// `count` submissions of one sender, one after the other but without waiting for answers.
absl::Status SendMany(const std::string& sender, const std::shared_ptr<Connection>& connection, uint64_t first,
                      uint64_t count, History* history) {
  SubmitStream stream(connection, {}, [history](const v1::SubmissionAnswer& answer) {
    if (answer.has_outcome()) history->Answered(answer.submission_id(), answer.outcome());
  });
  for (uint64_t i = 0; i < count; ++i) {
    const v1::Submission submission = KentuckyTally(first + i);
    history->Sent(sender, kKentucky, submission);
    const absl::Status queued = stream.Submit(submission);
    if (!queued.ok()) return queued;
  }
  return stream.Finish();
}

absl::Status EnrollAt(TestAgent& agent, const std::string& address) {
  agent::v1::EnrollmentBundle bundle = BundleOf(OperatorOf(kKentucky), {address});
  bundle.set_server_name("localhost");
  return agent.Enroll(bundle);
}

}  // namespace

Report WeekOffLine(const ScenarioOptions& options) {
  Report report;
  if (!options.agents) return report;
  const std::string clock = options.work + "/clock";
  FaultWorldOptions world_options = WorldOptions(options);
  world_options.broker_environment = ClockEnvironment(options, clock);
  world_options.agent_environment = world_options.broker_environment;
  world_options.direct = false;
  absl::Status status = SetClock(clock, absl::ZeroDuration());
  FaultWorld world(world_options, &report);
  if (!world.SetUp()) return report;
  world.StartTraffic();
  world.WaitForTraffic(10);
  const uint64_t count = options.count == 0 ? kMessagesByDefault : options.count;
  TestAgent& post = world.agent(0);
  status.Update(EnrollAt(post, kNowhere));
  if (!post.WaitUntil(agent::v1::LINK_STATE_OFF_LINE)) report.Fail("the link is not known to be down");
  status.Update(SendMany("the post, off line", post.Connect(), 1'000'000, count, &world.history()));
  // What the broker has for the post meanwhile.
  status.Update(
      SendMany("the agency's other office", world.ConnectToBroker(kKentucky), 2'000'000, count, &world.history()));
  status.Update(SetClock(clock, kWeek));
  report.faults["week_off_line_messages"] += 2 * count;
  status.Update(EnrollAt(post, world.broker().address()));
  if (!status.ok()) report.Fail(absl::StrCat("the week off line: ", status.ToString()));
  if (!world.WaitForTraffic(10, absl::Seconds(60))) report.Fail("nothing is acknowledged after the week");
  world.Finish();
  return report;
}

}  // namespace muster
