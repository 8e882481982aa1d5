#include "client/gateway/forward/methods.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "muster/agent/v1/agent.pb.h"
#include "muster/v1/access.pb.h"
#include "muster/v1/submission.pb.h"

namespace muster::gateway {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::MethodDescriptor;

constexpr char kEnroll[] = "muster.agent.v1.AgentService.Enroll";
constexpr char kSubscribe[] = "muster.v1.FeedService.Subscribe";
// Changes that do not look like one.
constexpr absl::string_view kOtherChanges[] = {
    "muster.v1.SubmissionService.Submit",
    "muster.agent.v1.AgentService.RetryOutboxItem",
    "muster.agent.v1.AgentService.DropOutboxItem",
};

// Naming a message of each file also makes the linker keep the file's descriptors.
std::vector<const FileDescriptor*> Files() {
  std::vector<const FileDescriptor*> files;
  for (const Descriptor* type :
       {muster::v1::Agency::descriptor(), muster::v1::Operation::descriptor(), muster::v1::PublishPlan::descriptor(),
        muster::v1::TallyEntry::descriptor(), muster::v1::Claim::descriptor(), muster::v1::EnterActivity::descriptor(),
        muster::v1::ReadinessBoard::descriptor(), muster::v1::Release::descriptor(),
        muster::v1::ReadinessNotice::descriptor(), muster::v1::Disclosure::descriptor(),
        muster::v1::Submission::descriptor(), muster::agent::v1::OutboxItem::descriptor()}) {
    files.push_back(type->file());
  }
  return files;
}

bool IsBodyOfSubmission(const Descriptor* type) {
  const google::protobuf::OneofDescriptor* const body = muster::v1::Submission::descriptor()->FindOneofByName("body");
  for (int i = 0; i < body->field_count(); ++i) {
    if (body->field(i)->message_type() == type) return true;
  }
  return false;
}

bool IsForwarded(const MethodDescriptor& method) {
  if (method.client_streaming() || method.full_name() == kEnroll) return false;
  return !method.server_streaming() || method.full_name() == kSubscribe;
}

}  // namespace

bool IsChange(const MethodDescriptor& method) {
  for (const absl::string_view name : kOtherChanges) {
    if (name == method.full_name()) return true;
  }
  const Descriptor& request = *method.input_type();
  if (request.FindFieldByName("submission_id") != nullptr) return true;
  if (method.output_type()->FindFieldByName("outcome") != nullptr) return true;
  for (int i = 0; i < request.field_count(); ++i) {
    const FieldDescriptor& field = *request.field(i);
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && IsBodyOfSubmission(field.message_type())) return true;
  }
  return false;
}

Methods::Methods() {
  for (const FileDescriptor* file : Files()) {
    for (int s = 0; s < file->service_count(); ++s) {
      const google::protobuf::ServiceDescriptor& service = *file->service(s);
      for (int m = 0; m < service.method_count(); ++m) {
        const MethodDescriptor& method = *service.method(m);
        if (!IsForwarded(method)) continue;
        std::string path = absl::StrCat("/", service.full_name(), "/", method.name());
        Method found = {&method, path, IsChange(method), method.server_streaming()};
        methods_.emplace(std::move(path), std::move(found));
      }
    }
  }
}

const Method* Methods::Find(absl::string_view path) const {
  const auto found = methods_.find(path);
  return found == methods_.end() ? nullptr : &found->second;
}

std::unique_ptr<google::protobuf::Message> NewMessage(const Descriptor& type) {
  return std::unique_ptr<google::protobuf::Message>(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(&type)->New());
}

}  // namespace muster::gateway
