#include "server/rpc/wire.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "common/error_reason.h"
#include "common/rich_status.h"
#include "grpcpp/support/slice.h"

namespace muster {

namespace {

absl::Status NotReadable(size_t bytes, const google::protobuf::Message& message) {
  return Refusal(
      v1::ERROR_REASON_MALFORMED,
      absl::StrCat("the request's ", bytes, " bytes are not a ", message.GetDescriptor()->full_name(),
                   " (or hold text that is not UTF-8, or are nested too deeply); build it from the published "
                   "proto files"));
}

}  // namespace

absl::Status ParseBuffer(const grpc::ByteBuffer& buffer, google::protobuf::Message* message) {
  grpc::Slice slice;
  if (!buffer.Valid() || !buffer.DumpToSingleSlice(&slice).ok()) return NotReadable(0, *message);
  return ParseBytes(absl::string_view(reinterpret_cast<const char*>(slice.begin()), slice.size()), message);
}

std::string ToBytes(const grpc::ByteBuffer& buffer) {
  std::string bytes;
  std::vector<grpc::Slice> slices;
  if (!buffer.Valid() || !buffer.Dump(&slices).ok()) return bytes;
  bytes.reserve(buffer.Length());
  for (const grpc::Slice& slice : slices) bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return bytes;
}

absl::Status ParseBytes(absl::string_view bytes, google::protobuf::Message* message) {
  if (message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return absl::OkStatus();
  return NotReadable(bytes.size(), *message);
}

grpc::ByteBuffer ToBuffer(absl::string_view bytes) {
  const grpc::Slice slice(bytes.data(), bytes.size());
  return grpc::ByteBuffer(&slice, 1);
}

grpc::ByteBuffer ToBuffer(const google::protobuf::Message& message) { return ToBuffer(message.SerializeAsString()); }

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return grpc::Status(static_cast<grpc::StatusCode>(status.raw_code()), StatusMessage(status),
                      ToRichStatusBytes(status));
}

}  // namespace muster
