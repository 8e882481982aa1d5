#include "common/clock.h"
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

absl::Status ListPresence(const Viewer& viewer, const v1::ListPresenceRequest& request,
                          v1::ListPresenceResponse* response) {
  const OperationRecord& operation = viewer.Operation(request.operation_id());
  const v1::Participant& self = viewer.Self(operation);
  *response->mutable_at() = ToProto(viewer.now);
  if (viewer.presence != nullptr) *response->mutable_counted_since() = ToProto(viewer.presence->counted_since());
  return ShowPage(
      operation.participants(), request.page(),
      [&](const std::string& id, const v1::Participant&) { return id == self.agency_id() || SeesWholeRoster(self); },
      [&](const std::string& id, const v1::Participant&) {
        v1::Presence* const shown = response->add_presence();
        if (viewer.presence != nullptr) *shown = viewer.presence->Of(id);
        shown->set_agency_id(id);
      },
      response->mutable_next_page_token());
}

}  // namespace

void AddOperationQueries(QueryTable* table) {
  table->Add("muster.v1.OperationService/GetOperation", &GetOperation);
  table->Add("muster.v1.OperationService/ListOperations", &ListOperations);
  table->Add("muster.v1.OperationService/ListPresence", &ListPresence);
}

}  // namespace muster
