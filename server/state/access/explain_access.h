// Why an agency may see something or not, in words: the need-to-know matrix applied to one participant, class by class
// or to one object. What is said of an object comes from the predicates that decide, so that it cannot differ from
// them.
//
// Threading: pure functions of the state, which the caller holds still.
#ifndef MUSTER_SERVER_STATE_ACCESS_EXPLAIN_ACCESS_H_
#define MUSTER_SERVER_STATE_ACCESS_EXPLAIN_ACCESS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/v1/access.pb.h"
#include "server/state/state.h"

namespace muster {

// Who asks about whom. Both take part in the operation.
struct AccessQuestion {
  const State& state;
  const OperationRecord& operation;
  const v1::Participant& asker;
  const v1::Participant& subject;
};

// A line for every class.
std::vector<v1::AccessDecision> ExplainEveryClass(const v1::Participant& subject);

// `object`: a class ("plan"), or an object of one ("plan/situation"). A site has two lines, its assignment and its
// readiness. Of an object that the asker may not see itself, what it would be told if there were none (rule P7).
//
// Errors: MALFORMED for a text that is neither.
absl::StatusOr<std::vector<v1::AccessDecision>> ExplainObject(const AccessQuestion& question, absl::string_view object);

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_ACCESS_EXPLAIN_ACCESS_H_
