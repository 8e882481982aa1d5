#include "server/cluster/forwarder.h"

#include <pthread.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

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
  if (thread_.joinable()) thread_.join();
}

void Forwarder::Forward(std::vector<PendingSubmission> pending) {
  std::vector<PendingSubmission> refused;
  {
    absl::MutexLock lock(&queue_mu_);
    for (PendingSubmission& one : pending) {
      if (stopped_ || one.forwarded || one.certificate == nullptr || queue_.size() >= options_.queue_max) {
        refused.push_back(std::move(one));
      } else {
        queue_.push_back({std::move(one), Deadline(options_.patience, *clock_)});
      }
    }
  }
  news_.Bump();
  for (PendingSubmission& one : refused) one.done(NoLeader());
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
    std::vector<Waiting> batch = way.here || !way.address.empty() ? Take() : std::vector<Waiting>();
    if (batch.empty()) {
      news_.WaitBeyond(seen, kLookAgain);
    } else if (!way.here) {
      if (!SendTo(way.address, std::move(batch))) news_.WaitBeyond(seen, kPause);
    } else {
      std::vector<PendingSubmission> here;
      for (Waiting& one : batch) here.push_back(std::move(one.pending));
      hooks_.submit_here(std::move(here));
    }
  }
}

// Once stopped, everything is late.
void Forwarder::RefuseLate() {
  std::vector<Waiting> late;
  {
    absl::MutexLock lock(&queue_mu_);
    while (!queue_.empty() && (stopped_ || queue_.front().deadline.passed())) {
      late.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
  }
  for (Waiting& one : late) one.pending.done(NoLeader());
}

std::vector<Forwarder::Waiting> Forwarder::Take() {
  std::vector<Waiting> taken;
  size_t bytes = 0;
  absl::MutexLock lock(&queue_mu_);
  while (!queue_.empty() && taken.size() < options_.call_submissions_max) {
    const PendingSubmission& next = queue_.front().pending;
    bytes += next.submission.ByteSizeLong() + next.certificate->size();
    if (bytes > options_.call_bytes_max && !taken.empty()) break;
    taken.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return taken;
}

bool Forwarder::SendTo(const std::string& address, std::vector<Waiting> batch) {
  cluster::v1::ForwardRequest request;
  std::map<std::string, uint32_t> certificates;
  for (const Waiting& one : batch) {
    const auto [it, added] =
        certificates.try_emplace(*one.pending.certificate, static_cast<uint32_t>(certificates.size()));
    if (added) request.add_certificates(it->first);
    cluster::v1::ForwardedSubmission* const forwarded = request.add_submissions();
    *forwarded->mutable_submission() = one.pending.submission;
    forwarded->set_certificate(it->second);
  }
  absl::StatusOr<cluster::v1::ForwardResponse> response = hooks_.send(address, request);
  if (!response.ok() || response->answers_size() != static_cast<int>(batch.size())) {
    PutBack(std::move(batch));
    return false;
  }
  hooks_.await_applied(response->applied_sequence());
  std::vector<Waiting> again;
  for (int i = 0; i < response->answers_size(); ++i) {
    Waiting& one = batch[static_cast<size_t>(i)];
    absl::StatusOr<v1::Outcome> outcome = OutcomeIn(response->mutable_answers(i));
    // The leader was just deposed, drains, or does not know what its log did: the next one will say.
    if (absl::IsUnavailable(outcome.status())) {
      again.push_back(std::move(one));
    } else {
      one.pending.done(std::move(outcome));
    }
  }
  forwarded_ += batch.size() - again.size();
  const bool all_decided = again.empty();
  PutBack(std::move(again));
  return all_decided;
}

void Forwarder::PutBack(std::vector<Waiting> batch) {
  absl::MutexLock lock(&queue_mu_);
  queue_.insert(queue_.begin(), std::make_move_iterator(batch.begin()), std::make_move_iterator(batch.end()));
}

}  // namespace muster
