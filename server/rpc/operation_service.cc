#include "server/rpc/operation_service.h"

#include <utility>

#include "server/rpc/paging.h"
#include "server/state/visibility.h"

namespace muster {

grpc::ServerUnaryReactor* OperationService::CreateOperation(grpc::CallbackServerContext* context,
                                                            const grpc::ByteBuffer* request,
                                                            grpc::ByteBuffer* response) {
  return calls_.Submit<v1::CreateOperationRequest, v1::CreateOperationResponse>(
      context, request, response, [](v1::CreateOperationRequest* call, v1::Submission* submission) {
        *submission->mutable_create_operation() = std::move(*call->mutable_creation());
      });
}

grpc::ServerUnaryReactor* OperationService::AddSite(grpc::CallbackServerContext* context,
                                                    const grpc::ByteBuffer* request, grpc::ByteBuffer* response) {
  return calls_.Submit<v1::AddSiteRequest, v1::AddSiteResponse>(
      context, request, response, [](v1::AddSiteRequest* call, v1::Submission* submission) {
        *submission->mutable_add_site() = std::move(*call->mutable_addition());
      });
}

grpc::ServerUnaryReactor* OperationService::SetParticipant(grpc::CallbackServerContext* context,
                                                           const grpc::ByteBuffer* request,
                                                           grpc::ByteBuffer* response) {
  return calls_.Submit<v1::SetParticipantRequest, v1::SetParticipantResponse>(
      context, request, response, [](v1::SetParticipantRequest* call, v1::Submission* submission) {
        *submission->mutable_set_participant() = std::move(*call->mutable_change());
      });
}

grpc::ServerUnaryReactor* OperationService::RemoveParticipant(grpc::CallbackServerContext* context,
                                                              const grpc::ByteBuffer* request,
                                                              grpc::ByteBuffer* response) {
  return calls_.Submit<v1::RemoveParticipantRequest, v1::RemoveParticipantResponse>(
      context, request, response, [](v1::RemoveParticipantRequest* call, v1::Submission* submission) {
        *submission->mutable_remove_participant() = std::move(*call->mutable_removal());
      });
}

grpc::ServerUnaryReactor* OperationService::SetOperationPhase(grpc::CallbackServerContext* context,
                                                              const grpc::ByteBuffer* request,
                                                              grpc::ByteBuffer* response) {
  return calls_.Submit<v1::SetOperationPhaseRequest, v1::SetOperationPhaseResponse>(
      context, request, response, [](v1::SetOperationPhaseRequest* call, v1::Submission* submission) {
        *submission->mutable_set_operation_phase() = std::move(*call->mutable_change());
      });
}

grpc::ServerUnaryReactor* OperationService::GetOperation(grpc::CallbackServerContext* context,
                                                         const grpc::ByteBuffer* request, grpc::ByteBuffer* response) {
  return calls_.Read<v1::GetOperationRequest, v1::GetOperationResponse>(
      context, "muster.v1.OperationService/GetOperation", request, response, kItsOperation,
      [](const ReadScope& scope, const v1::GetOperationRequest& call,
         v1::GetOperationResponse* answer) -> absl::Status {
        const OperationRecord& operation = *scope.state.FindOperation(call.operation_id());
        *answer->mutable_operation() = ViewOperation(operation, *operation.FindParticipant(scope.agency_id()));
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* OperationService::ListOperations(grpc::CallbackServerContext* context,
                                                           const grpc::ByteBuffer* request,
                                                           grpc::ByteBuffer* response) {
  return calls_.Read<v1::ListOperationsRequest, v1::ListOperationsResponse>(
      context, "muster.v1.OperationService/ListOperations", request, response, kNoSubject,
      [](const ReadScope& scope, const v1::ListOperationsRequest& call,
         v1::ListOperationsResponse* answer) -> absl::Status {
        return ShowPage(
            scope.state.operations(), call.page(),
            [&](const std::string&, const OperationRecord& operation) {
              return operation.FindParticipant(scope.agency_id()) != nullptr;
            },
            [&](const std::string&, const OperationRecord& operation) {
              *answer->add_operations() = ViewOperation(operation, *operation.FindParticipant(scope.agency_id()));
            },
            answer->mutable_next_page_token());
      });
}

}  // namespace muster
