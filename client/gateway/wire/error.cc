#include "client/gateway/wire/error.h"

#include <cstddef>
#include <cstdint>

#include "absl/strings/cord.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/types/optional.h"
#include "common/error_reason.h"
#include "common/formats.h"
#include "common/rich_status.h"
#include "google/rpc/status.pb.h"

namespace muster::gateway {
namespace {

struct Code {
  absl::StatusCode code;
  absl::string_view name;
  int http_status;
};

// https://connectrpc.com/docs/protocol#error-codes
constexpr Code kCodes[] = {
    {absl::StatusCode::kCancelled, "canceled", 499},
    {absl::StatusCode::kUnknown, "unknown", 500},
    {absl::StatusCode::kInvalidArgument, "invalid_argument", 400},
    {absl::StatusCode::kDeadlineExceeded, "deadline_exceeded", 504},
    {absl::StatusCode::kNotFound, "not_found", 404},
    {absl::StatusCode::kAlreadyExists, "already_exists", 409},
    {absl::StatusCode::kPermissionDenied, "permission_denied", 403},
    {absl::StatusCode::kResourceExhausted, "resource_exhausted", 429},
    {absl::StatusCode::kFailedPrecondition, "failed_precondition", 400},
    {absl::StatusCode::kAborted, "aborted", 409},
    {absl::StatusCode::kOutOfRange, "out_of_range", 400},
    {absl::StatusCode::kUnimplemented, "unimplemented", 501},
    {absl::StatusCode::kInternal, "internal", 500},
    {absl::StatusCode::kUnavailable, "unavailable", 503},
    {absl::StatusCode::kDataLoss, "data_loss", 500},
    {absl::StatusCode::kUnauthenticated, "unauthenticated", 401},
};

const Code& Find(absl::StatusCode code) {
  for (const Code& row : kCodes) {
    if (row.code == code) return row;
  }
  return kCodes[1];
}

std::string Base64WithoutPadding(absl::string_view bytes) {
  std::string text = absl::Base64Escape(bytes);
  while (!text.empty() && text.back() == '=') text.pop_back();
  return text;
}

// What ToRichStatusBytes concludes from a code alone is about agencies and brokers, and wrong about a person's
// password.
std::string RichBytes(const absl::Status& status) {
  if (status.GetPayload(kRejectedTypeUrl).has_value()) return ToRichStatusBytes(status);
  const absl::optional<absl::Cord> retry = status.GetPayload(kRetryInfoTypeUrl);
  if (!retry.has_value()) return "";
  google::rpc::Status rich;
  rich.set_code(static_cast<int>(status.code()));
  rich.set_message(StatusMessage(status));
  google::protobuf::Any* detail = rich.add_details();
  detail->set_type_url(kRetryInfoTypeUrl);
  detail->set_value(std::string(*retry));
  return rich.SerializeAsString();
}

std::string DetailsJson(const absl::Status& status) {
  google::rpc::Status rich;
  if (!rich.ParseFromString(RichBytes(status)) || rich.details().empty()) return "";
  std::string json;
  for (const google::protobuf::Any& detail : rich.details()) {
    const absl::string_view url(detail.type_url());
    absl::StrAppend(&json, json.empty() ? "" : ",", "{\"type\":", JsonString(url.substr(url.rfind('/') + 1)),
                    ",\"value\":\"", Base64WithoutPadding(detail.value()), "\"}");
  }
  return absl::StrCat(",\"details\":[", json, "]");
}

std::string MetadataJson(const Metadata& metadata) {
  std::string json;
  for (const auto& [name, value] : metadata) {
    absl::StrAppend(&json, json.empty() ? "" : ",", JsonString(name), ":[", JsonString(value), "]");
  }
  return absl::StrCat("\"metadata\":{", json, "}");
}

// The percent-encoding of grpc-message: all but visible ASCII, and the percent sign.
std::string PercentEncoded(absl::string_view text) {
  std::string encoded;
  for (const char character : text) {
    if (character >= ' ' && character <= '~' && character != '%') {
      encoded.push_back(character);
    } else {
      absl::StrAppendFormat(&encoded, "%%%02X", static_cast<unsigned char>(character));
    }
  }
  return encoded;
}

}  // namespace

absl::string_view ConnectCodeName(absl::StatusCode code) { return Find(code).name; }

int HttpStatusOf(absl::StatusCode code) { return code == absl::StatusCode::kOk ? 200 : Find(code).http_status; }

std::string JsonString(absl::string_view text) {
  std::string json = "\"";
  const auto append_plain = [&json](absl::string_view plain) {
    for (const char character : plain) {
      if (character == '"' || character == '\\') json.push_back('\\');
      json.push_back(character);
    }
  };
  while (const std::optional<TextFault> fault = FindTextFault(text, /*multiline=*/false)) {
    append_plain(text.substr(0, fault->offset_bytes));
    text.remove_prefix(fault->offset_bytes);
    // Every character that FindTextFault objects to lies in the Basic Multilingual Plane.
    const uint32_t code_point = fault->code_point.value_or(0xfffd);
    absl::StrAppendFormat(&json, "\\u%04x", code_point);
    const size_t width = !fault->code_point.has_value() ? 1 : code_point < 0x80 ? 1 : code_point < 0x800 ? 2 : 3;
    text.remove_prefix(width);
  }
  append_plain(text);
  json.push_back('"');
  return json;
}

std::string ConnectErrorJson(const absl::Status& status) {
  return absl::StrCat("{\"code\":\"", ConnectCodeName(status.code()),
                      "\",\"message\":", JsonString(StatusMessage(status)), DetailsJson(status), "}");
}

std::string ConnectEndJson(const absl::Status& status, const Metadata& metadata) {
  std::string json;
  if (!status.ok()) absl::StrAppend(&json, "\"error\":", ConnectErrorJson(status));
  if (!metadata.empty()) absl::StrAppend(&json, json.empty() ? "" : ",", MetadataJson(metadata));
  return absl::StrCat("{", json, "}");
}

std::string GrpcWebTrailers(const absl::Status& status, const Metadata& metadata) {
  std::string lines = absl::StrCat("grpc-status: ", static_cast<int>(status.code()), "\r\n");
  if (!status.ok()) {
    absl::StrAppend(&lines, "grpc-message: ", PercentEncoded(StatusMessage(status)), "\r\n");
    const std::string details = Base64WithoutPadding(RichBytes(status));
    if (!details.empty()) absl::StrAppend(&lines, "grpc-status-details-bin: ", details, "\r\n");
  }
  for (const auto& [name, value] : metadata) absl::StrAppend(&lines, name, ": ", value, "\r\n");
  return lines;
}

}  // namespace muster::gateway
