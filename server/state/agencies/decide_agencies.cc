#include "common/status_macros.h"
#include "server/state/decider.h"

namespace muster {

Decider::Decision Decider::Apply(const v1::RegisterAgency& registration) {
  MUSTER_RETURN_IF_ERROR(model_.roster.Register(registration.agency()));
  TellAgency(registration.agency().agency_id());
  return v1::Accepted();
}

Decider::Decision Decider::Apply(const v1::RevokeCertificate& revocation) {
  const ProposedBoards boards = BoardsWithProposals(revocation.agency_id());
  MUSTER_RETURN_IF_ERROR(model_.roster.Revoke(revocation, at_));
  access_changed_ = true;
  TellAgency(revocation.agency_id());
  TellBoards(boards);
  return v1::Accepted();
}

Decider::Decision Decider::Apply(const v1::RegisterOperator& registration) {
  const ProposedBoards boards = BoardsWithProposals(registration.agency_id());
  MUSTER_RETURN_IF_ERROR(model_.roster.RegisterOperator(registration));
  TellAgency(registration.agency_id());
  TellBoards(boards);
  return v1::Accepted();
}

Decider::Decision Decider::Apply(const v1::SetAgencyStanding& change) {
  const v1::AgencyRecord* before = model_.roster.Find(change.agency_id());
  const bool was_active = before != nullptr && before->standing() == v1::AGENCY_STANDING_ACTIVE;
  MUSTER_RETURN_IF_ERROR(model_.roster.SetStanding(change));
  access_changed_ = true;
  TellAgency(change.agency_id());
  const bool reinstated = !was_active && change.standing() == v1::AGENCY_STANDING_ACTIVE;
  if (reinstated) TellWhereItStands(change.agency_id());
  return v1::Accepted();
}

// Nothing published during the suspension reached the agency: it starts again from what is current.
void Decider::TellWhereItStands(const std::string& agency_id) {
  for (const auto& [id, operation] : model_.operations) {
    const v1::Participant* participant = operation.FindParticipant(agency_id);
    if (participant == nullptr) continue;
    if (HearsOfOperation(*participant)) TellOwnView(operation, *participant);
    TellOwnPlan(operation, *participant);
    TellOwnBoard(operation, *participant);
    TellOwnVictimServices(operation, *participant);
    TellActivitiesIn(id, agency_id);
  }
  TellOwnConflicts(agency_id);
}

void Decider::TellAgency(const std::string& agency_id) {
  v1::Notice notice;
  *notice.mutable_agency() = *model_.roster.Find(agency_id);
  std::vector<std::string> readers = {agency_id, event_.principal().agency_id()};
  for (const auto& [id, record] : model_.roster.agencies()) {
    if (record.agency().registrar()) readers.push_back(id);
  }
  notices_.Tell(std::move(readers), std::move(notice));
}

}  // namespace muster
