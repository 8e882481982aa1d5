// Plans and acknowledgements. The contract is in proto/muster/v1/plan.proto.
//
// Threading: called by gRPC's threads; never blocks.
#ifndef MUSTER_SERVER_RPC_PLAN_SERVICE_H_
#define MUSTER_SERVER_RPC_PLAN_SERVICE_H_

#include "muster/v1/plan.grpc.pb.h"
#include "server/rpc/unary.h"

namespace muster {

// Every method raw: see unary.h.
using RawPlanService = v1::PlanService::WithRawCallbackMethod_PublishPlan<
    v1::PlanService::WithRawCallbackMethod_AmendPlan<v1::PlanService::WithRawCallbackMethod_WithdrawPlan<
        v1::PlanService::WithRawCallbackMethod_AcknowledgePlan<v1::PlanService::WithRawCallbackMethod_GetPlan<
            v1::PlanService::WithRawCallbackMethod_ListAcknowledgements<v1::PlanService::Service>>>>>>;

class PlanService final : public RawPlanService {
 public:
  explicit PlanService(const UnaryCalls* calls) : calls_(*calls) {}

  grpc::ServerUnaryReactor* PublishPlan(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* AmendPlan(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                      grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* WithdrawPlan(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* AcknowledgePlan(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                            grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* GetPlan(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                    grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ListAcknowledgements(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                 grpc::ByteBuffer* response) override;

 private:
  const UnaryCalls& calls_;
};

}  // namespace muster

#endif  // MUSTER_SERVER_RPC_PLAN_SERVICE_H_
