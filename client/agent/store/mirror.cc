#include "client/agent/store/mirror.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "client/agent/store/database.h"
#include "client/agent/store/encoding.h"
#include "client/agent/store/mirror_rows.h"
#include "common/status_macros.h"
#include "google/protobuf/descriptor.h"
#include "muster/v1/basics.pb.h"

namespace muster::agent {
namespace {

using google::protobuf::FieldDescriptor;

bool IsReadOption(const FieldDescriptor& field) {
  const google::protobuf::Descriptor* type = field.message_type();
  return type == muster::v1::PageOptions::descriptor() || type == muster::v1::ReadOptions::descriptor();
}

}  // namespace

std::string MirrorKey(absl::string_view rpc, const google::protobuf::Message& request) {
  const std::unique_ptr<google::protobuf::Message> asked(request.New());
  asked->CopyFrom(request);
  const google::protobuf::Descriptor* type = asked->GetDescriptor();
  for (int i = 0; i < type->field_count(); ++i) {
    if (IsReadOption(*type->field(i))) asked->GetReflection()->ClearField(asked.get(), type->field(i));
  }
  return absl::StrCat(rpc, " ", EncodeDeterministically(*asked));
}

std::string OperationIdOf(const google::protobuf::Message& request) {
  const FieldDescriptor* field = request.GetDescriptor()->FindFieldByName("operation_id");
  if (field == nullptr || field->is_repeated() || field->cpp_type() != FieldDescriptor::CPPTYPE_STRING) return "";
  return request.GetReflection()->GetString(request, field);
}

Mirror::Mirror(Database* db) : db_(db) {}

absl::Status Mirror::Put(const MirrorAnswer& answer) {
  return db_->Change([&answer](Session& session) { return PutMirrorRow(session, answer); });
}

absl::Status Mirror::Remove(absl::string_view key) {
  return db_->Change([key](Session& session) { return RemoveMirrorRow(session, key); });
}

absl::Status Mirror::RemoveOperation(absl::string_view operation_id) {
  return db_->Change([operation_id](Session& session) { return RemoveMirrorRowsOf(session, operation_id); });
}

absl::StatusOr<std::optional<Mirror::Found>> Mirror::Get(absl::string_view key) const {
  std::optional<Found> found;
  MUSTER_RETURN_IF_ERROR(db_->Read([&](Session& session) -> absl::Status {
    MUSTER_ASSIGN_OR_RETURN(found, FindMirrorRow(session, key));
    return absl::OkStatus();
  }));
  return found;
}

}  // namespace muster::agent
