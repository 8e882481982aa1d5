// The broker in the sweep: the real Broker over the real LocalLog, with snapshots, checkpoints and repeats.
#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "common/error_reason.h"
#include "server/broker/broker.h"
#include "server/broker/verify.h"
#include "server/log/local_log.h"
#include "server/state/cursor.h"
#include "server/state/testing/test_support.h"
#include "tests/faults/sweep.h"
#include "tests/faults/truth.h"

namespace muster {
namespace {

constexpr absl::Duration kAnswerPatience = absl::Seconds(20);
constexpr int kAttemptsMax = 3;

struct Step {
  v1::Principal principal;
  v1::Submission submission;
};

// An operation, and then entries of two agencies, one of which numbers what it sends.
std::vector<Step> MakeScript() {
  World world;
  SetUpOperation(&world);
  std::vector<Step> steps;
  for (const std::string& bytes : world.events()) {
    v1::Event event;
    if (event.ParseFromString(bytes) && event.has_submission())
      steps.push_back({event.principal(), event.submission()});
  }
  const std::string outbox_id = TestUuid(world.Now(), 1);
  for (uint64_t i = 1; i <= 24; ++i) {
    const bool kentucky = i % 3 != 0;
    const char* agency_id = kentucky ? "ky-ago" : "nd-bci";
    v1::Submission submission = RecordTally(MakeEntry(EntryId(i), agency_id, kentucky ? "ky-1" : "nd-1",
                                                      v1::TALLY_CATEGORY_ARREST_BUYER, static_cast<uint32_t>(i)));
    submission.set_submission_id(TestUuid(world.Now(), 1000 + i));
    if (kentucky) {
      submission.mutable_outbox_number()->set_outbox_id(outbox_id);
      submission.mutable_outbox_number()->set_number(i - i / 3);
    }
    steps.push_back({PrincipalOf(agency_id), std::move(submission)});
  }
  return steps;
}

class BrokerRun {
 public:
  explicit BrokerRun(const std::string& folder) : data_dir_(folder + "/data"), clock_(World().Now()) {}

  absl::Status Open() {
    LocalLog::Options log_options;
    // So small that checkpoints of every kind come about.
    log_options.idle_checkpoint_bytes = 1 << 18;
    log_options.wal_bytes_max = 1 << 19;
    absl::StatusOr<std::unique_ptr<LocalLog>> log = LocalLog::Open(data_dir_, log_options);
    if (!log.ok()) return log.status();
    log_ = log->get();
    Broker::Options options;
    options.data_dir = data_dir_;
    options.genesis = World().state().genesis();
    options.snapshot_every_events = 9;
    absl::StatusOr<std::unique_ptr<Broker>> broker = Broker::Open(options, *std::move(log), &clock_);
    if (!broker.ok()) return broker.status();
    broker_ = *std::move(broker);
    broker_->Start({});
    return absl::OkStatus();
  }

  // Submits these and waits for their answers, each of which is given to `answered`, on another thread, as it comes.
  std::vector<absl::Status> Submit(const std::vector<Step>& steps,
                                   const std::function<void(const Step&, const v1::Outcome&)>& answered) {
    struct Shared {
      absl::Mutex mu;
      size_t left = 0;
      std::vector<absl::Status> answers;
    };
    const auto shared = std::make_shared<Shared>();
    shared->left = steps.size();
    shared->answers.resize(steps.size(), absl::DeadlineExceededError("no answer came"));
    std::vector<PendingSubmission> pending;
    for (size_t i = 0; i < steps.size(); ++i) {
      const auto done = [&, shared, i](const v1::Submission&, const absl::StatusOr<v1::Outcome>& answer, Beside) {
        if (answer.ok()) answered(steps[i], *answer);
        absl::MutexLock lock(&shared->mu);
        shared->answers[i] = answer.status();
        --shared->left;
      };
      pending.push_back(
          PendingSubmission::Of(std::make_shared<const Sender>(steps[i].principal), steps[i].submission, done));
    }
    clock_.Advance(absl::Seconds(1));
    broker_->SubmitAll(std::move(pending));
    absl::MutexLock lock(&shared->mu);
    const auto all = [&shared] { return shared->left == 0; };
    shared->mu.AwaitWithTimeout(absl::Condition(&all), kAnswerPatience);
    return shared->answers;
  }

  // The agency's feed from its beginning to the present.
  absl::StatusOr<Transcript> ReadFeed(const std::string& agency_id) {
    struct Bell {
      absl::Mutex mu;
      bool rung = false;
    };
    const auto bell = std::make_shared<Bell>();
    const auto subscriber = broker_->Subscribe(agency_id, "", [bell] {
      absl::MutexLock lock(&bell->mu);
      bell->rung = true;
    });
    if (!subscriber.ok()) return subscriber.status();
    Transcript feed{"the feed of " + agency_id, agency_id, {}, true};
    std::vector<DeliveryRun> runs;
    bool caught_up = false;
    while (!caught_up) {
      if ((*subscriber)->Drain(64, 1 << 20, &runs, &caught_up) > 0 || caught_up) continue;
      if (!(*subscriber)->status().ok()) break;
      absl::MutexLock lock(&bell->mu);
      if (!bell->mu.AwaitWithTimeout(absl::Condition(&bell->rung), kAnswerPatience)) break;
      bell->rung = false;
    }
    const absl::Status ended = (*subscriber)->status();
    (*subscriber)->Cancel();
    if (!caught_up) return ended.ok() ? absl::DeadlineExceededError("the feed does not come to its end") : ended;
    for (const DeliveryRun& run : runs) {
      v1::SubscribeResponse response;
      response.ParseFromArray(run.bytes().data(), static_cast<int>(run.bytes().size()));
      uint64_t position = run.first_position();
      for (const v1::Delivery& delivery : response.deliveries()) {
        feed.deliveries.push_back({absl::StrCat(position), position == 1 ? "" : absl::StrCat(position - 1),
                                   EncodeNotice(delivery.notice())});
        ++position;
      }
    }
    return feed;
  }

