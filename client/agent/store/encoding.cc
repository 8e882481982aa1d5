#include "client/agent/store/encoding.h"

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"

namespace muster::agent {

std::string EncodeDeterministically(const google::protobuf::Message& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

std::string SealMessage(const Sealer& sealer, const google::protobuf::Message& message, absl::string_view place) {
  return sealer.Seal(message.SerializeAsString(), place);
}

absl::Status OpenMessage(const Sealer& sealer, absl::string_view sealed, absl::string_view place,
                         google::protobuf::Message* message) {
  MUSTER_ASSIGN_OR_RETURN(const std::string plain, sealer.Open(sealed, place));
  if (message->ParseFromString(plain)) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("what is kept at ", place, " is no ", message->GetTypeName(),
                                          "; it was written by another version of muster-agent: install that one"));
}

std::string OperationFingerprint(const Sealer& sealer, absl::string_view operation_id) {
  return operation_id.empty() ? "" : sealer.Fingerprint(absl::StrCat("operation ", operation_id));
}

}  // namespace muster::agent
