#include "client/gateway/testing/fuzz_framing.h"

#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/gateway/forward/codec.h"
#include "client/gateway/forward/methods.h"
#include "client/gateway/session/cookie.h"
#include "client/gateway/wire/answer.h"
#include "client/gateway/wire/framing.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/stubs/logging.h"
#include "google/protobuf/util/json_util.h"

namespace muster::gateway {
namespace {

constexpr Framing kFramings[] = {
    {Protocol::kConnectUnary, Codec::kProto},  {Protocol::kConnectUnary, Codec::kJson},
    {Protocol::kConnectStream, Codec::kProto}, {Protocol::kConnectStream, Codec::kJson},
    {Protocol::kGrpcWeb, Codec::kProto},       {Protocol::kGrpcWeb, Codec::kJson},
    {Protocol::kGrpcWebText, Codec::kProto},   {Protocol::kGrpcWebText, Codec::kJson},
};
constexpr size_t kPrefixBytes = 5;

// Not NDEBUG's assert: it must hold in every build.
void Must(bool holds, absl::string_view what) {
  if (holds) return;
  (void)std::fprintf(stderr, "FuzzFraming: %s does not hold\n", std::string(what).c_str());
  std::abort();
}

bool IsVisibleAscii(absl::string_view text) {
  for (const char each : text) {
    if (each < ' ' || each > '~') return false;
  }
  return true;
}

void CheckHeaders(absl::string_view text) {
  if (const std::optional<Framing> framing = FramingOf(text)) {
    Must(FramingOf(ContentTypeOf(*framing)) == framing, "the content type of an answer names the framing of its call");
  }
  for (const auto& within : {ParseConnectTimeout(text), ParseGrpcTimeout(text)}) {
    Must(!within.ok() || *within >= absl::ZeroDuration(), "a time limit is not in the past");
  }
  const std::string token = TokenInCookies(text);
  Must(token.size() <= text.size() && !absl::StrContains(token, ';'), "a token is part of the header");
}

// A body that is longer or shorter by what its framing costs, and nothing else.
void CheckDecoded(const Framing& framing, absl::string_view body, const std::string& message) {
  Must(message.size() <= body.size(), "a message is no longer than its body");
  const std::string again = EncodeMessage(framing, message);
  if (framing.protocol != Protocol::kGrpcWebText) Must(again == body, "a body is what its message is encoded to");
  const auto decoded = DecodeRequest(framing, again);
  Must(decoded.ok() && *decoded == message, "what is encoded is decoded to the same");
}

void CheckTrailers(absl::string_view trailers, int code) {
  const std::vector<absl::string_view> lines = absl::StrSplit(trailers, "\r\n");
  Must(lines.front() == absl::StrCat("grpc-status: ", code) && lines.back().empty(), "trailers begin with the status");
  for (const absl::string_view line : lines) {
    Must(IsVisibleAscii(line), "trailers are visible ASCII");
    Must(line.empty() || (absl::StartsWith(line, "grpc-") && absl::StrContains(line, ": ")), "no trailer is forged");
  }
}

// Connect's JSON of an error, or of a stream's end, which google.protobuf.Struct must be able to read.
void CheckJson(const std::string& json, absl::StatusCode code, bool whole_end) {
  google::protobuf::Struct parsed;
  Must(google::protobuf::util::JsonStringToMessage(json, &parsed).ok(), "an error is JSON");
  const google::protobuf::Struct& error = whole_end ? parsed.fields().at("error").struct_value() : parsed;
  Must(error.fields().at("code").string_value() == ConnectCodeName(code), "an error tells its code");
}

// The payload of the one envelope in `bytes`, which has these flags.
std::string PayloadOf(const Framing& framing, uint8_t flags, std::string bytes) {
  if (framing.protocol == Protocol::kGrpcWebText) {
    std::string raw;
    Must(absl::Base64Unescape(bytes, &raw), "text is base64");
    bytes.swap(raw);
  }
  Must(bytes.size() >= kPrefixBytes && static_cast<uint8_t>(bytes[0]) == flags, "an envelope has its flags");
  const auto byte = [&](size_t i) { return static_cast<size_t>(static_cast<unsigned char>(bytes[i])); };
  const size_t length = byte(1) << 24 | byte(2) << 16 | byte(3) << 8 | byte(4);
  Must(length + kPrefixBytes == bytes.size(), "an envelope has its length");
  return bytes.substr(kPrefixBytes);
}

void CheckError(const Framing& framing, const absl::Status& status) {
  const int http_status = HttpStatusOf(status.code());
  Must(http_status >= 400 && http_status < 600, "an error has an error's HTTP status");
  const WireAnswer answer = EncodeAnswer(framing, status);
  Must(FramingOf(answer.content_type).has_value(), "an answer has a content type of ours");
  switch (framing.protocol) {
    case Protocol::kConnectUnary:
      Must(answer.http_status == http_status, "a unary call's error is its HTTP status");
      return CheckJson(answer.body, status.code(), /*whole_end=*/false);
    case Protocol::kConnectStream:
      return CheckJson(PayloadOf(framing, kConnectEndFlag, answer.body), status.code(), /*whole_end=*/true);
    case Protocol::kGrpcWeb:
    case Protocol::kGrpcWebText:
      return CheckTrailers(PayloadOf(framing, kGrpcWebTrailersFlag, answer.body), static_cast<int>(status.code()));
  }
}

// The request of some method that is forwarded.
std::unique_ptr<google::protobuf::Message> RequestOf(size_t choice) {
  static const std::vector<const google::protobuf::Descriptor*>* const kTypes = [] {
    auto* const types = new std::vector<const google::protobuf::Descriptor*>();
    static const Methods* const kMethods = new Methods();
    for (const auto& [path, method] : kMethods->all()) types->push_back(method.descriptor->input_type());
    return types;
  }();
  return NewMessage(*(*kTypes)[choice % kTypes->size()]);
}

// What a parser took is written in both forms, and read again as the same.
void CheckCodec(Codec codec, const std::string& bytes, google::protobuf::Message* message) {
  const absl::Status parsed = ParseMessage(codec, bytes, message);
  Must(parsed.ok() || parsed.code() == absl::StatusCode::kInvalidArgument, "bytes are parsed or refused");
  if (!parsed.ok()) {
    Must(absl::StrContains(ConnectErrorJson(parsed), "google.rpc.ErrorInfo"), "a refusal's reason reaches the client");
    for (const Framing& framing : kFramings) CheckError(framing, parsed);
    return;
  }
  const auto binary = SerializeMessage(Codec::kProto, *message);
  const std::unique_ptr<google::protobuf::Message> back(message->New());
  Must(binary.ok() && ParseMessage(Codec::kProto, *binary, back.get()).ok(), "a message is written and read");
  Must(*SerializeMessage(Codec::kProto, *back) == *binary, "a message is read as it was written");
  // JSON cannot hold all that the binary form can, such as times beyond the year 9999; it may say so.
  const auto json = SerializeMessage(Codec::kJson, *message);
  Must(json.ok() || json.status().code() == absl::StatusCode::kInternal, "JSON is written or refused");
  if (codec == Codec::kJson) {
    Must(json.ok() && ParseMessage(Codec::kJson, *json, back.get()).ok(), "JSON that was read is written and read");
    Must(*SerializeMessage(Codec::kProto, *back) == *binary, "JSON keeps the message");
  }
}

}  // namespace

void FuzzFraming(absl::string_view bytes) {
  // As in muster-gateway: libprotobuf writes a line for every text that is not UTF-8.
  static const bool kQuiet = [] {
    google::protobuf::SetLogHandler(nullptr);
    return true;
  }();
  (void)kQuiet;
  if (bytes.size() < kFuzzPrefixBytes) return;
  const auto choice = static_cast<unsigned char>(bytes[0]);
  const auto method = static_cast<unsigned char>(bytes[1]);
  bytes.remove_prefix(kFuzzPrefixBytes);
  CheckHeaders(bytes);
  const Framing& framing = kFramings[choice % std::size(kFramings)];
  CheckError(framing, absl::Status(static_cast<absl::StatusCode>(1 + choice % 16), std::string(bytes)));
  const auto decoded = DecodeRequest(framing, bytes);
  if (!decoded.ok()) {
    Must(absl::IsInvalidArgument(decoded.status()) || absl::IsUnimplemented(decoded.status()), "a body is refused");
    CheckError(framing, decoded.status());
  } else {
    CheckDecoded(framing, bytes, *decoded);
  }
  const std::unique_ptr<google::protobuf::Message> message = RequestOf(method);
  CheckCodec(framing.codec, decoded.ok() ? *decoded : std::string(bytes), message.get());
}

}  // namespace muster::gateway
