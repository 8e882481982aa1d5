#include "common/field_violation.h"

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "common/error_reason.h"
#include "google/rpc/error_details.pb.h"

namespace muster {
namespace {

constexpr size_t kSpelledOut = 3;

}  // namespace

std::string TextOf(const FieldPath& path) {
  std::string text = path.parent != nullptr ? TextOf(*path.parent) : "";
  if (path.name.empty()) return text;
  absl::StrAppend(&text, text.empty() ? "" : ".", path.name);
  if (path.index >= 0) absl::StrAppend(&text, "[", path.index, "]");
  return text;
}

absl::Status MalformedStatus(absl::Span<const FieldViolation> violations) {
  if (violations.empty()) return absl::OkStatus();
  std::string message;
  google::rpc::BadRequest bad_request;
  for (size_t i = 0; i < violations.size(); ++i) {
    const FieldViolation& violation = violations[i];
    if (i < kSpelledOut) {
      absl::StrAppend(&message, i == 0 ? "" : "; ", violation.field, ": ", violation.description);
    }
    google::rpc::BadRequest::FieldViolation* added = bad_request.add_field_violations();
    added->set_field(violation.field);
    added->set_description(violation.description);
  }
  if (violations.size() > kSpelledOut) absl::StrAppend(&message, "; and ", violations.size() - kSpelledOut, " more");
  absl::Status status = Refusal(v1::ERROR_REASON_MALFORMED, message);
  status.SetPayload(kBadRequestTypeUrl, absl::Cord(bad_request.SerializeAsString()));
  return status;
}

std::vector<FieldViolation> ViolationsOf(const absl::Status& status) {
  std::vector<FieldViolation> violations;
  const absl::optional<absl::Cord> payload = status.GetPayload(kBadRequestTypeUrl);
  google::rpc::BadRequest bad_request;
  if (!payload.has_value() || !bad_request.ParseFromString(std::string(*payload))) return violations;
  for (const google::rpc::BadRequest::FieldViolation& violation : bad_request.field_violations()) {
    violations.push_back({violation.field(), violation.description()});
  }
  return violations;
}

}  // namespace muster
