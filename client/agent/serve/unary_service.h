// Serves a service of muster.v1 of which every method is unary, from its descriptor: changes go through the outbox,
// reads to the broker or the mirror. There is no code here for any one RPC.
//
// Registered as raw methods, so that bytes which are no message get a clear INVALID_ARGUMENT.
//
// Threading: each call on a thread of gRPC's, which may block.
#ifndef MUSTER_CLIENT_AGENT_SERVE_UNARY_SERVICE_H_
#define MUSTER_CLIENT_AGENT_SERVE_UNARY_SERVICE_H_

#include <functional>
#include <list>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "client/agent/agent.h"
#include "client/agent/serve/open_calls.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "grpcpp/impl/service_type.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"

namespace muster::agent {

class UnaryService final : public grpc::Service {
 public:
  // All borrowed; they outlive this.
  UnaryService(const google::protobuf::ServiceDescriptor* service, Agent* agent, OpenCalls* calls);

 private:
  std::list<std::string> paths_;  // gRPC keeps pointers to them.
};

// Serves one unary method: parses the request (and answers bytes that are none), counts the call among `calls`, and
// sends what `answer` puts into the response.
using Answer = std::function<absl::Status(grpc::ServerContext* context, google::protobuf::Message* request,
                                          google::protobuf::Message* response)>;
grpc::Status ServeUnary(const google::protobuf::MethodDescriptor& method, absl::StatusOr<OpenCalls::Place> place,
                        grpc::ServerContext* context, const grpc::ByteBuffer& request_bytes,
                        grpc::ByteBuffer* response_bytes, const Answer& answer);

// The read `rpc` ("muster.v1.PlanService/GetPlan"), with the answer's age in the trailing metadata when it is a copy.
absl::Status AnswerRead(Agent* agent, absl::string_view rpc, grpc::ServerContext* context,
                        const google::protobuf::Message& request, google::protobuf::Message* response);

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_SERVE_UNARY_SERVICE_H_
