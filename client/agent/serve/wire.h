// Messages to and from gRPC's byte buffers, and our errors as gRPC's, for the daemon's local API.
//
// The broker has the same in server/rpc/wire: client code may not include that, and common/ may not name gRPC. What
// both do is in common/rich_status.h.
//
// Threading: pure functions.
#ifndef MUSTER_CLIENT_AGENT_SERVE_WIRE_H_
#define MUSTER_CLIENT_AGENT_SERVE_WIRE_H_

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/status.h"

namespace muster::agent {

// INVALID_ARGUMENT (MALFORMED) when the bytes are not such a message.
absl::Status ParseBuffer(const grpc::ByteBuffer& buffer, google::protobuf::Message* message);

grpc::ByteBuffer ToBuffer(const google::protobuf::Message& message);

// The one place where the daemon's errors become gRPC's.
grpc::Status ToGrpcStatus(const absl::Status& status);

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_SERVE_WIRE_H_
