// Who may call what: one table, default deny.
//
// Every RPC of every service has a row, and every submission body has the row of the RPC that carries it. The broker
// asks the table twice: before the log, so that most refusals cost nothing, and again in State::Apply, where the roster
// is authoritative. Which roles have rights in an operation follows from access_matrix.h; what an admitted caller then
// sees of an object is decided by visibility.h and the concepts' own predicates.
#ifndef MUSTER_SERVER_STATE_ACCESS_POLICY_H_
#define MUSTER_SERVER_STATE_ACCESS_POLICY_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "google/protobuf/message.h"
#include "muster/v1/operation.pb.h"
#include "muster/v1/submission.pb.h"
#include "server/state/access/role_set.h"

namespace muster {

class State;

struct PolicyRule {
  enum class Who {
    // Any active agency; what it may see is decided per object.
    kEnrolled,
    kRegistrar,
    kRegistrarOrAgencyItself,
    kMayLead,
    // An agency with one of `roles` in the operation that the request names.
    kRole,
  };

  // "muster.v1.PlanService/PublishPlan".
  absl::string_view rpc;
  // The body that the RPC submits; BODY_NOT_SET for a read.
  v1::Submission::BodyCase body;
  Who who;
  RoleSet roles = 0;
};

absl::Span<const PolicyRule> PolicyTable();

// Null when the table has no such row, which means: refused.
const PolicyRule* FindRule(absl::string_view rpc);
const PolicyRule* FindRule(v1::Submission::BodyCase body);

// What a call is about, as far as the table needs to know. Refers to the message that it was read from.
struct PolicySubject {
  absl::string_view operation_id;
  absl::string_view agency_id;
};
// From the fields operation_id and agency_id of a submission's body, or of a read's request, which must be of a
// generated type.
PolicySubject SubjectOf(const google::protobuf::Message& message);
PolicySubject SubjectOf(const v1::Submission& submission);

// Whether `agency_id`, whose standing is good, may do what `rule` guards. A null rule is refused. The message never
// tells whether the object exists.
//
// Errors: PERMISSION_DENIED.
absl::Status Authorize(const State& state, absl::string_view agency_id, const PolicyRule* rule,
                       const PolicySubject& subject);

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_ACCESS_POLICY_H_
