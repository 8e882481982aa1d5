#include "client/agent/serve/submission_service.h"

#include <utility>

#include "client/agent/serve/submit_stream_call.h"
#include "client/agent/serve/unary_service.h"
#include "client/agent/serve/wire.h"
#include "common/status_macros.h"
#include "common/validation.h"
#include "grpcpp/impl/rpc_service_method.h"
#include "grpcpp/support/method_handler.h"

namespace muster::agent {
namespace {

using google::protobuf::Message;
using Bytes = grpc::ByteBuffer;

absl::Status Submit(Agent* agent, Message* request, Message* response) {
  auto& wanted = *static_cast<muster::v1::SubmitRequest*>(request);
  MUSTER_RETURN_IF_ERROR(Validate(wanted));
  MUSTER_ASSIGN_OR_RETURN(*static_cast<muster::v1::SubmitResponse*>(response)->mutable_outcome(),
                          agent->Submit(std::move(*wanted.mutable_submission())));
  return absl::OkStatus();
}

absl::Status StreamSubmit(Agent* agent, OpenCalls* calls, grpc::ServerContext* context, SubmitStreamCall::Wire* wire) {
  MUSTER_ASSIGN_OR_RETURN(const OpenCalls::Place place, calls->EnterLong());
  return SubmitStreamCall(agent, calls, context, wire).Run();
}

}  // namespace

SubmissionService::SubmissionService(Agent* agent, OpenCalls* calls) {
  using grpc::internal::RpcMethod;
  const google::protobuf::MethodDescriptor* const submit =
      muster::v1::Submission::descriptor()->file()->FindServiceByName("SubmissionService")->FindMethodByName("Submit");
  AddMethod(new grpc::internal::RpcServiceMethod(
      "/muster.v1.SubmissionService/Submit", RpcMethod::NORMAL_RPC,
      new grpc::internal::RpcMethodHandler<SubmissionService, Bytes, Bytes>(
          [=](SubmissionService*, grpc::ServerContext* context, const Bytes* request, Bytes* response) {
            return ServeUnary(*submit, calls->EnterShort(), context, *request, response,
                              [agent](grpc::ServerContext*, Message* asked, Message* answer) {
                                return Submit(agent, asked, answer);
                              });
          },
          this)));
  AddMethod(new grpc::internal::RpcServiceMethod(
      "/muster.v1.SubmissionService/StreamSubmit", RpcMethod::BIDI_STREAMING,
      new grpc::internal::BidiStreamingHandler<SubmissionService, Bytes, Bytes>(
          [=](SubmissionService*, grpc::ServerContext* context, SubmitStreamCall::Wire* wire) {
            return ToGrpcStatus(StreamSubmit(agent, calls, context, wire));
          },
          this)));
}

}  // namespace muster::agent
