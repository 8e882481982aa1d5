#include "tests/integration/wire_call.h"

#include <fstream>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/error_reason.h"
#include "common/rich_status.h"
#include "common/testing/test_messages.h"
#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/empty.pb.h"
#include "google/protobuf/unknown_field_set.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/security/credentials.h"
#include "gtest/gtest.h"

namespace muster {
namespace {

constexpr char kReflection[] = "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream contents;
  contents << file.rdbuf();
  return contents.str();
}

std::shared_ptr<grpc::Channel> Dial(const TestBroker& broker,
                                    const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetMaxSendMessageSize(-1);
  arguments.SetMaxReceiveMessageSize(-1);
  return grpc::CreateCustomChannel(broker.address(), credentials, arguments);
}

grpc::ByteBuffer ToBuffer(const std::string& bytes) {
  const grpc::Slice slice(bytes.data(), bytes.size());
  return grpc::ByteBuffer(&slice, 1);
}

std::string ToString(const grpc::ByteBuffer& buffer) {
  grpc::Slice slice;
  if (!buffer.DumpToSingleSlice(&slice).ok()) return "";
  return std::string(reinterpret_cast<const char*>(slice.begin()), slice.size());
}

// The values of the length-delimited field `number`, without knowing the message's type.
std::vector<std::string> FieldsOf(const std::string& bytes, int number) {
  google::protobuf::Empty anything;
  std::vector<std::string> values;
  if (!anything.ParseFromString(bytes)) return values;
  const google::protobuf::UnknownFieldSet& fields = anything.GetReflection()->GetUnknownFields(anything);
  for (int i = 0; i < fields.field_count(); ++i) {
    const google::protobuf::UnknownField& field = fields.field(i);
    if (field.number() == number && field.type() == google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED) {
      values.push_back(field.length_delimited());
    }
  }
  return values;
}

}  // namespace

std::shared_ptr<grpc::Channel> ChannelWith(const TestBroker& broker, const CertificateFiles& files) {
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = ReadFile(CaFile());
  tls.pem_cert_chain = ReadFile(files.certificate);
  tls.pem_private_key = ReadFile(files.key);
  return Dial(broker, grpc::SslCredentials(tls));
}

std::shared_ptr<grpc::Channel> ChannelWithoutCertificate(const TestBroker& broker) {
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = ReadFile(CaFile());
  return Dial(broker, grpc::SslCredentials(tls));
}

std::shared_ptr<grpc::Channel> PlaintextChannel(const TestBroker& broker) {
  return Dial(broker, grpc::InsecureChannelCredentials());
}

WireAnswer CallWire(const std::shared_ptr<grpc::Channel>& channel, absl::string_view method,
                    const std::vector<std::string>& messages, WireOptions options) {
  grpc::GenericStub stub(channel);
  grpc::CompletionQueue queue;
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(SystemClock()->Now() + options.deadline));
  // One operation at a time: its tag says nothing.
  const auto done = [&queue] {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };
  WireAnswer answer;
  const auto call = stub.PrepareCall(&context, absl::StrCat("/", method), &queue);
  call->StartCall(nullptr);
  bool going = done();
  for (const std::string& message : messages) {
    if (!going) break;
    call->Write(ToBuffer(message), nullptr);
    going = done();
  }
  if (going) {
    call->WritesDone(nullptr);
    done();
  }
  // What the broker wrote before it ended the call is there to read even if writing failed.
  for (grpc::ByteBuffer response; answer.responses.size() < options.responses_max;) {
    call->Read(&response, nullptr);
    if (!done()) break;
    answer.responses.push_back(ToString(response));
  }
  if (answer.responses.size() >= options.responses_max) context.TryCancel();
  grpc::Status status;
  call->Finish(&status, nullptr);
  done();
  queue.Shutdown();
  while (done()) {
  }
  if (!status.ok()) {
    answer.status =
        FromRichStatus(static_cast<int>(status.error_code()), status.error_message(), status.error_details());
  }
  return answer;
}

v1::ErrorReason ReasonOf(const absl::Status& status) { return RejectedOf(status).reason(); }

std::vector<std::string> ReflectedServices(const std::shared_ptr<grpc::Channel>& channel, absl::Status* status) {
  // ServerReflectionRequest{list_services: "*"} -> ServerReflectionResponse.list_services_response.service.name.
  const WireAnswer answer = CallWire(channel, kReflection, {std::string("\x3a\x01*", 3)});
  *status = answer.status;
  std::vector<std::string> names;
  for (const std::string& response : answer.responses) {
    for (const std::string& list : FieldsOf(response, 6)) {
      for (const std::string& service : FieldsOf(list, 1)) {
        for (const std::string& name : FieldsOf(service, 1)) names.push_back(name);
      }
    }
  }
  return names;
}

std::vector<ServedRpc> ServedRpcs(const std::shared_ptr<grpc::Channel>& channel) {
  absl::Status status;
  std::vector<ServedRpc> rpcs;
  for (const std::string& name : ReflectedServices(channel, &status)) {
    const auto* service = google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(name);
    if (service == nullptr) continue;
    for (int i = 0; i < service->method_count(); ++i) {
      rpcs.push_back({absl::StrCat(name, "/", service->method(i)->name()), service->method(i)});
    }
  }
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_GE(rpcs.size(), 20u) << "reflection does not tell what the broker serves";
  // Served by gRPC without descriptors of their own here.
  for (const char* own : {"grpc.health.v1.Health/Check", "grpc.health.v1.Health/Watch", kReflection}) {
    rpcs.push_back({own, nullptr});
  }
  return rpcs;
}

std::string ValidRequestFor(const ServedRpc& rpc) {
  if (rpc.method == nullptr) return rpc.name == kReflection ? std::string("\x3a\x01*", 3) : "";
  const google::protobuf::Message* prototype =
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(rpc.method->input_type());
  const std::unique_ptr<google::protobuf::Message> request(prototype->New());
  FillValid(request.get());
  return request->SerializeAsString();
}

}  // namespace muster
