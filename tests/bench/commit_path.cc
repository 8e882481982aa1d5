#include "tests/bench/commit_path.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "server/log/local_log.h"
#include "server/state/testing/test_support.h"
#include "tests/bench/must.h"

namespace muster::bench {
namespace {

constexpr char kReporter[] = "ky-ago";
constexpr char kSite[] = "ky-1";

void AppendOperation(EventLog* log) {
  World world;
  SetUpOperation(&world);
  std::vector<EncodedEvent> events;
  for (const std::string& bytes : world.events()) events.push_back({events.size() + 1, bytes});
  Must(log->Append(events));
}

}  // namespace

CommitPath::CommitPath(const std::string& dir) : clock_(absl::UnixEpoch()), guard_("example.test", &clock_) {
  std::unique_ptr<EventLog> log = Must(LocalLog::Open(dir, {}));
  if (log->last_sequence() == 0) AppendOperation(log.get());
  Broker::Options options;
  options.data_dir = dir;
  broker_ = Must(Broker::Open(std::move(options), std::move(log), &clock_));
  clock_.Set(broker_->WithState([](const State& state) { return state.last_accepted_at() + absl::Seconds(1); }));
  broker_->Start({});
  intake_ = std::make_unique<SubmissionIntake>(broker_.get(), &guard_);
  caller_.sender = std::make_shared<const Sender>(PrincipalOf(kReporter));
  caller_.not_before = absl::InfinitePast();
  caller_.not_after = absl::InfiniteFuture();
}

std::string CommitPath::NextMessage(int count) {
  v1::StreamSubmitRequest request;
  for (int i = 0; i < count; ++i) {
    ++made_;
    v1::TallyEntry entry =
        MakeEntry(TestUuid(clock_.Now(), 2 * made_), kReporter, kSite, v1::TALLY_CATEGORY_ARREST_BUYER, 1);
    entry.set_note("Booked at the county jail at the end of the shift; the log has the time.");
    v1::Submission& submission = *request.add_submissions();
    submission = RecordTally(entry);
    submission.set_submission_id(TestUuid(clock_.Now(), 2 * made_ + 1));
  }
  return request.SerializeAsString();
}

size_t CommitPath::Take(std::string message) {
  std::vector<PendingSubmission> submissions = Must(SubmissionIntake::Parse(std::move(message)));
  absl::BlockingCounter answered(static_cast<int>(submissions.size()));
  std::string answers;
  intake_->Take(caller_, std::move(submissions),
                [&](const v1::Submission& submission, absl::StatusOr<v1::Outcome> outcome, Beside) {
                  if (!outcome.ok() || !outcome->has_accepted()) {
                    std::fprintf(stderr, "%s\n", AnswerOf("", std::move(outcome)).ShortDebugString().c_str());
                    std::abort();
                  }
                  AppendAnswer(submission.submission_id(), std::move(outcome), &answers);
                  answered.DecrementCount();
                });
  answered.Wait();
  return answers.size();
}

}  // namespace muster::bench
