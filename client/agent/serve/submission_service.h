// muster.v1.SubmissionService of the daemon: submissions of any kind, one at a time or streamed, into the outbox.
//
// Threading: each call on a thread of gRPC's, which may block.
#ifndef MUSTER_CLIENT_AGENT_SERVE_SUBMISSION_SERVICE_H_
#define MUSTER_CLIENT_AGENT_SERVE_SUBMISSION_SERVICE_H_

#include "client/agent/agent.h"
#include "client/agent/serve/open_calls.h"
#include "grpcpp/impl/service_type.h"

namespace muster::agent {

class SubmissionService final : public grpc::Service {
 public:
  // Both borrowed; they outlive this.
  SubmissionService(Agent* agent, OpenCalls* calls);
};

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_SERVE_SUBMISSION_SERVICE_H_