  void Stop() {
    if (broker_ != nullptr) broker_->Stop();
  }
  void Close() { broker_ = nullptr; }
  const EventLog& log() const { return *log_; }
  const std::string& data_dir() const { return data_dir_; }

 private:
  const std::string data_dir_;
  FakeClock clock_;
  const EventLog* log_ = nullptr;  // The broker's.
  std::unique_ptr<Broker> broker_;
};

// Whether an error says one of the things that a sender can act on.
bool IsClear(const absl::Status& error) {
  switch (RejectedOf(error).reason()) {
    case v1::ERROR_REASON_STORAGE_FULL:
    case v1::ERROR_REASON_FATE_UNKNOWN:
    case v1::ERROR_REASON_DRAINING:
    case v1::ERROR_REASON_QUEUE_FULL:
      return true;
    default:
      return false;
  }
}

void RunScript(const std::string& folder, const SweepSubject::Promise& promise, Report* report) {
  const std::vector<Step> steps = MakeScript();
  BrokerRun run(folder);
  if (!run.Open().ok()) return;  // It said so, and promised nothing.
  // Groups of one to four, so that there are commits of several.
  for (size_t at = 0, group = 1; at < steps.size(); group = group % 4 + 1) {
    const size_t count = std::min(group, steps.size() - at);
    std::vector<Step> unanswered(steps.begin() + static_cast<std::ptrdiff_t>(at),
                                 steps.begin() + static_cast<std::ptrdiff_t>(at + count));
    at += count;
    // Again, but not for ever: what the disk had no room for, and, once, what is decided already.
    for (int attempt = 1; attempt <= kAttemptsMax && !unanswered.empty(); ++attempt) {
      const std::vector<absl::Status> answers =
          run.Submit(unanswered, [&promise](const Step& step, const v1::Outcome& outcome) {
            if (outcome.rejected().reason() == v1::ERROR_REASON_OUTBOX_GAP) return;  // No decision.
            v1::Outcome told = outcome;
            told.set_submission_id(step.submission.submission_id());
            promise(told.SerializeAsString());
          });
      std::vector<Step> rest;
      for (size_t i = 0; i < answers.size(); ++i) {
        if (answers[i].ok()) continue;
        if (!IsClear(answers[i])) report->Fail(absl::StrCat("an unclear answer: ", answers[i].ToString()));
        if (absl::IsUnavailable(answers[i])) return run.Stop();  // As musterd ends itself.
        rest.push_back(unanswered[i]);
      }
      unanswered = std::move(rest);
    }
  }
  run.Stop();
}

void CheckLeft(const std::string& folder, const std::vector<std::string>& promises, Report* report) {
  const std::vector<Step> steps = MakeScript();
  BrokerRun run(folder);
  if (const absl::Status opened = run.Open(); !opened.ok()) {
    return report->Fail(absl::StrCat("does not start again: ", opened.ToString()));
  }
  History history;
  for (const Step& step : steps) history.Sent(step.principal.agency_id(), step.principal.agency_id(), step.submission);
  for (const std::string& promise : promises) {
    v1::Outcome outcome;
    outcome.ParseFromString(promise);
    history.Answered(outcome.submission_id(), outcome);
  }
  for (const Step& step : steps) {
    const std::vector<absl::Status> again =
        run.Submit({step}, [&history](const Step& sent, const v1::Outcome& outcome) {
          history.Answered(sent.submission.submission_id(), outcome);
        });
    if (!again[0].ok()) report->Fail(absl::StrCat("not accepted after the restart: ", again[0].ToString()));
  }
  absl::StatusOr<Truth> truth = ReplayLog(run.log(), 0);
  if (!truth.ok()) return report->Fail(absl::StrCat("the log: ", truth.status().ToString()));
  for (const char* agency_id : {"lead", "nd-bci", "auditor"}) {
    absl::StatusOr<Transcript> feed = run.ReadFeed(agency_id);
    if (!feed.ok()) return report->Fail(absl::StrCat("the feed: ", feed.status().ToString()));
    truth->feeds.push_back(*std::move(feed));
  }
  Verdict verdict = Check(history.data(), *truth);
  verdict.acknowledged = promises.size();  // Before the restart.
  report->verdict.Add(verdict);
  run.Stop();
  run.Close();
  const absl::StatusOr<DataReport> data = VerifyData(run.data_dir());
  if (!data.ok()) return report->Fail(absl::StrCat("musterd verify: ", data.status().ToString()));
  for (const std::string& finding : data->findings) report->Fail("musterd verify: " + finding);
}

}  // namespace

SweepSubject BrokerSubject() { return {"broker", RunScript, CheckLeft}; }

}  // namespace muster
