#include "client/agent/serve/change_methods.h"

#include <utility>

#include "muster/v1/access.pb.h"

namespace muster::agent {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;

constexpr char kSubmissionIdField[] = "submission_id";
constexpr char kOutcomeField[] = "outcome";

// The request's field that is not submission_id; null when it has not just these two.
const FieldDescriptor* OtherField(const Descriptor& request) {
  const FieldDescriptor* const id = request.FindFieldByName(kSubmissionIdField);
  if (id == nullptr || request.field_count() != 2) return nullptr;
  return request.field(id->index() == 0 ? 1 : 0);
}

}  // namespace

std::vector<const google::protobuf::ServiceDescriptor*> UnaryServices() {
  using google::protobuf::FileDescriptor;
  std::vector<const google::protobuf::ServiceDescriptor*> services;
  for (const FileDescriptor* file :
       {muster::v1::Agency::descriptor()->file(), muster::v1::Operation::descriptor()->file(),
        muster::v1::PublishPlan::descriptor()->file(), muster::v1::TallyEntry::descriptor()->file(),
        muster::v1::Claim::descriptor()->file(), muster::v1::EnterActivity::descriptor()->file(),
        muster::v1::ReadinessBoard::descriptor()->file(), muster::v1::Release::descriptor()->file(),
        muster::v1::ReadinessNotice::descriptor()->file(), muster::v1::Disclosure::descriptor()->file()}) {
    for (int i = 0; i < file->service_count(); ++i) services.push_back(file->service(i));
  }
  return services;
}

const FieldDescriptor* BodyOf(const MethodDescriptor& method) {
  const FieldDescriptor* const field = OtherField(*method.input_type());
  if (field == nullptr || field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || field->is_repeated()) return nullptr;
  const google::protobuf::OneofDescriptor* const body = muster::v1::Submission::descriptor()->FindOneofByName("body");
  for (int i = 0; i < body->field_count(); ++i) {
    if (body->field(i)->message_type() == field->message_type()) return body->field(i);
  }
  return nullptr;
}

muster::v1::Submission TakeSubmission(const FieldDescriptor& body, Message* request) {
  muster::v1::Submission submission;
  const Descriptor& type = *request->GetDescriptor();
  submission.set_submission_id(request->GetReflection()->GetString(*request, type.FindFieldByName(kSubmissionIdField)));
  Message* const from = request->GetReflection()->MutableMessage(request, OtherField(type));
  from->GetReflection()->Swap(from, submission.GetReflection()->MutableMessage(&submission, &body));
  return submission;
}

std::unique_ptr<Message> ResponseWith(const MethodDescriptor& method, muster::v1::Outcome outcome) {
  std::unique_ptr<Message> response = NewMessage(*method.output_type());
  const FieldDescriptor* const field = method.output_type()->FindFieldByName(kOutcomeField);
  Message* const out = response->GetReflection()->MutableMessage(response.get(), field);
  *static_cast<muster::v1::Outcome*>(out) = std::move(outcome);
  return response;
}

std::unique_ptr<Message> NewMessage(const Descriptor& type) {
  return std::unique_ptr<Message>(google::protobuf::MessageFactory::generated_factory()->GetPrototype(&type)->New());
}

}  // namespace muster::agent
