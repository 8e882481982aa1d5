// Operations, participants and sites. The contract is in proto/muster/v1/operation.proto.
//
// Threading: called by gRPC's threads; never blocks.
#ifndef MUSTER_SERVER_RPC_OPERATION_SERVICE_H_
#define MUSTER_SERVER_RPC_OPERATION_SERVICE_H_

#include "muster/v1/operation.grpc.pb.h"
#include "server/rpc/unary.h"

namespace muster {

// Every method raw: see unary.h.
using RawOperationService = v1::OperationService::WithRawCallbackMethod_CreateOperation<
    v1::OperationService::WithRawCallbackMethod_AddSite<v1::OperationService::WithRawCallbackMethod_SetParticipant<
        v1::OperationService::WithRawCallbackMethod_RemoveParticipant<
            v1::OperationService::WithRawCallbackMethod_SetOperationPhase<
                v1::OperationService::WithRawCallbackMethod_GetOperation<
                    v1::OperationService::WithRawCallbackMethod_ListOperations<v1::OperationService::Service>>>>>>>;

class OperationService final : public RawOperationService {
 public:
  explicit OperationService(const UnaryCalls* calls) : calls_(*calls) {}

  grpc::ServerUnaryReactor* CreateOperation(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                            grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* AddSite(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                    grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* SetParticipant(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                           grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* RemoveParticipant(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                              grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* SetOperationPhase(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                              grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* GetOperation(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ListOperations(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                           grpc::ByteBuffer* response) override;

 private:
  const UnaryCalls& calls_;
};

}  // namespace muster

#endif  // MUSTER_SERVER_RPC_OPERATION_SERVICE_H_
