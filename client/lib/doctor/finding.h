// One line of a diagnosis. What warns or fails always says what mends it: the constructors take no less.
//
// Threading: pure functions.
#ifndef MUSTER_CLIENT_LIB_DOCTOR_FINDING_H_
#define MUSTER_CLIENT_LIB_DOCTOR_FINDING_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "muster/agent/v1/agent.pb.h"

namespace muster::doctor {

using agent::v1::Finding;

// What a finding is about: the check's name (agent.proto lists them) and the broker, where there is one.
struct Subject {
  std::string check;
  std::string broker = {};
};

Finding Fine(const Subject& subject, absl::string_view detail);
// `remedy` is a command, or begins with one.
Finding Warning(const Subject& subject, absl::string_view detail, absl::string_view remedy);
Finding Failing(const Subject& subject, absl::string_view detail, absl::string_view remedy);
// Could not be checked; `reason` says what failed before it.
Finding Skipped(const Subject& subject, absl::string_view reason);

bool IsFailing(const Finding& finding);
bool AnyFailing(const std::vector<Finding>& findings);

// "3 days", "2 h 5 min", "40 s": as exact as a person needs.
std::string Roughly(absl::Duration duration);

}  // namespace muster::doctor

#endif  // MUSTER_CLIENT_LIB_DOCTOR_FINDING_H_
