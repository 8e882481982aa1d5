#include "client/agent/link/testing/outbox_broker.h"

#include <utility>

#include "client/agent/store/testing/store_folder.h"

namespace muster::agent {

FakeWire::Answer OutboxBroker::Wire() {
  return [this](const muster::v1::StreamSubmitRequest& request) {
    std::vector<muster::v1::SubmissionAnswer> answers;
    for (const muster::v1::Submission& submission : request.submissions()) answers.push_back(Answer(submission));
    return std::optional(std::move(answers));
  };
}

void OutboxBroker::set_refuse(Refuse refuse) {
  absl::MutexLock lock(&mu_);
  refuse_ = std::move(refuse);
}

std::vector<muster::v1::Submission> OutboxBroker::decided() const {
  absl::MutexLock lock(&mu_);
  return decided_;
}

int OutboxBroker::gaps() const {
  absl::MutexLock lock(&mu_);
  return gaps_;
}

muster::v1::SubmissionAnswer OutboxBroker::Answer(const muster::v1::Submission& submission) {
  absl::MutexLock lock(&mu_);
  if (refuse_) {
    if (std::optional<muster::v1::SubmissionAnswer> refused = refuse_(submission)) return *std::move(refused);
  }
  const uint64_t number = submission.outbox_number().number();
  if (const auto it = answers_.find(number); it != answers_.end()) return it->second;
  if (number != answers_.size() + 1) {
    ++gaps_;
    return Objected(submission.submission_id(), muster::v1::ERROR_REASON_OUTBOX_GAP);
  }
  decided_.push_back(submission);
  return answers_[number] = submission.has_withdraw_submission()
                                ? Rejected(submission.submission_id(), muster::v1::ERROR_REASON_WITHDRAWN)
                                : Accepted(submission.submission_id());
}

}  // namespace muster::agent
