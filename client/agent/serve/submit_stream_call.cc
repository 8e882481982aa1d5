#include "client/agent/serve/submit_stream_call.h"

#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/agent/config.h"
#include "client/agent/serve/wire.h"
#include "common/config.h"
#include "common/error_reason.h"
#include "common/submission_answer.h"
#include "common/submission_checks.h"

namespace muster::agent {
namespace {

// Read and not yet answered.
constexpr size_t kInFlightMax = 2048;
// How often a waiting thread looks whether the call should end.
constexpr absl::Duration kLookInterval = absl::Milliseconds(100);
// Decisions come in batches; looking at each change of the outbox would be a query for each submission saved.
constexpr absl::Duration kSettleInterval = absl::Milliseconds(5);
constexpr size_t kItemsPerLook = 256;

constexpr v1::DeliveryState kDecided[] = {v1::DELIVERY_STATE_ACCEPTED, v1::DELIVERY_STATE_REJECTED,
                                          v1::DELIVERY_STATE_DROPPED};

}  // namespace

SubmitStreamCall::SubmitStreamCall(Agent* agent, const OpenCalls* calls, grpc::ServerContext* context, Wire* wire)
    : agent_(agent),
      calls_(calls),
      context_(context),
      wire_(wire),
      answer_within_(ToDuration(agent->config().link().answer_within())) {}

absl::Status SubmitStreamCall::Run() {
  std::thread answering([this] { AnswerAll(); });
  ReadAll();
  answering.join();
  absl::MutexLock lock(&mu_);
  return end_;
}

void SubmitStreamCall::ReadAll() {
  grpc::ByteBuffer bytes;
  while (wire_->Read(&bytes) && TakeMessage(bytes)) {
    absl::MutexLock lock(&mu_);
    const auto room = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
      return broken_ || waiting_.size() + static_cast<size_t>(answers_.results_size()) < kInFlightMax;
    };
    mu_.Await(absl::Condition(&room));
    if (broken_) break;
  }
  {
    absl::MutexLock lock(&mu_);
    reads_done_ = true;
  }
  came_in_.Bump();
}

bool SubmitStreamCall::TakeMessage(const grpc::ByteBuffer& bytes) {
  muster::v1::StreamSubmitRequest request;
  absl::Status status = ParseBuffer(bytes, &request);
  if (status.ok()) status = CheckStreamSubmit(request);
  if (!status.ok()) {
    absl::MutexLock lock(&mu_);
    end_ = std::move(status);
    return false;
  }
  for (muster::v1::Submission& submission : *request.mutable_submissions()) {
    TakeSubmission(std::move(submission));
    came_in_.Bump();
  }
  return true;
}

void SubmitStreamCall::TakeSubmission(muster::v1::Submission submission) {
  const std::string id = submission.submission_id();
  const absl::StatusOr<v1::OutboxItem> item = agent_->Save(std::move(submission));
  const bool decided = !item.ok() || item->state() != v1::DELIVERY_STATE_SAVED_HERE;
  absl::MutexLock lock(&mu_);
  if (decided || !agent_->link().connected()) {
    *answers_.add_results() =
        item.ok() ? AnswerOf(item->submission_id(), Agent::OutcomeOf(*item)) : AnswerOf(id, item.status());
    return;
  }
  waiting_.emplace(item->number(), Waiting{item->submission_id(), Deadline(answer_within_, agent_->clock())});
  came_ = true;
}

void SubmitStreamCall::AnswerAll() {
  while (true) {
    came_in_.Await(kLookInterval, [this] {
      absl::MutexLock lock(&mu_);
      return reads_done_ || !waiting_.empty() || answers_.results_size() > 0;
    });
    muster::v1::StreamSubmitResponse response;
    {
      absl::MutexLock lock(&mu_);
      response.Swap(&answers_);
      if (response.results().empty() && reads_done_ && waiting_.empty()) return;
    }
    if (!response.results().empty() && !wire_->Write(ToBuffer(response))) {
      return End(absl::CancelledError("the caller has gone"));
    }
    if (const absl::Status end = calls_->ShouldEnd(*context_); !end.ok()) return End(end);
    if (response.results().empty()) Settle();
  }
}

void SubmitStreamCall::Settle() {
  const Outbox& outbox = agent_->store().outbox();
  uint64_t first = 0;
  uint64_t last = 0;
  bool look = false;
  std::vector<std::string> overdue;
  {
    absl::MutexLock lock(&mu_);
    if (waiting_.empty()) return;
    look = std::exchange(came_, false);
    first = waiting_.begin()->first;
    last = waiting_.rbegin()->first;
    // Without a broker there is nothing to wait for.
    const bool may_come = agent_->link().connected();
    for (const auto& [number, waiting] : waiting_) {
      if (!may_come || waiting.answer_by.passed()) overdue.push_back(waiting.submission_id);
    }
  }
  const uint64_t revision = outbox.revision().now();
  look = look || revision != seen_revision_;
  while (look && first <= last) {
    const absl::StatusOr<std::vector<v1::OutboxItem>> items = outbox.List(kDecided, first - 1, kItemsPerLook);
    if (!items.ok()) return End(items.status());
    if (items->empty()) break;
    absl::MutexLock lock(&mu_);
    for (const v1::OutboxItem& item : *items) AnswerDecided(item);
    first = items->back().number() + 1;
  }
  seen_revision_ = revision;
  for (const std::string& id : overdue) {
    v1::OutboxItemName name;
    name.set_submission_id(id);
    const absl::StatusOr<v1::OutboxItem> item = outbox.Get(name);
    if (!item.ok()) return End(item.status());
    absl::MutexLock lock(&mu_);
    AnswerWaiting(id, Agent::OutcomeOf(*item));
  }
  {
    absl::MutexLock lock(&mu_);
    if (answers_.results_size() > 0 || came_) return;
  }
  outbox.revision().WaitBeyond(revision, kLookInterval);
  absl::SleepFor(kSettleInterval);
}

void SubmitStreamCall::AnswerDecided(const v1::OutboxItem& item) {
  const auto [begin, end] = waiting_.equal_range(item.number());
  for (auto it = begin; it != end;) {
    // After a renumbering the number is another item's.
    if (it->second.submission_id != item.submission_id()) {
      ++it;
      continue;
    }
    *answers_.add_results() = AnswerOf(item.submission_id(), Agent::OutcomeOf(item));
    it = waiting_.erase(it);
  }
}

void SubmitStreamCall::AnswerWaiting(const std::string& submission_id,
                                     const absl::StatusOr<muster::v1::Outcome>& outcome) {
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    if (it->second.submission_id != submission_id) {
      ++it;
      continue;
    }
    *answers_.add_results() = AnswerOf(submission_id, outcome);
    it = waiting_.erase(it);
  }
}

void SubmitStreamCall::End(const absl::Status& why) {
  {
    absl::MutexLock lock(&mu_);
    broken_ = true;
    waiting_.clear();
    if (end_.ok()) end_ = why;
  }
  context_->TryCancel();  // Ends a Read that waits.
}

}  // namespace muster::agent
