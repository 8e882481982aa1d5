#include "client/gateway/forward/codec.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "common/error_reason.h"
#include "common/formats.h"
#include "google/protobuf/util/json_util.h"

namespace muster::gateway {
namespace {

using google::protobuf::util::JsonParseOptions;
using google::protobuf::util::JsonPrintOptions;

// `text` without what does not belong into a text, such as bytes that are no UTF-8: the parser quotes what it was
// given, and an error that is not text loses its reason on the way.
std::string CleanText(absl::string_view text) {
  std::string clean;
  while (const std::optional<TextFault> fault = FindTextFault(text, /*multiline=*/true)) {
    absl::StrAppend(&clean, text.substr(0, fault->offset_bytes), "?");
    text.remove_prefix(fault->offset_bytes + 1);
  }
  return absl::StrCat(clean, text);
}

absl::Status ParseJson(absl::string_view bytes, google::protobuf::Message* message) {
  JsonParseOptions options;
  options.ignore_unknown_fields = false;
  options.case_insensitive_enum_parsing = false;
  message->Clear();
  if (bytes.empty()) return absl::OkStatus();
  const auto parsed = google::protobuf::util::JsonStringToMessage({bytes.data(), bytes.size()}, message, options);
  if (parsed.ok()) return absl::OkStatus();
  const auto why = parsed.message();
  return Refusal(muster::v1::ERROR_REASON_MALFORMED,
                 absl::StrCat("the request is not the JSON of a ", message->GetDescriptor()->full_name(), ": ",
                              CleanText({why.data(), why.size()})));
}

}  // namespace

absl::Status ParseMessage(Codec codec, absl::string_view bytes, google::protobuf::Message* message) {
  if (codec == Codec::kJson) return ParseJson(bytes, message);
  if (message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return absl::OkStatus();
  return Refusal(muster::v1::ERROR_REASON_MALFORMED,
                 absl::StrCat("the request is not a ", message->GetDescriptor()->full_name(),
                              " in protobuf's binary form: is the application of the same version as the gateway?"));
}

absl::StatusOr<std::string> SerializeMessage(Codec codec, const google::protobuf::Message& message) {
  std::string bytes;
  if (codec == Codec::kJson) {
    if (google::protobuf::util::MessageToJsonString(message, &bytes, JsonPrintOptions()).ok()) return bytes;
  } else if (message.SerializeToString(&bytes)) {
    return bytes;
  }
  return absl::InternalError(absl::StrCat("the answer, a ", message.GetDescriptor()->full_name(),
                                          ", cannot be written in the form asked for"));
}

}  // namespace muster::gateway
