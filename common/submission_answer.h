// What a stream of submissions is answered, one of many.
//
// Threading: a pure function.
#ifndef MUSTER_COMMON_SUBMISSION_ANSWER_H_
#define MUSTER_COMMON_SUBMISSION_ANSWER_H_

#include <string>

#include "absl/status/statusor.h"
#include "muster/v1/submission.pb.h"

namespace muster {

// The outcome, or the refusal.
v1::SubmissionAnswer AnswerOf(const std::string& submission_id, absl::StatusOr<v1::Outcome> outcome);

}  // namespace muster

#endif  // MUSTER_COMMON_SUBMISSION_ANSWER_H_
