// Messages to and from gRPC's byte buffers, so that what cannot be parsed gets an answer that says so.
#ifndef MUSTER_SERVER_RPC_WIRE_H_
#define MUSTER_SERVER_RPC_WIRE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/status.h"

namespace muster {

// INVALID_ARGUMENT (MALFORMED) when the bytes are not such a message.
absl::Status ParseBuffer(const grpc::ByteBuffer& buffer, google::protobuf::Message* message);
absl::Status ParseBytes(absl::string_view bytes, google::protobuf::Message* message);

// Nothing when the buffer is not valid.
std::string ToBytes(const grpc::ByteBuffer& buffer);

grpc::ByteBuffer ToBuffer(absl::string_view bytes);
grpc::ByteBuffer ToBuffer(const google::protobuf::Message& message);

// The one place where our errors become gRPC's: the code, the message, and google.rpc.Status details with the reason.
grpc::Status ToGrpcStatus(const absl::Status& status);

}  // namespace muster

#endif  // MUSTER_SERVER_RPC_WIRE_H_
