#include "server/broker/sequencer.h"

#include <algorithm>
#include <memory>
#include <thread>

#include "common/error_reason.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/broker/recovery.h"
#include "server/broker/testing/broker_world.h"
#include "server/log/memory_log.h"
#include "server/log/testing/log_files.h"

namespace muster {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A memory log whose Append can be held, and which remembers the size of every batch.
class GateLog : public EventLog {
 public:
  explicit GateLog(Limits limits) : log_(limits) {}

  absl::Status Append(absl::Span<const EncodedEvent> events) override {
    {
      absl::MutexLock lock(&mu_);
      ++entered_;
      mu_.Await(absl::Condition(&open_));
      sizes_.push_back(events.size());
    }
    return log_.Append(events);
  }
  absl::Status Read(Sequence first, const Visitor& visit) const override { return log_.Read(first, visit); }
  Sequence last_sequence() const override { return log_.last_sequence(); }
  Limits limits() const override { return log_.limits(); }

  // Every Append waits inside from now on, until Release.
  void Hold() {
    absl::MutexLock lock(&mu_);
    open_ = false;
    entered_ = 0;
  }
  void WaitUntilEntered() {
    absl::MutexLock lock(&mu_);
    const auto entered = [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return entered_ > 0; };
    mu_.Await(absl::Condition(&entered));
  }
  void Release() {
    absl::MutexLock lock(&mu_);
    open_ = true;
  }
  // Of every Append since the last call.
  std::vector<size_t> TakeSizes() {
    absl::MutexLock lock(&mu_);
    return std::exchange(sizes_, {});
  }
  MemoryLog& memory() { return log_; }

 private:
  MemoryLog log_;
  absl::Mutex mu_;
  bool open_ ABSL_GUARDED_BY(mu_) = true;
  int entered_ ABSL_GUARDED_BY(mu_) = 0;
  std::vector<size_t> sizes_ ABSL_GUARDED_BY(mu_);
};

class SequencerTest : public testing::Test {
 protected:
  ~SequencerTest() override {
    log_->Release();
    if (sequencer_ != nullptr) sequencer_->Stop();
  }

  void Start(Sequencer::Options options = Sequencer::Options(), EventLog::Limits limits = kDefaultBatchLimits) {
    log_ = std::make_unique<GateLog>(limits);
    absl::StatusOr<Recovered> recovered =
        Recover(folder_.path(), SnapshotStore(folder_.path(), 1), TestGenesis(), clock_, log_.get());
    ASSERT_EQ(recovered.status(), absl::OkStatus());
    state_ = std::move(recovered->state);
    feed_ = std::move(recovered->feed);
    absl::StatusOr<std::unique_ptr<Publisher>> publisher =
        Publisher::Create(feed_.get(), state_->audiences(), state_->genesis().log_id(), Publisher::Options());
    ASSERT_EQ(publisher.status(), absl::OkStatus());
    publisher_ = *std::move(publisher);
    log_->TakeSizes();
    Sequencer::Hooks hooks;
    hooks.failed = [this](const absl::Status& why) { failures_.push_back(why); };
    applier_ = std::make_unique<Applier>(state_.get(), &state_mu_, publisher_.get(), [this] {
      answers_before_access_changed_ = answers_.count();
      notices_before_access_changed_ = publisher_->Stats().notices;
    });
    sequencer_ = std::make_unique<Sequencer>(options, std::move(hooks), log_.get(), applier_.get(), &clock_);
    sequencer_->Start();
  }

  // Keeps the sequencer inside Append with one registration of its own, so that what is submitted next waits.
  void HoldWithOneInside() {
    log_->Hold();
    sequencer_->Submit(answers_.Expect(kRegistrar, Registration(0)));
    log_->WaitUntilEntered();
  }

  v1::Outcome Decide(const v1::Submission& submission, absl::string_view agency_id = kRegistrar) {
    Answers answers;
    sequencer_->Submit(answers.Expect(agency_id, submission));
    return answers.WaitForOne();
  }

