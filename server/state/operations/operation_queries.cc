#include "server/state/access/visibility.h"
#include "server/state/paging.h"
#include "server/state/queries.h"

namespace muster {
namespace {

absl::Status GetOperation(const Viewer& viewer, const v1::GetOperationRequest& request,
                          v1::GetOperationResponse* response) {
  const OperationRecord& operation = viewer.Operation(request.operation_id());
  *response->mutable_operation() = ViewOperation(operation, viewer.Self(operation));
  return absl::OkStatus();
}

absl::Status ListOperations(const Viewer& viewer, const v1::ListOperationsRequest& request,
                            v1::ListOperationsResponse* response) {
  return ShowPage(
      viewer.state.operations(), request.page(),
      [&](const std::string&, const OperationRecord& operation) {
        const v1::Participant* self = operation.FindParticipant(viewer.agency_id());
        return self != nullptr && SeesOperation(*self);
      },
      [&](const std::string&, const OperationRecord& operation) {
        *response->add_operations() = ViewOperation(operation, viewer.Self(operation));
      },
      response->mutable_next_page_token());
}

}  // namespace

void AddOperationQueries(QueryTable* table) {
  table->Add("muster.v1.OperationService/GetOperation", &GetOperation);
  table->Add("muster.v1.OperationService/ListOperations", &ListOperations);
}

}  // namespace muster
