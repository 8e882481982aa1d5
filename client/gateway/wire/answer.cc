#include "client/gateway/wire/answer.h"

#include <cstddef>
#include <cstdint>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace muster::gateway {
namespace {

constexpr size_t kConnectDigitsMax = 10;
constexpr size_t kGrpcDigitsMax = 8;

// A number of up to `digits_max` digits and nothing else; the sign that SimpleAtoi would take is none.
bool ParseDigits(absl::string_view text, size_t digits_max, int64_t* number) {
  return !text.empty() && text.size() <= digits_max &&
         text.find_first_not_of("0123456789") == absl::string_view::npos && absl::SimpleAtoi(text, number);
}

std::optional<absl::Duration> UnitOf(char letter) {
  switch (letter) {
    case 'H':
      return absl::Hours(1);
    case 'M':
      return absl::Minutes(1);
    case 'S':
      return absl::Seconds(1);
    case 'm':
      return absl::Milliseconds(1);
    case 'u':
      return absl::Microseconds(1);
    case 'n':
      return absl::Nanoseconds(1);
    default:
      return std::nullopt;
  }
}

}  // namespace

WireAnswer EncodeAnswer(const Framing& framing, const absl::StatusOr<std::string>& message, const Metadata& metadata) {
  WireAnswer answer;
  answer.content_type = ContentTypeOf(framing);
  if (framing.protocol == Protocol::kConnectUnary) {
    answer.http_status = HttpStatusOf(message.status().code());
    answer.headers = metadata;
    if (!message.ok()) answer.content_type = "application/json";
    answer.body = message.ok() ? *message : ConnectErrorJson(message.status());
    return answer;
  }
  if (message.ok()) answer.body = EncodeMessage(framing, *message);
  answer.body += EncodeEnd(framing, message.status(), metadata);
  return answer;
}

std::string EncodeEnd(const Framing& framing, const absl::Status& status, const Metadata& metadata) {
  switch (framing.protocol) {
    case Protocol::kConnectUnary:
      return "";
    case Protocol::kConnectStream:
      return EncodeEnvelope(framing, kConnectEndFlag, ConnectEndJson(status, metadata));
    case Protocol::kGrpcWeb:
    case Protocol::kGrpcWebText:
      return EncodeEnvelope(framing, kGrpcWebTrailersFlag, GrpcWebTrailers(status, metadata));
  }
  return "";
}

absl::StatusOr<absl::Duration> ParseConnectTimeout(absl::string_view value) {
  if (value.empty()) return absl::InfiniteDuration();
  int64_t milliseconds = 0;
  if (ParseDigits(value, kConnectDigitsMax, &milliseconds)) return absl::Milliseconds(milliseconds);
  return absl::InvalidArgumentError("Connect-Timeout-Ms: wanted are one to ten digits");
}

absl::StatusOr<absl::Duration> ParseGrpcTimeout(absl::string_view value) {
  if (value.empty()) return absl::InfiniteDuration();
  int64_t number = 0;
  const std::optional<absl::Duration> unit = UnitOf(value.back());
  if (unit.has_value() && ParseDigits(value.substr(0, value.size() - 1), kGrpcDigitsMax, &number)) {
    return number * *unit;
  }
  return absl::InvalidArgumentError("grpc-timeout: wanted are one to eight digits and one of H, M, S, m, u, n");
}

}  // namespace muster::gateway
