// Who may call over loopback TCP: holders of a certificate of this agency. Asked by gRPC before every call of every
// service, gRPC's own (health, reflection) among them.
//
// The Unix socket needs no such question: its permissions have answered it.
#ifndef MUSTER_CLIENT_AGENT_SERVE_LOCAL_ACCESS_H_
#define MUSTER_CLIENT_AGENT_SERVE_LOCAL_ACCESS_H_

#include "absl/status/status.h"
#include "client/agent/agent.h"
#include "grpcpp/security/auth_context.h"
#include "grpcpp/security/auth_metadata_processor.h"

namespace muster::agent {

// Threading: thread-safe.
class LocalAccess final : public grpc::AuthMetadataProcessor {
 public:
  explicit LocalAccess(Agent* agent) : agent_(agent) {}  // Borrowed; outlives the server.

  // The store may be at a commit.
  bool IsBlocking() const override { return true; }
  grpc::Status Process(const InputMetadata& metadata, grpc::AuthContext* context, OutputMetadata* consumed,
                       OutputMetadata* response) override;

 private:
  absl::Status Check(const grpc::AuthContext& context) const;

  Agent* const agent_;
};

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_SERVE_LOCAL_ACCESS_H_
