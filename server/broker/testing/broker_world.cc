#include "server/broker/testing/broker_world.h"

#include <memory>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace muster {
namespace {

// A copy that shares nothing: ThreadSanitizer does not see the reference count that Abseil's library keeps.
absl::Status DeepCopy(const absl::Status& status) {
  absl::Status copy(status.code(), status.message());
  status.ForEachPayload([&copy](absl::string_view type_url, const absl::Cord& payload) {
    copy.SetPayload(type_url, absl::Cord(std::string(payload)));
  });
  return copy;
}

}  // namespace

v1::Genesis TestGenesis() { return World().state().genesis(); }

PendingSubmission Answers::Expect(absl::string_view agency_id, const v1::Submission& submission) {
  return Expect(PrincipalOf(agency_id), submission);
}

PendingSubmission Answers::Expect(const v1::Principal& principal, const v1::Submission& submission) {
  absl::MutexLock lock(&mu_);
  const size_t index = answers_.size();
  answers_.emplace_back(absl::UnknownError("not answered"));
  const auto done = [this, index](const v1::Submission&, absl::StatusOr<v1::Outcome> answer, Beside) {
    absl::MutexLock answer_lock(&mu_);
    EXPECT_EQ(answers_[index].status(), absl::UnknownError("not answered")) << "answered twice";
    if (answer.ok()) {
      answers_[index] = *std::move(answer);
    } else {
      answers_[index] = DeepCopy(answer.status());
    }
    ++answered_;
  };
  return PendingSubmission::Of(std::make_shared<const Sender>(principal), submission, done);
}

size_t Answers::count() const {
  absl::MutexLock lock(&mu_);
  return answered_;
}

std::vector<absl::StatusOr<v1::Outcome>> Answers::Wait() const {
  absl::MutexLock lock(&mu_);
  const auto all = [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return answered_ == answers_.size(); };
  mu_.Await(absl::Condition(&all));
  return answers_;
}

v1::Outcome Answers::WaitForOne() const {
  const std::vector<absl::StatusOr<v1::Outcome>> answers = Wait();
  EXPECT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].status(), absl::OkStatus());
  return answers[0].value_or(v1::Outcome());
}

v1::Submission Registration(uint64_t number) {
  v1::Submission submission = RegisterAgency(absl::StrCat("agency-", number));
  submission.set_submission_id(EntryId(1'000'000 + number));
  return submission;
}

std::vector<v1::Event> SubmittedTo(const World& world) {
  std::vector<v1::Event> events;
  for (size_t i = 1; i < world.events().size(); ++i) {
    EXPECT_TRUE(events.emplace_back().ParseFromString(world.events()[i]));
  }
  return events;
}

void CopyEvents(const World& world, Sequence first, Sequence last, EventLog* log) {
  std::vector<EncodedEvent> events;
  for (Sequence sequence = first; sequence <= last; ++sequence) {
    events.push_back({sequence, world.events()[sequence - 1]});
  }
  ASSERT_EQ(log->Append(events), absl::OkStatus());
}

std::vector<std::string> FeedRows(const FeedStore& feed) {
  std::vector<std::string> rows;
  const absl::StatusOr<std::unique_ptr<FeedReader>> reader = feed.NewReader();
  EXPECT_EQ(reader.status(), absl::OkStatus());
  const auto visit = [&rows](FeedId id, const FeedRow& row, const FeedReader::Block&) {
    rows.push_back(absl::StrCat(id, " ", row.sequence, " ", row.audience, " ", row.rank, " ", row.bytes));
    return true;
  };
  EXPECT_EQ((*reader)->ReadAfter(feed.trimmed_id(), feed.last_id(), 1'000'000, visit), absl::OkStatus());
  return rows;
}

std::vector<ReadDelivery> ReadToPresent(Broker* broker, absl::string_view agency_id, absl::string_view cursor,
                                        size_t count_max) {
  struct Bell {
    absl::Mutex mu;
    bool rung = false;
  };
  const auto bell = std::make_shared<Bell>();  // A wake may run after Cancel.
  std::vector<DeliveryRun> deliveries;
  const absl::StatusOr<std::shared_ptr<Subscriber>> subscriber = broker->Subscribe(agency_id, cursor, [bell] {
    absl::MutexLock lock(&bell->mu);
    bell->rung = true;
  });
  EXPECT_EQ(subscriber.status(), absl::OkStatus());
  if (!subscriber.ok()) return {};
  bool caught_up = false;
  while (!caught_up) {
    if ((*subscriber)->Drain(count_max, 1 << 20, &deliveries, &caught_up) > 0 || caught_up) continue;
    EXPECT_EQ((*subscriber)->status(), absl::OkStatus());
    if (!(*subscriber)->status().ok()) break;
    absl::MutexLock lock(&bell->mu);
    bell->mu.Await(absl::Condition(&bell->rung));
    bell->rung = false;
  }
  (*subscriber)->Cancel();
  return DecodeDeliveries(deliveries);
}

void ReplayCleanly(const EventLog& log, CleanReplay* replay) {
  const absl::Status read = log.Read(1, [replay](Sequence, absl::string_view bytes) {
    v1::Event event;
    EXPECT_TRUE(event.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
    const Applied applied = replay->state.Apply(event);
    for (const AddressedNotice& notice : applied.notices) {
      for (const std::string& agency_id : replay->state.audiences().Members(notice.address.audience)) {
        replay->notices[agency_id].push_back(notice.bytes);
      }
    }
    const bool gap = applied.outcome.rejected().reason() == v1::ERROR_REASON_OUTBOX_GAP;
    if (event.has_submission() && !applied.outcome.repeat() && !gap) {
      replay->decisions[DecisionKey(event.principal().agency_id(), event.submission().submission_id())].push_back(
          applied.outcome);
    }
    return absl::OkStatus();
  });
  EXPECT_EQ(read, absl::OkStatus());
}

std::string DecisionKey(absl::string_view agency_id, absl::string_view submission_id) {
  return absl::StrCat(agency_id, " ", submission_id);
}

}  // namespace muster
