#include "server/cluster/forwarder.h"

#include <pthread.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/error_reason.h"

namespace muster {
namespace {

constexpr absl::Duration kLookAgain = absl::Milliseconds(200);
// After a call that failed, before the next.
constexpr absl::Duration kPause = absl::Milliseconds(50);

absl::Status NoLeader() {
  return Refusal(
      v1::ERROR_REASON_NO_LEADER,
      "no broker leads just now, or this one cannot reach it; send it again, with the same submission_id, here "
      "or to another broker");
}

// Whether the same call may be taken a moment later.
bool MayPass(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) || absl::IsUnknown(status) ||
         absl::IsCancelled(status) || absl::IsInternal(status);
}

absl::StatusOr<v1::Outcome> OutcomeIn(v1::SubmissionAnswer* answer) {
  if (answer->has_outcome()) return std::move(*answer->mutable_outcome());
  const absl::Status refusal = ToStatus(answer->refusal().why());
  return refusal.ok() ? absl::InternalError("the leader answered without an answer") : refusal;
}

}  // namespace

Forwarder::Forwarder(const Options& options, Hooks hooks, const Clock* clock)
    : options_(options), hooks_(std::move(hooks)), clock_(clock) {}

void Forwarder::Start() {
  {
    absl::MutexLock lock(&queue_mu_);
    stopped_ = false;
  }
  thread_ = std::thread([this] { Run(); });
}

void Forwarder::Stop() {
  {
    absl::MutexLock lock(&queue_mu_);
    stopped_ = true;
  }
  news_.Bump();
  stopping_.Bump();
  if (thread_.joinable()) thread_.join();
}

void Forwarder::Forward(std::vector<PendingSubmission> pending) {
  std::vector<PendingSubmission> refused;
  {
    absl::MutexLock lock(&queue_mu_);
    for (PendingSubmission& one : pending) {
      if (stopped_ || one.forwarded || one.sender->certificate.empty() || queue_.size() >= options_.queue_max) {
        refused.push_back(std::move(one));
      } else {
        if (one.forward_until == absl::ZeroDuration()) one.forward_until = clock_->Monotonic() + options_.patience;
        queue_.push_back(std::move(one));
      }
    }
  }
  news_.Bump();
  for (const PendingSubmission& one : refused) one.Answer(NoLeader());
}

size_t Forwarder::waiting() const {
  absl::MutexLock lock(&queue_mu_);
  return queue_.size();
}

void Forwarder::Run() {
  pthread_setname_np(pthread_self(), "forwarder");
  while (true) {
    const uint64_t seen = news_.now();
    RefuseLate();
    {
      absl::MutexLock lock(&queue_mu_);
      if (stopped_ && queue_.empty()) return;
    }
    const Way way = hooks_.way();
    std::vector<PendingSubmission> batch =
        way.here || !way.address.empty() ? Take(way.here) : std::vector<PendingSubmission>();
    if (batch.empty()) {
      news_.WaitBeyond(seen, kLookAgain);
    } else if (!way.here) {
      if (!SendTo(way.address, std::move(batch))) news_.WaitBeyond(seen, kPause);
    } else {
      hooks_.submit_here(std::move(batch));
      // What came back at once would only go round.
      if (waiting() > 0) stopping_.WaitBeyond(0, kPause);
    }
  }
}

// Once stopped, everything is late.
void Forwarder::RefuseLate() {
  std::vector<PendingSubmission> late;
  {
    absl::MutexLock lock(&queue_mu_);
    while (!queue_.empty() && (stopped_ || queue_.front().forward_until <= clock_->Monotonic())) {
      late.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
  }
  for (const PendingSubmission& one : late) one.Answer(NoLeader());
}

std::vector<PendingSubmission> Forwarder::Take(bool all) {
  std::vector<PendingSubmission> taken;
  size_t bytes = 0;
  absl::MutexLock lock(&queue_mu_);
  while (!queue_.empty() && (all || taken.size() < options_.call_submissions_max)) {
    const PendingSubmission& next = queue_.front();
    bytes += next.bytes() + next.sender->certificate.size();
    if (bytes > options_.call_bytes_max && !taken.empty() && !all) break;
    taken.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return taken;
}

bool Forwarder::SendTo(const std::string& address, std::vector<PendingSubmission> batch) {
  cluster::v1::ForwardRequest request;
  std::map<std::string, uint32_t> certificates;
  for (const PendingSubmission& one : batch) {
    const auto [it, added] =
        certificates.try_emplace(one.sender->certificate, static_cast<uint32_t>(certificates.size()));
    if (added) request.add_certificates(it->first);
    cluster::v1::ForwardedSubmission* const forwarded = request.add_submissions();
    *forwarded->mutable_submission() = *one.submission;
    forwarded->set_certificate(it->second);
  }
  absl::StatusOr<cluster::v1::ForwardResponse> response = hooks_.send(address, request);
  if (!response.ok() || response->answers_size() != static_cast<int>(batch.size())) {
    if (response.ok() || MayPass(response.status())) {
      PutBack(std::move(batch));
      return false;
    }
    if (batch.size() == 1) {
      batch[0].Answer(Refusal(v1::ERROR_REASON_NO_LEADER, absl::StrCat("the leader does not take it from this broker: ",
                                                                       response.status().message())));
      return true;
    }
    const auto half = batch.begin() + static_cast<ptrdiff_t>(batch.size() / 2);
    std::vector<PendingSubmission> rest(std::make_move_iterator(half), std::make_move_iterator(batch.end()));
    batch.erase(half, batch.end());
    // The rest is at the front when what is before it is put back.
    PutBack(std::move(rest));
    return SendTo(address, std::move(batch));
  }
  hooks_.await_applied(response->applied_sequence());
  std::vector<PendingSubmission> again;
  for (int i = 0; i < response->answers_size(); ++i) {
    PendingSubmission& one = batch[static_cast<size_t>(i)];
    absl::StatusOr<v1::Outcome> outcome = OutcomeIn(response->mutable_answers(i));
    // The leader was just deposed, drains, or does not know what its log did: the next one will say.
    if (absl::IsUnavailable(outcome.status())) {
      again.push_back(std::move(one));
    } else {
      ++forwarded_;
      one.Answer(std::move(outcome));
    }
  }
  const bool all_decided = again.empty();
  PutBack(std::move(again));
  return all_decided;
}

void Forwarder::PutBack(std::vector<PendingSubmission> batch) {
  absl::MutexLock lock(&queue_mu_);
  queue_.insert(queue_.begin(), std::make_move_iterator(batch.begin()), std::make_move_iterator(batch.end()));
}

}  // namespace muster