  // Submits numbers 1 to `count` in one go.
  void SubmitMany(uint64_t count) {
    std::vector<PendingSubmission> many;
    for (uint64_t number = 1; number <= count; ++number) {
      many.push_back(answers_.Expect(kRegistrar, Registration(number)));
    }
    sequencer_->SubmitAll(std::move(many));
  }

  void ExpectRefused(const absl::StatusOr<v1::Outcome>& answer, absl::StatusCode code, v1::ErrorReason reason) {
    EXPECT_EQ(answer.status().code(), code) << answer.status();
    EXPECT_EQ(RejectedOf(answer.status()).reason(), reason) << answer.status();
    EXPECT_THAT(std::string(answer.status().message()), HasSubstr("send it again"));
  }

  const TemporaryFolder folder_;
  FakeClock clock_{absl::FromUnixSeconds(1'630'033'200)};  // When EntryId's ids were made.
  Answers answers_;
  std::unique_ptr<GateLog> log_;
  std::unique_ptr<State> state_;
  absl::Mutex state_mu_;
  std::unique_ptr<FeedStore> feed_;
  std::unique_ptr<Publisher> publisher_;
  // Of the sequencer thread, until it has stopped.
  std::vector<absl::Status> failures_;
  size_t answers_before_access_changed_ = 0;
  uint64_t notices_before_access_changed_ = 0;
  std::unique_ptr<Applier> applier_;
  std::unique_ptr<Sequencer> sequencer_;
};

TEST_F(SequencerTest, AcknowledgesOnlyAfterAppendReturned) {
  Start();
  HoldWithOneInside();
  EXPECT_EQ(answers_.count(), 0u);
  EXPECT_EQ(log_->last_sequence(), 1u);
  {
    absl::ReaderMutexLock lock(&state_mu_);
    EXPECT_EQ(state_->sequence(), 1u);  // Nor does anyone read what is not durable.
  }
  EXPECT_EQ(publisher_->Position("agency-0"), 0u);
  log_->Release();
  EXPECT_TRUE(answers_.WaitForOne().has_accepted());
  EXPECT_EQ(log_->last_sequence(), 2u);
}

TEST_F(SequencerTest, LoneSubmissionIsNotDelayed) {
  Start();  // The clock stands still: whatever waits for time waits for ever.
  EXPECT_TRUE(Decide(Registration(1)).has_accepted());
  EXPECT_THAT(log_->TakeSizes(), ElementsAre(1));
}

TEST_F(SequencerTest, EverythingThatWaitsBecomesOneAppend) {
  Start();
  HoldWithOneInside();
  SubmitMany(100);
  log_->Release();
  for (const absl::StatusOr<v1::Outcome>& answer : answers_.Wait()) ASSERT_EQ(answer.status(), absl::OkStatus());
  EXPECT_THAT(log_->TakeSizes(), ElementsAre(1, 100));
  sequencer_->Stop();
  EXPECT_EQ(sequencer_->Stats().events, 101u);
  EXPECT_EQ(sequencer_->Stats().commits, 2u);
}

TEST_F(SequencerTest, BatchesKeepToTheLimitsOfEventsAndKeepTheOrder) {
  Start({/*queue_max=*/100, /*batch_events_max=*/10});
  HoldWithOneInside();
  SubmitMany(25);
  log_->Release();
  answers_.Wait();
  EXPECT_THAT(log_->TakeSizes(), ElementsAre(1, 10, 10, 5));
  uint64_t number = 0;
  ASSERT_EQ(log_->Read(2,
                       [&](Sequence, absl::string_view bytes) {
                         v1::Event event;
                         EXPECT_TRUE(event.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
                         EXPECT_EQ(event.submission().submission_id(), Registration(number++).submission_id());
                         return absl::OkStatus();
                       }),
            absl::OkStatus());
  EXPECT_EQ(number, 26u);
}

TEST_F(SequencerTest, BatchesKeepToTheLogsLimitOfBytes) {
  Start(Sequencer::Options(), {/*batch_events_max=*/1000, /*batch_bytes_max=*/8000});
  HoldWithOneInside();
  SubmitMany(50);
  log_->Release();
  // The log refuses a batch beyond its limits.
  for (const absl::StatusOr<v1::Outcome>& answer : answers_.Wait()) EXPECT_EQ(answer.status(), absl::OkStatus());
  EXPECT_GT(log_->TakeSizes().size(), 3u);
}

TEST_F(SequencerTest, FullQueueRefusesTheRestAndTakesMoreLater) {
  Start({/*queue_max=*/3, /*batch_events_max=*/512});
  HoldWithOneInside();
  SubmitMany(5);
  EXPECT_EQ(answers_.count(), 2u);  // Refused at once, by Submit itself.
  EXPECT_EQ(sequencer_->Stats().queued, 3u);
  log_->Release();
  const std::vector<absl::StatusOr<v1::Outcome>> answers = answers_.Wait();
  for (size_t i = 0; i <= 3; ++i) EXPECT_EQ(answers[i].status(), absl::OkStatus()) << i;
  for (size_t i = 4; i <= 5; ++i) {
    ExpectRefused(answers[i], absl::StatusCode::kResourceExhausted, v1::ERROR_REASON_QUEUE_FULL);
  }
  EXPECT_TRUE(Decide(Registration(5)).has_accepted());
}

TEST_F(SequencerTest, NothingWrittenIsRefusedAndTheNextCommitWorks) {
  Start();
  log_->memory().RefuseNextAppend(absl::ResourceExhaustedError("disk full"));
  sequencer_->Submit(answers_.Expect(kRegistrar, Registration(1)));
  ExpectRefused(answers_.Wait()[0], absl::StatusCode::kResourceExhausted, v1::ERROR_REASON_STORAGE_FULL);
  const v1::Outcome retried = Decide(Registration(1));
  EXPECT_TRUE(retried.has_accepted());
  EXPECT_FALSE(retried.repeat());
  sequencer_->Stop();
  EXPECT_THAT(failures_, IsEmpty());
}

TEST_F(SequencerTest, UnknownFateFailsTheBatchAndEverythingAfterIt) {
  Start();
  HoldWithOneInside();
  SubmitMany(3);
  log_->memory().LoseNextAppend(MemoryLog::Fate::kWritten);
  log_->Release();
  answers_.Wait();
  sequencer_->Submit(answers_.Expect(kRegistrar, Registration(4)));
  for (const absl::StatusOr<v1::Outcome>& answer : answers_.Wait()) {
    ExpectRefused(answer, absl::StatusCode::kUnavailable, v1::ERROR_REASON_FATE_UNKNOWN);
  }
  EXPECT_THAT(log_->TakeSizes(), ElementsAre(1));
  sequencer_->Stop();
  ASSERT_EQ(failures_.size(), 1u);
  EXPECT_TRUE(absl::IsUnknown(failures_[0]));
  EXPECT_EQ(state_->sequence(), 1u);
}

TEST_F(SequencerTest, LosingTheLeadStopsTheBroker) {
  Start();
  log_->memory().RefuseNextAppend(absl::AbortedError("another broker leads"));
  sequencer_->Submit(answers_.Expect(kRegistrar, Registration(1)));
  sequencer_->Submit(answers_.Expect(kRegistrar, Registration(2)));
  for (const absl::StatusOr<v1::Outcome>& answer : answers_.Wait()) {
    ExpectRefused(answer, absl::StatusCode::kUnavailable, v1::ERROR_REASON_FATE_UNKNOWN);
  }
  sequencer_->Stop();
  EXPECT_EQ(failures_.size(), 1u);
}

TEST_F(SequencerTest, FeedThatCannotBeWrittenStopsTheBrokerButTheCommitStands) {
  Start();
  ASSERT_EQ(feed_->Append(2, {}), absl::OkStatus());  // The feed is ahead: it refuses event 2.
  EXPECT_TRUE(Decide(Registration(1)).has_accepted());
  sequencer_->Stop();
  EXPECT_EQ(failures_.size(), 1u);
  sequencer_->Submit(answers_.Expect(kRegistrar, Registration(2)));
  ExpectRefused(answers_.Wait()[0], absl::StatusCode::kUnavailable, v1::ERROR_REASON_FATE_UNKNOWN);
}

TEST_F(SequencerTest, RepeatsAreAnsweredWithoutLoggingThem) {
  Start();
  const v1::Outcome first = Decide(Registration(1));
  clock_.Advance(absl::Hours(1));
  v1::Outcome again = Decide(Registration(1));
  EXPECT_TRUE(again.repeat());
  again.set_repeat(false);
  EXPECT_EQ(again.SerializeAsString(), first.SerializeAsString());
  EXPECT_EQ(log_->last_sequence(), 2u);
  EXPECT_EQ(sequencer_->Stats().repeats, 1u);
}

TEST_F(SequencerTest, DuplicatesInsideOneBatchAreAppliedOnce) {
  Start();
  HoldWithOneInside();
  std::vector<PendingSubmission> twins;
  for (int i = 0; i < 2; ++i) twins.push_back(answers_.Expect(kRegistrar, Registration(1)));
  sequencer_->SubmitAll(std::move(twins));
  log_->Release();
  const std::vector<absl::StatusOr<v1::Outcome>> answers = answers_.Wait();
  ASSERT_EQ(answers[1].status(), absl::OkStatus());
  ASSERT_EQ(answers[2].status(), absl::OkStatus());
  EXPECT_FALSE(answers[1]->repeat());
  EXPECT_TRUE(answers[2]->repeat());
  EXPECT_TRUE(answers[2]->has_accepted());
  EXPECT_EQ(publisher_->Position("agency-1"), 1u);
}

TEST_F(SequencerTest, NumberedSubmissionsOfOneOutboxMayShareABatch) {
  Start();
  HoldWithOneInside();
  std::vector<PendingSubmission> outbox;
  for (uint64_t number = 1; number <= 20; ++number) {
    v1::Submission submission = Registration(number);
    submission.mutable_outbox_number()->set_outbox_id(EntryId(7));
    submission.mutable_outbox_number()->set_number(number);
    outbox.push_back(answers_.Expect(kRegistrar, submission));
  }
  sequencer_->SubmitAll(std::move(outbox));
  log_->Release();
  for (const absl::StatusOr<v1::Outcome>& answer : answers_.Wait()) {
    ASSERT_EQ(answer.status(), absl::OkStatus());
    EXPECT_TRUE(answer->has_accepted()) << answer->ShortDebugString();
  }
  EXPECT_THAT(log_->TakeSizes(), ElementsAre(1, 20));
}

TEST_F(SequencerTest, OutboxGapIsAnsweredWithoutLoggingIt) {
  Start();
  v1::Submission submission = Registration(1);
  submission.mutable_outbox_number()->set_outbox_id(EntryId(7));
  submission.mutable_outbox_number()->set_number(2);
  EXPECT_EQ(Decide(submission).rejected().reason(), v1::ERROR_REASON_OUTBOX_GAP);
  EXPECT_EQ(log_->last_sequence(), 1u);
}

TEST_F(SequencerTest, ClockGoingBackwardsDoesNotMoveAcceptedAtBack) {
  Start();
  clock_.Advance(absl::Minutes(10));
  const absl::Time before = FromProto(Decide(Registration(1)).decided_at());
  clock_.Advance(-absl::Minutes(7));
  EXPECT_EQ(FromProto(Decide(Registration(2)).decided_at()), before);
  clock_.Advance(absl::Minutes(8));
  EXPECT_EQ(FromProto(Decide(Registration(3)).decided_at()), before + absl::Minutes(1));
}

v1::Submission Search(uint64_t number, absl::Time start) {
  v1::Submission submission;
  submission.set_submission_id(EntryId(500 + number));
  v1::Activity* activity = submission.mutable_enter_activity()->mutable_activity();
  activity->set_activity_id(EntryId(number));
  activity->set_kind(v1::ACTIVITY_KIND_SEARCH_WARRANT);
  *activity->mutable_window()->mutable_start() = ToProto(start);
  *activity->mutable_window()->mutable_end() = ToProto(start + absl::Hours(1));
  activity->mutable_center()->set_latitude(36.6);
  activity->mutable_center()->set_longitude(-86.5);
  activity->set_location_verified(true);
  activity->set_contact_name("Lt. Rivera");
  activity->set_contact_phone_24h("+15025550170");
  activity->set_sensitivity(v1::SENSITIVITY_NORMAL);
  return submission;
}

TEST_F(SequencerTest, WhatFallsDueHappensOnceThoughNobodySubmitsAnything) {
  Start();
  const absl::Time start = clock_.Now() + absl::Hours(4);
  ASSERT_TRUE(Decide(Search(1, start)).has_accepted());
  ASSERT_EQ(Decide(Search(2, start)).accepted().deconfliction().verdict(), v1::DECONFLICTION_VERDICT_CONFLICT);
  const Sequence before = log_->last_sequence();
  clock_.Advance(absl::Hours(3) + absl::Minutes(45));  // Past respond_by, 30 minutes before the start.
  while (log_->last_sequence() == before) std::this_thread::yield();
  sequencer_->Stop();
  EXPECT_EQ(log_->last_sequence(), before + 1);
  v1::Event event;
  ASSERT_EQ(log_->Read(before + 1,
                       [&](Sequence, absl::string_view bytes) {
                         EXPECT_TRUE(event.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
                         return absl::OkStatus();
                       }),
            absl::OkStatus());
  EXPECT_TRUE(event.has_timers_due());
  EXPECT_FALSE(event.has_principal());
  EXPECT_GT(state_->NextDue(), clock_.Now());
}

TEST_F(SequencerTest, RejectedOutcomesAreOnTheRecord) {
  Start();
  EXPECT_TRUE(Decide(Registration(1)).has_accepted());
  EXPECT_TRUE(Decide(Registration(2), "agency-1").has_rejected());  // It is no registrar.
  EXPECT_EQ(log_->last_sequence(), 3u);
  EXPECT_EQ(sequencer_->Stats().rejected, 1u);
}

TEST_F(SequencerTest, AccessIsTakenAwayBeforeAnyoneIsToldThatItIs) {
  Start();
  ASSERT_TRUE(Decide(Registration(1)).has_accepted());
  answers_before_access_changed_ = 1000;
  v1::Submission revocation = RevokeCertificate("agency-1", std::string(64, 'a'));
  revocation.set_submission_id(EntryId(98));
  sequencer_->Submit(answers_.Expect(kRegistrar, revocation));
  EXPECT_TRUE(answers_.WaitForOne().has_accepted());
  EXPECT_EQ(answers_before_access_changed_, 0u);
}

TEST_F(SequencerTest, AccessChangesAreToldBeforeAnythingIsPublished) {
  Start();
  ASSERT_TRUE(Decide(Registration(1)).has_accepted());
  const uint64_t published = publisher_->Stats().notices;
  v1::Submission revocation = RevokeCertificate("agency-1", std::string(64, 'a'));
  revocation.set_submission_id(EntryId(98));
  EXPECT_TRUE(Decide(revocation).has_accepted());
  EXPECT_EQ(notices_before_access_changed_, published);
  EXPECT_GT(publisher_->Stats().notices, published);
}

TEST_F(SequencerTest, StopAnswersWhatIsQueuedAndRefusesWhatComesLater) {
  Start();
  HoldWithOneInside();
  SubmitMany(3);
  std::thread stopper([this] { sequencer_->Stop(); });
  // Whether Stop has begun shows in what a submission is told.
  const auto refused_as_draining = [this] {
    const auto answer = std::make_shared<absl::Status>();
    sequencer_->Submit(PendingSubmission::Of(std::make_shared<const Sender>(PrincipalOf(kRegistrar)), Registration(4),
                                             [answer](const v1::Submission&, const absl::StatusOr<v1::Outcome>& given,
                                                      Beside) { *answer = given.status(); }));
    if (answer->ok()) return false;
    EXPECT_EQ(RejectedOf(*answer).reason(), v1::ERROR_REASON_DRAINING) << *answer;
    return true;
  };
  while (!refused_as_draining()) std::this_thread::yield();
  EXPECT_EQ(answers_.count(), 0u);
  log_->Release();
  stopper.join();
  for (const absl::StatusOr<v1::Outcome>& answer : answers_.Wait()) EXPECT_EQ(answer.status(), absl::OkStatus());
}

}  // namespace
}  // namespace muster
