#include "client/agent/serve/wire.h"

#include "absl/strings/str_cat.h"
#include "common/error_reason.h"
#include "common/rich_status.h"
#include "grpcpp/support/slice.h"

namespace muster::agent {

absl::Status ParseBuffer(const grpc::ByteBuffer& buffer, google::protobuf::Message* message) {
  grpc::Slice slice;
  const bool readable = buffer.Valid() && buffer.DumpToSingleSlice(&slice).ok();
  if (readable && message->ParseFromArray(slice.begin(), static_cast<int>(slice.size()))) return absl::OkStatus();
  return Refusal(
      muster::v1::ERROR_REASON_MALFORMED,
      absl::StrCat("the request's ", readable ? slice.size() : 0, " bytes are not a ",
                   message->GetDescriptor()->full_name(),
                   " (or hold text that is not UTF-8, or are nested too deeply); build it from the published "
                   "proto files"));
}

grpc::ByteBuffer ToBuffer(const google::protobuf::Message& message) {
  const grpc::Slice slice(message.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return grpc::Status(static_cast<grpc::StatusCode>(status.raw_code()), StatusMessage(status),
                      ToRichStatusBytes(status));
}

}  // namespace muster::agent
