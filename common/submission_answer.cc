#include "common/submission_answer.h"

#include <utility>

#include "common/error_reason.h"

namespace muster {

v1::SubmissionAnswer AnswerOf(const std::string& submission_id, absl::StatusOr<v1::Outcome> outcome) {
  v1::SubmissionAnswer answer;
  answer.set_submission_id(submission_id);
  if (outcome.ok()) {
    *answer.mutable_outcome() = *std::move(outcome);
  } else {
    answer.mutable_refusal()->set_code(outcome.status().raw_code());
    *answer.mutable_refusal()->mutable_why() = RejectedOf(outcome.status());
  }
  return answer;
}

}  // namespace muster
