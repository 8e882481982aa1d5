#include "client/agent/store/submission_facts.h"

#include "absl/strings/str_cat.h"
#include "client/agent/store/encoding.h"
#include "client/agent/store/mirror.h"
#include "common/error_reason.h"
#include "google/protobuf/descriptor.h"

namespace muster::agent {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

const FieldDescriptor* BodyField(const muster::v1::Submission& submission) {
  const google::protobuf::OneofDescriptor* body = submission.GetDescriptor()->FindOneofByName("body");
  return submission.GetReflection()->GetOneofFieldDescriptor(submission, body);
}

// Of the message itself or of one that it holds: an activity that is entered names its operation.
std::string FindOperationId(const Message& message) {
  std::string found = OperationIdOf(message);
  const google::protobuf::Descriptor* type = message.GetDescriptor();
  for (int i = 0; found.empty() && i < type->field_count(); ++i) {
    const FieldDescriptor* field = type->field(i);
    if (field->is_repeated() || field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!message.GetReflection()->HasField(message, field)) continue;
    found = FindOperationId(message.GetReflection()->GetMessage(message, field));
  }
  return found;
}

}  // namespace

std::string KindOf(const muster::v1::Submission& submission) {
  const FieldDescriptor* body = BodyField(submission);
  return body == nullptr ? "" : body->name();
}

std::string SubjectOf(const muster::v1::Submission& submission) {
  const FieldDescriptor* body = BodyField(submission);
  return body == nullptr ? "" : FindOperationId(submission.GetReflection()->GetMessage(submission, body));
}

std::string EncodedBody(const muster::v1::Submission& submission) {
  const FieldDescriptor* body = BodyField(submission);
  if (body == nullptr) return "";
  return absl::StrCat(body->number(), " ",
                      EncodeDeterministically(submission.GetReflection()->GetMessage(submission, body)));
}

bool WithdrawalIsDue(const v1::OutboxItem& item) {
  return item.state() == v1::DELIVERY_STATE_SAVED_HERE && (item.has_refusal() || !item.drop_reason().empty());
}

muster::v1::Submission WithdrawalOf(const v1::OutboxItem& item) {
  muster::v1::Submission withdrawal;
  withdrawal.set_submission_id(item.submission_id());
  // A refusal's own words may be too long, or of more than one line.
  withdrawal.mutable_withdraw_submission()->set_reason(
      item.drop_reason().empty() ? absl::StrCat("refused: ", ReasonName(item.refusal().reason())) : item.drop_reason());
  return withdrawal;
}

}  // namespace muster::agent
