#include "server/rpc/plan_service.h"

#include <utility>

#include "server/rpc/paging.h"
#include "server/state/visibility.h"

namespace muster {

grpc::ServerUnaryReactor* PlanService::PublishPlan(grpc::CallbackServerContext* context,
                                                   const grpc::ByteBuffer* request, grpc::ByteBuffer* response) {
  return calls_.Submit<v1::PublishPlanRequest, v1::PublishPlanResponse>(
      context, request, response, [](v1::PublishPlanRequest* call, v1::Submission* submission) {
        *submission->mutable_publish_plan() = std::move(*call->mutable_plan());
      });
}

grpc::ServerUnaryReactor* PlanService::AmendPlan(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                 grpc::ByteBuffer* response) {
  return calls_.Submit<v1::AmendPlanRequest, v1::AmendPlanResponse>(
      context, request, response, [](v1::AmendPlanRequest* call, v1::Submission* submission) {
        *submission->mutable_amend_plan() = std::move(*call->mutable_amendment());
      });
}

grpc::ServerUnaryReactor* PlanService::WithdrawPlan(grpc::CallbackServerContext* context,
                                                    const grpc::ByteBuffer* request, grpc::ByteBuffer* response) {
  return calls_.Submit<v1::WithdrawPlanRequest, v1::WithdrawPlanResponse>(
      context, request, response, [](v1::WithdrawPlanRequest* call, v1::Submission* submission) {
        *submission->mutable_withdraw_plan() = std::move(*call->mutable_withdrawal());
      });
}

grpc::ServerUnaryReactor* PlanService::AcknowledgePlan(grpc::CallbackServerContext* context,
                                                       const grpc::ByteBuffer* request, grpc::ByteBuffer* response) {
  return calls_.Submit<v1::AcknowledgePlanRequest, v1::AcknowledgePlanResponse>(
      context, request, response, [](v1::AcknowledgePlanRequest* call, v1::Submission* submission) {
        *submission->mutable_acknowledge_plan() = std::move(*call->mutable_acknowledgement());
      });
}

grpc::ServerUnaryReactor* PlanService::GetPlan(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                               grpc::ByteBuffer* response) {
  return calls_.Read<v1::GetPlanRequest, v1::GetPlanResponse>(
      context, "muster.v1.PlanService/GetPlan", request, response, kItsOperation,
      [](const ReadScope& scope, const v1::GetPlanRequest& call, v1::GetPlanResponse* answer) -> absl::Status {
        const OperationRecord& operation = *scope.state.FindOperation(call.operation_id());
        v1::PlanView view = operation.plan().ViewFor(*operation.FindParticipant(scope.agency_id()));
        if (view.version() == 0) {
          return Refusal(v1::ERROR_REASON_NOT_FOUND, "there is no plan that this agency may read; wait for one");
        }
        *answer->mutable_plan() = std::move(view);
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* PlanService::ListAcknowledgements(grpc::CallbackServerContext* context,
                                                            const grpc::ByteBuffer* request,
                                                            grpc::ByteBuffer* response) {
  return calls_.Read<v1::ListAcknowledgementsRequest, v1::ListAcknowledgementsResponse>(
      context, "muster.v1.PlanService/ListAcknowledgements", request, response, kItsOperation,
      [](const ReadScope& scope, const v1::ListAcknowledgementsRequest& call,
         v1::ListAcknowledgementsResponse* answer) -> absl::Status {
        const OperationRecord& operation = *scope.state.FindOperation(call.operation_id());
        const v1::Participant& viewer = *operation.FindParticipant(scope.agency_id());
        v1::Acknowledgement standing;  // Of the row that is being looked at.
        return ShowPage(
            operation.participants(), call.page(),
            [&](const std::string& id, const v1::Participant& participant) {
              if (!MustAcknowledge(participant) || !SeesAcknowledgementOf(viewer, id)) return false;
              standing = operation.plan().StandingOf(participant);
              return standing.current_version() != 0;
            },
            [&](const std::string&, const v1::Participant&) { *answer->add_acknowledgements() = standing; },
            answer->mutable_next_page_token());
      });
}

}  // namespace muster
