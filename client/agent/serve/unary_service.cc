#include "client/agent/serve/unary_service.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/agent/serve/change_methods.h"
#include "client/agent/serve/wire.h"
#include "client/lib/freshness.h"
#include "common/error_reason.h"
#include "common/status_macros.h"
#include "common/validation.h"
#include "grpcpp/impl/rpc_service_method.h"
#include "grpcpp/support/method_handler.h"

namespace muster::agent {
namespace {

using google::protobuf::Message;
using google::protobuf::MethodDescriptor;

absl::Status AnswerChange(Agent* agent, const MethodDescriptor& method, const google::protobuf::FieldDescriptor& body,
                          Message* request, Message* response) {
  // The wrapper's own fields: what is unknown in it would be lost with it.
  MUSTER_RETURN_IF_ERROR(Validate(*request));
  MUSTER_ASSIGN_OR_RETURN(muster::v1::Outcome outcome, agent->Submit(TakeSubmission(body, request)));
  if (outcome.has_rejected()) return ToStatus(outcome.rejected());
  response->GetReflection()->Swap(response, ResponseWith(method, std::move(outcome)).get());
  return absl::OkStatus();
}

}  // namespace

absl::Status AnswerRead(Agent* agent, absl::string_view rpc, grpc::ServerContext* context, const Message& request,
                        Message* response) {
  MUSTER_RETURN_IF_ERROR(Validate(request));
  MUSTER_ASSIGN_OR_RETURN(const Agent::Freshness freshness, agent->Read(rpc, request, response));
  if (freshness.from_mirror) {
    context->AddTrailingMetadata(kAsOfMetadata,
                                 absl::FormatTime(absl::RFC3339_full, freshness.as_of, absl::UTCTimeZone()));
    if (freshness.superseded) context->AddTrailingMetadata(kSupersededMetadata, "1");
  }
  return absl::OkStatus();
}

grpc::Status ServeUnary(const MethodDescriptor& method, absl::StatusOr<OpenCalls::Place> place,
                        grpc::ServerContext* context, const grpc::ByteBuffer& request_bytes,
                        grpc::ByteBuffer* response_bytes, const Answer& answer) {
  const absl::Status status = [&]() -> absl::Status {
    MUSTER_RETURN_IF_ERROR(place.status());
    const std::unique_ptr<Message> request = NewMessage(*method.input_type());
    const std::unique_ptr<Message> response = NewMessage(*method.output_type());
    MUSTER_RETURN_IF_ERROR(ParseBuffer(request_bytes, request.get()));
    MUSTER_RETURN_IF_ERROR(answer(context, request.get(), response.get()));
    *response_bytes = ToBuffer(*response);
    return absl::OkStatus();
  }();
  return ToGrpcStatus(status);
}

UnaryService::UnaryService(const google::protobuf::ServiceDescriptor* service, Agent* agent, OpenCalls* calls) {
  using Handler = grpc::internal::RpcMethodHandler<UnaryService, grpc::ByteBuffer, grpc::ByteBuffer>;
  for (int i = 0; i < service->method_count(); ++i) {
    const MethodDescriptor* const method = service->method(i);
    const google::protobuf::FieldDescriptor* const body = BodyOf(*method);
    const std::string rpc = absl::StrCat(service->full_name(), "/", method->name());
    const std::string& path = paths_.emplace_back(absl::StrCat("/", rpc));
    const Answer answer = [=](grpc::ServerContext* context, Message* request, Message* response) {
      return body != nullptr ? AnswerChange(agent, *method, *body, request, response)
                             : AnswerRead(agent, rpc, context, *request, response);
    };
    AddMethod(new grpc::internal::RpcServiceMethod(
        path.c_str(), grpc::internal::RpcMethod::NORMAL_RPC,
        new Handler(
            [=](UnaryService*, grpc::ServerContext* context, const grpc::ByteBuffer* request,
                grpc::ByteBuffer* response) {
              return ServeUnary(*method, calls->EnterShort(), context, *request, response, answer);
            },
            this)));
  }
}

}  // namespace muster::agent
