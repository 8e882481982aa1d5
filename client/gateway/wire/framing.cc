#include "client/gateway/wire/framing.h"

#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/status_macros.h"

namespace muster::gateway {
namespace {

constexpr size_t kPrefixBytes = 5;

struct ContentType {
  absl::string_view name;
  Framing framing;
};

// The first name of a framing is the one that answers carry.
constexpr ContentType kContentTypes[] = {
    {"application/proto", {Protocol::kConnectUnary, Codec::kProto}},
    {"application/json", {Protocol::kConnectUnary, Codec::kJson}},
    {"application/connect+proto", {Protocol::kConnectStream, Codec::kProto}},
    {"application/connect+json", {Protocol::kConnectStream, Codec::kJson}},
    {"application/grpc-web+proto", {Protocol::kGrpcWeb, Codec::kProto}},
    {"application/grpc-web", {Protocol::kGrpcWeb, Codec::kProto}},
    {"application/grpc-web+json", {Protocol::kGrpcWeb, Codec::kJson}},
    {"application/grpc-web-text+proto", {Protocol::kGrpcWebText, Codec::kProto}},
    {"application/grpc-web-text", {Protocol::kGrpcWebText, Codec::kProto}},
    {"application/grpc-web-text+json", {Protocol::kGrpcWebText, Codec::kJson}},
};

// Clients may send base64 in pieces, each with its own padding: `AAAA=` is never one, `AA==AA==` is two.
absl::StatusOr<std::string> FromBase64Pieces(absl::string_view text) {
  std::string bytes;
  while (!text.empty()) {
    const size_t padding = text.find('=');
    size_t end = padding == absl::string_view::npos ? text.size() : padding;
    while (end < text.size() && text[end] == '=') ++end;
    std::string piece;
    if (!absl::Base64Unescape(text.substr(0, end), &piece)) {
      return absl::InvalidArgumentError("the request's body is not base64, as application/grpc-web-text must be");
    }
    bytes += piece;
    text.remove_prefix(end);
  }
  return bytes;
}

uint32_t BigEndian32(absl::string_view bytes) {
  uint32_t value = 0;
  for (size_t i = 0; i < sizeof(value); ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

absl::StatusOr<std::string> MessageOfEnvelope(absl::string_view bytes) {
  if (bytes.size() < kPrefixBytes) {
    return absl::InvalidArgumentError(absl::StrCat("the request's body has ", bytes.size(),
                                                   " bytes, fewer than an envelope's prefix of ", kPrefixBytes));
  }
  const auto flags = static_cast<uint8_t>(bytes[0]);
  const size_t length = BigEndian32(bytes.substr(1, 4));
  bytes.remove_prefix(kPrefixBytes);
  if (flags == kCompressedFlag) {
    return absl::UnimplementedError(
        "the request's message is compressed, which is not understood here: send it as it is");
  }
  if (flags != 0)
    return absl::InvalidArgumentError(absl::StrCat("the envelope's flags are ", int{flags}, ", wanted is 0"));
  if (bytes.size() != length) {
    return absl::InvalidArgumentError(absl::StrCat("the envelope announces ", length, " bytes and ", bytes.size(),
                                                   " follow: one whole message is wanted"));
  }
  return std::string(bytes);
}

}  // namespace

std::optional<Framing> FramingOf(absl::string_view content_type) {
  const absl::string_view bare = absl::StripAsciiWhitespace(content_type.substr(0, content_type.find(';')));
  const std::string name = absl::AsciiStrToLower(bare);
  for (const ContentType& type : kContentTypes) {
    if (type.name == name) return type.framing;
  }
  return std::nullopt;
}

std::string ContentTypeOf(const Framing& framing) {
  for (const ContentType& type : kContentTypes) {
    if (type.framing == framing) return std::string(type.name);
  }
  return "application/octet-stream";
}

absl::StatusOr<std::string> DecodeRequest(const Framing& framing, absl::string_view body) {
  switch (framing.protocol) {
    case Protocol::kConnectUnary:
      return std::string(body);
    case Protocol::kConnectStream:
    case Protocol::kGrpcWeb:
      return MessageOfEnvelope(body);
    case Protocol::kGrpcWebText: {
      MUSTER_ASSIGN_OR_RETURN(const std::string bytes, FromBase64Pieces(body));
      return MessageOfEnvelope(bytes);
    }
  }
  return absl::InternalError("a framing that does not exist");
}

std::string EncodeMessage(const Framing& framing, absl::string_view message) {
  if (framing.protocol == Protocol::kConnectUnary) return std::string(message);
  return EncodeEnvelope(framing, 0, message);
}

std::string EncodeEnvelope(const Framing& framing, uint8_t flags, absl::string_view payload) {
  std::string envelope(1, static_cast<char>(flags));
  for (int shift = 24; shift >= 0; shift -= 8) envelope.push_back(static_cast<char>(payload.size() >> shift & 0xff));
  absl::StrAppend(&envelope, payload);
  return framing.protocol == Protocol::kGrpcWebText ? absl::Base64Escape(envelope) : envelope;
}

}  // namespace muster::gateway
