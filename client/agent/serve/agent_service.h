// muster.agent.v1.AgentService: the daemon's own state, its outbox, enrolment and diagnosis.
//
// Threading: each call on a thread of gRPC's, which may block.
#ifndef MUSTER_CLIENT_AGENT_SERVE_AGENT_SERVICE_H_
#define MUSTER_CLIENT_AGENT_SERVE_AGENT_SERVICE_H_

#include <list>
#include <string>

#include "absl/status/status.h"
#include "client/agent/agent.h"
#include "client/agent/serve/open_calls.h"
#include "grpcpp/impl/service_type.h"
#include "grpcpp/server_context.h"
#include "muster/agent/v1/agent.pb.h"

namespace muster::agent {

class AgentService final : public grpc::Service {
 public:
  // Both borrowed; they outlive this.
  AgentService(Agent* agent, OpenCalls* calls);

 private:
  // Serves the method of this name with `answer`, which takes its request and fills its response.
  template <typename Request, typename Response>
  void Serve(const char* name, absl::Status (AgentService::*answer)(grpc::ServerContext*, const Request&, Response*),
             absl::StatusOr<OpenCalls::Place> (OpenCalls::*enter)() = &OpenCalls::EnterShort);

  absl::Status GetStatus(grpc::ServerContext*, const v1::GetStatusRequest&, v1::GetStatusResponse* response);
  absl::Status Diagnose(grpc::ServerContext*, const v1::DiagnoseRequest&, v1::DiagnoseResponse* response);
  absl::Status Enroll(grpc::ServerContext*, const v1::EnrollRequest& request, v1::EnrollResponse* response);
  absl::Status ListOutbox(grpc::ServerContext*, const v1::ListOutboxRequest& request, v1::ListOutboxResponse* response);
  absl::Status GetOutboxItem(grpc::ServerContext*, const v1::GetOutboxItemRequest& request,
                             v1::GetOutboxItemResponse* response);
  absl::Status AwaitOutboxItem(grpc::ServerContext* context, const v1::AwaitOutboxItemRequest& request,
                               v1::AwaitOutboxItemResponse* response);
  absl::Status RetryOutboxItem(grpc::ServerContext*, const v1::RetryOutboxItemRequest& request,
                               v1::RetryOutboxItemResponse* response);
  absl::Status DropOutboxItem(grpc::ServerContext*, const v1::DropOutboxItemRequest& request,
                              v1::DropOutboxItemResponse* response);

  Agent* const agent_;
  OpenCalls* const calls_;
  std::list<std::string> paths_;  // gRPC keeps pointers to them.
};

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_SERVE_AGENT_SERVICE_H_
