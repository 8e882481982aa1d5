// Messages to and from the bytes that a browser sends and reads: protobuf's own form or its JSON.
//
// Threading: pure functions.
#ifndef MUSTER_CLIENT_GATEWAY_FORWARD_CODEC_H_
#define MUSTER_CLIENT_GATEWAY_FORWARD_CODEC_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/gateway/wire/framing.h"
#include "google/protobuf/message.h"

namespace muster::gateway {

// Replaces the contents of `message`. INVALID_ARGUMENT (reason MALFORMED) for bytes that are not of its type; JSON with
// a field or an enum's value that this build does not know is refused. An empty body of JSON is an empty message.
absl::Status ParseMessage(Codec codec, absl::string_view bytes, google::protobuf::Message* message);

// INTERNAL when the message holds what its form cannot express.
absl::StatusOr<std::string> SerializeMessage(Codec codec, const google::protobuf::Message& message);

}  // namespace muster::gateway

#endif  // MUSTER_CLIENT_GATEWAY_FORWARD_CODEC_H_
