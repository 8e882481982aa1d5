#include "server/state/queries.h"
#include "server/state/victims/victim_visibility.h"

namespace muster {
namespace {

bool IsAccepted(const v1::Referral& referral) {
  return referral.state() == v1::REFERRAL_STATE_ACCEPTED || referral.state() == v1::REFERRAL_STATE_COMPLETED;
}

absl::Status GetVictimServices(const Viewer& viewer, const v1::GetVictimServicesRequest& request,
                               v1::GetVictimServicesResponse* response) {
  const OperationRecord& operation = viewer.Operation(request.operation_id());
  const v1::Participant& self = viewer.Self(operation);
  const VictimDesk& desk = operation.victims();
  response->set_mode(operation.operation().mode());
  if (desk.has_notice()) {
    *response->mutable_notice() = desk.notice();
    *response->mutable_published_at() = desk.published_at();
  }
  for (const auto& [agency_id, report] : desk.capacities()) {
    // Beds of an agency that has left are no longer there to be counted on.
    const v1::Participant* partner = operation.FindParticipant(agency_id);
    const bool is_partner = partner != nullptr && partner->role() == v1::ROLE_VICTIM_SERVICES;
    if (is_partner && SeesCapacityOf(self, agency_id)) *response->add_capacities() = report;
  }
  for (const auto& [agency_id, report] : desk.services()) {
    if (SeesServicesOf(self, agency_id)) *response->add_services() = report;
  }
  for (const auto& [ticket, referral] : desk.referrals()) {
    const bool sees = SeesReferral(self, referral);
    if (sees) *response->add_referrals() = referral;
    if (!sees && !CountsEveryReferral(self)) continue;
    response->set_referrals_requested(response->referrals_requested() + 1);
    if (IsAccepted(referral)) response->set_referrals_accepted(response->referrals_accepted() + 1);
  }
  return absl::OkStatus();
}

}  // namespace

void AddVictimQueries(QueryTable* table) {
  table->Add("muster.v1.VictimServicesService/GetVictimServices", &GetVictimServices);
}

}  // namespace muster
