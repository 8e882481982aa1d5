#include <utility>

#include "absl/strings/str_cat.h"
#include "common/error_reason.h"
#include "common/status_macros.h"
#include "server/state/access/visibility.h"
#include "server/state/paging.h"
#include "server/state/queries.h"

namespace muster {
namespace {

// The lead reads every section of every version. Whoever else asks for an earlier one might have joined, or been given
// a site, after something was taken out of it.
absl::Status CheckEarlier(const v1::Participant& viewer, uint32_t version, uint32_t current) {
  if (viewer.role() != v1::ROLE_LEAD) {
    return Refusal(
        v1::ERROR_REASON_NOT_FOUND,
        "only the lead reads versions other than the current one; what you were told of them is in your feed", "P7");
  }
  if (version <= current) return absl::OkStatus();
  return Refusal(v1::ERROR_REASON_NOT_FOUND, absl::StrCat("the plan has versions 1 to ", current, ", and no ", version,
                                                          "; leave the version out to read the current one"));
}

absl::Status GetPlan(const Viewer& viewer, const v1::GetPlanRequest& request, v1::GetPlanResponse* response) {
  const OperationRecord& operation = viewer.Operation(request.operation_id());
  const v1::Participant& self = viewer.Self(operation);
  v1::PlanView view = operation.plan().ViewFor(self);
  if (view.version() == 0) {
    return Refusal(v1::ERROR_REASON_NOT_FOUND, "there is no plan that this agency may read; wait for one");
  }
  if (request.version() != 0 && request.version() != view.version()) {
    MUSTER_RETURN_IF_ERROR(CheckEarlier(self, request.version(), view.version()));
    view = operation.plan().ViewFor(self, request.version());
  }
  *response->mutable_plan() = std::move(view);
  return absl::OkStatus();
}

absl::Status ListAcknowledgements(const Viewer& viewer, const v1::ListAcknowledgementsRequest& request,
                                  v1::ListAcknowledgementsResponse* response) {
  const OperationRecord& operation = viewer.Operation(request.operation_id());
  const v1::Participant& self = viewer.Self(operation);
  v1::Acknowledgement standing;  // Of the row that is being looked at.
  return ShowPage(
      operation.participants(), request.page(),
      [&](const std::string& id, const v1::Participant& participant) {
        if (!MustAcknowledge(participant) || !SeesAcknowledgementOf(self, id)) return false;
        standing = operation.plan().StandingOf(participant);
        return standing.current_version() != 0;
      },
      [&](const std::string&, const v1::Participant&) { *response->add_acknowledgements() = standing; },
      response->mutable_next_page_token());
}

}  // namespace

void AddPlanQueries(QueryTable* table) {
  table->Add("muster.v1.PlanService/GetPlan", &GetPlan);
  table->Add("muster.v1.PlanService/ListAcknowledgements", &ListAcknowledgements);
}

}  // namespace muster
