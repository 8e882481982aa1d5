#include "common/rich_status.h"

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "common/error_reason.h"
#include "common/field_violation.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace muster {
namespace {

constexpr char kRuleKey[] = "rule";
constexpr int64_t kRetrySeconds = 1;
constexpr int kGreatestCode = static_cast<int>(absl::StatusCode::kUnauthenticated);

bool IsContinuationByte(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

std::string CutMessage(absl::string_view message) {
  if (message.size() <= kStatusMessageBytesMax) return std::string(message);
  constexpr absl::string_view kEllipsis = " ...";
  size_t size = kStatusMessageBytesMax - kEllipsis.size();
  while (size > 0 && IsContinuationByte(message[size])) --size;
  return absl::StrCat(message.substr(0, size), kEllipsis);
}

void AddErrorInfo(const absl::Status& status, google::rpc::Status* rich) {
  const v1::Rejected rejected = RejectedOf(status);
  if (rejected.reason() == v1::ERROR_REASON_UNSPECIFIED) return;
  google::rpc::ErrorInfo info;
  info.set_reason(std::string(ReasonName(rejected.reason())));
  info.set_domain(kErrorDomain);
  if (!rejected.rule().empty()) (*info.mutable_metadata())[kRuleKey] = rejected.rule();
  rich->add_details()->PackFrom(info);
}

void AddBadRequest(const absl::Status& status, google::rpc::Status* rich) {
  google::rpc::BadRequest bad_request;
  size_t bytes = 0;
  for (FieldViolation& violation : ViolationsOf(status)) {
    bytes += violation.field.size() + violation.description.size() + 8;
    if (bytes > kBadRequestBytesMax) break;
    google::rpc::BadRequest::FieldViolation* added = bad_request.add_field_violations();
    added->set_field(std::move(violation.field));
    added->set_description(std::move(violation.description));
  }
  if (bad_request.field_violations_size() > 0) rich->add_details()->PackFrom(bad_request);
}

}  // namespace

std::string StatusMessage(const absl::Status& status) { return CutMessage(status.message()); }

std::string ToRichStatusBytes(const absl::Status& status) {
  if (status.ok()) return "";
  google::rpc::Status rich;
  rich.set_code(static_cast<int>(status.code()));
  rich.set_message(StatusMessage(status));
  AddErrorInfo(status, &rich);
  AddBadRequest(status, &rich);
  if (status.code() == absl::StatusCode::kUnavailable || status.code() == absl::StatusCode::kResourceExhausted) {
    google::rpc::RetryInfo retry;
    retry.mutable_retry_delay()->set_seconds(kRetrySeconds);
    rich.add_details()->PackFrom(retry);
  }
  return rich.SerializeAsString();
}

absl::Status FromRichStatus(int code, absl::string_view message, absl::string_view details_bytes) {
  if (code == 0) return absl::OkStatus();
  const bool known = code > 0 && code <= kGreatestCode;
  absl::Status status(known ? static_cast<absl::StatusCode>(code) : absl::StatusCode::kUnknown, message);
  google::rpc::Status rich;
  if (!rich.ParseFromArray(details_bytes.data(), static_cast<int>(details_bytes.size()))) return status;
  for (const google::protobuf::Any& detail : rich.details()) {
    google::rpc::ErrorInfo info;
    google::rpc::BadRequest bad_request;
    google::rpc::RetryInfo retry;
    if (detail.UnpackTo(&info) && info.domain() == kErrorDomain) {
      v1::Rejected rejected;
      rejected.set_reason(ReasonFromName(info.reason()));
      rejected.set_message(std::string(message));
      if (const auto rule = info.metadata().find(kRuleKey); rule != info.metadata().end()) {
        rejected.set_rule(rule->second);
      }
      status.SetPayload(kRejectedTypeUrl, absl::Cord(rejected.SerializeAsString()));
    } else if (detail.UnpackTo(&bad_request)) {
      status.SetPayload(kBadRequestTypeUrl, absl::Cord(detail.value()));
    } else if (detail.UnpackTo(&retry)) {
      status.SetPayload(kRetryInfoTypeUrl, absl::Cord(detail.value()));
    }
  }
  return status;
}

absl::Status WithRetryDelay(absl::Status status, absl::Duration delay) {
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(absl::ToInt64Seconds(absl::Ceil(delay, absl::Seconds(1))));
  status.SetPayload(kRetryInfoTypeUrl, absl::Cord(retry.SerializeAsString()));
  return status;
}

std::optional<absl::Duration> RetryDelayOf(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kRetryInfoTypeUrl);
  google::rpc::RetryInfo retry;
  if (!payload.has_value() || !retry.ParseFromString(std::string(*payload))) return std::nullopt;
  return absl::Seconds(retry.retry_delay().seconds()) + absl::Nanoseconds(retry.retry_delay().nanos());
}

}  // namespace muster
