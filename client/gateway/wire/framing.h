// How a call's messages are framed over HTTP/1.1, told from its Content-Type, and the framing itself.
//
// Connect (https://connectrpc.com/docs/protocol): a unary call is one message as the whole body; a stream is envelopes
// of one byte of flags, four bytes of length (big endian) and a message, ended by one whose message is JSON.
// gRPC-Web (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md): the same envelopes for both, ended by one
// of trailers; in the text form all of it is base64.
//
// Threading: pure functions. They take any bytes, and make no more than a copy of them.
#ifndef MUSTER_CLIENT_GATEWAY_WIRE_FRAMING_H_
#define MUSTER_CLIENT_GATEWAY_WIRE_FRAMING_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace muster::gateway {

enum class Protocol { kConnectUnary, kConnectStream, kGrpcWeb, kGrpcWebText };
enum class Codec { kProto, kJson };

struct Framing {
  Protocol protocol = Protocol::kConnectUnary;
  Codec codec = Codec::kProto;
  bool operator==(const Framing&) const = default;
};

// Flags of an envelope.
inline constexpr uint8_t kCompressedFlag = 0x01;
inline constexpr uint8_t kConnectEndFlag = 0x02;
inline constexpr uint8_t kGrpcWebTrailersFlag = 0x80;

// What a request's Content-Type asks for, whatever its case and parameters; nothing when it is none of ours.
std::optional<Framing> FramingOf(absl::string_view content_type);

// The Content-Type of the answer to a call of `framing`.
std::string ContentTypeOf(const Framing& framing);

// The one message in a request's body.
//
// Errors: INVALID_ARGUMENT an envelope is cut off, something follows it, its flags are not known, or text is not
//                          base64;
//         UNIMPLEMENTED    the message is compressed: it was never said that this is understood.
absl::StatusOr<std::string> DecodeRequest(const Framing& framing, absl::string_view body);

// One message of an answer as it goes into the body.
std::string EncodeMessage(const Framing& framing, absl::string_view message);

// An envelope with these flags, in base64 where the framing is of text. Not for kConnectUnary.
std::string EncodeEnvelope(const Framing& framing, uint8_t flags, absl::string_view payload);

}  // namespace muster::gateway

#endif  // MUSTER_CLIENT_GATEWAY_WIRE_FRAMING_H_
