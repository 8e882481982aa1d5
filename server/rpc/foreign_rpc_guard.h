// Guards the services that gRPC itself serves, health checking and reflection, whose handlers cannot ask the guard: the
// same certificate check and the same policy table, run by gRPC before each of their calls.
//
// Threading: thread-safe; does not block.
#ifndef MUSTER_SERVER_RPC_FOREIGN_RPC_GUARD_H_
#define MUSTER_SERVER_RPC_FOREIGN_RPC_GUARD_H_

#include "grpcpp/security/auth_metadata_processor.h"
#include "server/broker/broker.h"
#include "server/rpc/guard.h"

namespace muster {

class ForeignRpcGuard final : public grpc::AuthMetadataProcessor {
 public:
  // Borrowed; they outlive the server.
  ForeignRpcGuard(const Broker* broker, const Guard* guard) : broker_(broker), guard_(guard) {}

  bool IsBlocking() const override { return false; }
  grpc::Status Process(const InputMetadata& metadata, grpc::AuthContext* context, OutputMetadata* consumed,
                       OutputMetadata* response) override;

 private:
  const Broker* const broker_;
  const Guard* const guard_;
};

}  // namespace muster

#endif  // MUSTER_SERVER_RPC_FOREIGN_RPC_GUARD_H_
