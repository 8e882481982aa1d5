#include "client/agent/store/testing/model_broker.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "client/agent/store/testing/store_folder.h"

namespace muster::agent {

muster::v1::SubmissionAnswer ModelBroker::Receive(const muster::v1::Submission& submission) {
  const std::string& id = submission.submission_id();
  if (absl::StartsWith(submission.call_hold().reason(), kRefused)) {
    return Refused(id, muster::v1::ERROR_REASON_NOT_PERMITTED);
  }
  const muster::v1::OutboxNumber& place = submission.outbox_number();
  Outbox& outbox = outboxes_[place.outbox_id()];
  if (place.number() > outbox.highest + 1) return Objected(id, muster::v1::ERROR_REASON_OUTBOX_GAP);
  if (place.number() <= outbox.highest) {
    const auto decided = outbox.unconfirmed.find(place.number());
    if (decided == outbox.unconfirmed.end()) return Objected(id, muster::v1::ERROR_REASON_SUBMISSION_TOO_OLD);
    if (decided->second.submission_id() != id) return Objected(id, muster::v1::ERROR_REASON_OUTBOX_NUMBER_TAKEN);
    return decided->second;
  }
  const muster::v1::SubmissionAnswer* first = Find(id);
  const muster::v1::SubmissionAnswer answer = first != nullptr ? *first : Decide(submission);
  outbox.highest = place.number();
  outbox.unconfirmed.emplace(place.number(), answer);
  const uint64_t confirmed = std::min(place.confirmed_through(), place.number() - 1);
  outbox.unconfirmed.erase(outbox.unconfirmed.begin(), outbox.unconfirmed.upper_bound(confirmed));
  return answer;
}

int ModelBroker::applied(const std::string& reason) const {
  const auto found = applied_.find(reason);
  return found == applied_.end() ? 0 : found->second;
}

muster::v1::SubmissionAnswer ModelBroker::Decide(const muster::v1::Submission& submission) {
  const std::string& id = submission.submission_id();
  if (submission.has_withdraw_submission()) return Rejected(id, muster::v1::ERROR_REASON_WITHDRAWN);
  const std::string& reason = submission.call_hold().reason();
  if (absl::StartsWith(reason, kRejected)) return Rejected(id, muster::v1::ERROR_REASON_WRONG_PHASE);
  ++applied_[reason];
  return Accepted(id);
}

const muster::v1::SubmissionAnswer* ModelBroker::Find(const std::string& submission_id) const {
  for (const auto& [outbox_id, outbox] : outboxes_) {
    for (const auto& [number, answer] : outbox.unconfirmed) {
      if (answer.submission_id() == submission_id) return &answer;
    }
  }
  return nullptr;
}

}  // namespace muster::agent
