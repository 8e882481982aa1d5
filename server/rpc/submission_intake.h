// From the bytes of one stream message to submissions that may be committed: parsed, admitted, validated.
//
// Threading: thread-safe.
#ifndef MUSTER_SERVER_RPC_SUBMISSION_INTAKE_H_
#define MUSTER_SERVER_RPC_SUBMISSION_INTAKE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/submission_answer.h"
#include "muster/v1/submission.pb.h"
#include "server/broker/broker.h"
#include "server/rpc/guard.h"

namespace muster {

// Whether the leader is to be asked all the same: a broker that follows may not know yet what allows it.
bool IsForTheLeaderToSay(const Broker& broker, const absl::Status& refused);

// Whether the policy table lets `agency_id`, whose standing is good, submit this now.
absl::Status AuthorizeSubmission(const State& state, absl::string_view agency_id, const v1::Submission& submission);

// AnswerOf, encoded, added to an encoded v1::StreamSubmitResponse.
void AppendAnswer(const std::string& submission_id, absl::StatusOr<v1::Outcome> outcome, std::string* response);

class SubmissionIntake {
 public:
  // Borrowed; they outlive this.
  SubmissionIntake(Broker* broker, const Guard* guard) : broker_(broker), guard_(guard) {}

  // The submissions of an encoded v1::StreamSubmitRequest, none of which has been looked at yet.
  //
  // Errors: INVALID_ARGUMENT (MALFORMED) it is none, or holds none, or too many, or what this build does not know.
  static absl::StatusOr<std::vector<PendingSubmission>> Parse(std::string message);

  // Sends those that pass to the broker, with `done` to be called for each, and refuses the others at once.
  void Take(const Caller& caller, std::vector<PendingSubmission> submissions, PendingSubmission::Done done) const;

 private:
  absl::Status Check(PendingSubmission* pending, absl::Status admitted) const;

  Broker* const broker_;
  const Guard* const guard_;
};

}  // namespace muster

#endif  // MUSTER_SERVER_RPC_SUBMISSION_INTAKE_H_
