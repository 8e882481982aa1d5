// The rules of a submission that no single field can state: what fields must be to each other. Wrong whatever the state
// of the broker, so refused before the log.
//
// Threading: pure functions, from any thread.
#ifndef MUSTER_COMMON_SUBMISSION_CHECKS_H_
#define MUSTER_COMMON_SUBMISSION_CHECKS_H_

#include <vector>

#include "absl/status/status.h"
#include "common/field_violation.h"
#include "muster/v1/submission.pb.h"

namespace muster {

// Appends what is wrong between the fields of `submission`, which may be malformed in other ways: windows that do not
// end after they start, sites, sections or entries named twice, audiences of roles that read no plan, a second LEAD, an
// amendment of nothing, money that is not seized currency, an entry contained in itself, an agency assisting itself, a
// readiness notice whose ends are crossed, more services answered than offered (rule T7), a referral answered with a
// request, a claim whose parts exceed it (rule T8), a figure released twice.
// Stops at kViolationsMax in all.
void CheckSubmission(const v1::Submission& submission, std::vector<FieldViolation>* violations);

// The same as a status (MalformedStatus), for a submission that Validate has found sound or WireIsSound has certified.
absl::Status CheckBetweenFields(const v1::Submission& submission);

// Everything that can be wrong with a submission in itself: Violations and CheckSubmission as one status
// (MalformedStatus).
absl::Status ValidateSubmission(const v1::Submission& submission);

// What is wrong with the message around streamed submissions: a field that this build does not know, none or too many.
absl::Status CheckStreamSubmit(const v1::StreamSubmitRequest& request);

// The same for a subscription: a cursor and from_now exclude each other.
absl::Status ValidateSubscribe(const v1::SubscribeRequest& request);

}  // namespace muster

#endif  // MUSTER_COMMON_SUBMISSION_CHECKS_H_
