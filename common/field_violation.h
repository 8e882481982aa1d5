// What is wrong with a field of a message, and how such findings travel inside an absl::Status.
//
// Threading: pure functions.
#ifndef MUSTER_COMMON_FIELD_VIOLATION_H_
#define MUSTER_COMMON_FIELD_VIOLATION_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace muster {

// google.rpc.BadRequest, serialized, is the payload that carries the findings.
inline constexpr char kBadRequestTypeUrl[] = "type.googleapis.com/google.rpc.BadRequest";

struct FieldViolation {
  // The path from the message that was checked: `publish_plan.sections[3].audience.roles[0]`.
  std::string field;
  // What it holds and what is wanted: "has 412 bytes, at most 200 are allowed". Follows the field in a sentence.
  std::string description;
};

// Where a check is in a message. Lives on the stack and becomes text only when something is wrong there.
struct FieldPath {
  // Null for the message that is checked, which has no name.
  const FieldPath* parent = nullptr;
  // From the parent on, outlives this: `sections`, or several at once: `publish_plan.sections`.
  absl::string_view name;
  // Which item of a list; -1 for none.
  int index = -1;
};

// `publish_plan.sections[3].audience`.
std::string TextOf(const FieldPath& path);

// OK when there are none. Otherwise INVALID_ARGUMENT with reason MALFORMED: the message spells out the first three, the
// payload holds all.
absl::Status MalformedStatus(absl::Span<const FieldViolation> violations);

// The findings that `status` carries; empty when it carries none.
std::vector<FieldViolation> ViolationsOf(const absl::Status& status);

}  // namespace muster

#endif  // MUSTER_COMMON_FIELD_VIOLATION_H_
