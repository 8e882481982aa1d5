#include "server/state/queries.h"
#include "server/state/tallies/reconciliation.h"

namespace muster {
namespace {

absl::Status Reconcile(const Viewer& viewer, const v1::ReconcileRequest& request, v1::ReconcileResponse* response) {
  const OperationRecord& operation = viewer.Operation(request.operation_id());
  const auto ledger = [&](v1::CountingDefinition definition, absl::Time as_of) {
    return ConfirmedFigures(LeadQuestion(viewer.state, operation, definition, as_of));
  };
  for (v1::Reconciliation& reconciliation : ReconcileClaims(operation.claims().claims(), ledger)) {
    *response->add_reconciliations() = std::move(reconciliation);
  }
  response->set_mode(operation.operation().mode());
  return absl::OkStatus();
}

}  // namespace

void AddClaimQueries(QueryTable* table) { table->Add("muster.v1.ClaimService/Reconcile", &Reconcile); }

}  // namespace muster
