#include "server/state/queries.h"
#include "server/state/readiness/readiness_view.h"

namespace muster {
namespace {

absl::Status GetReadinessBoard(const Viewer& viewer, const v1::GetReadinessBoardRequest& request,
                               v1::GetReadinessBoardResponse* response) {
  const OperationRecord& operation = viewer.Operation(request.operation_id());
  *response->mutable_board() = ViewBoard(viewer.state.roster(), operation, viewer.Self(operation));
  return absl::OkStatus();
}

}  // namespace

void AddReadinessQueries(QueryTable* table) {
  table->Add("muster.v1.ReadinessService/GetReadinessBoard", &GetReadinessBoard);
}

}  // namespace muster
