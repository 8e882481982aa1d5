#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "common/error_reason.h"
#include "common/status_macros.h"
#include "server/state/access/visibility.h"
#include "server/state/decider.h"

namespace muster {

Decider::Decision Decider::Apply(const v1::CreateOperation& creation) {
  const std::string& id = creation.operation().operation_id();
  if (model_.operations.contains(id)) {
    return Refusal(v1::ERROR_REASON_ALREADY_EXISTS, absl::StrCat("operation_id ", id, " is taken; choose another"));
  }
  OperationRecord& operation =
      model_.operations.emplace(id, OperationRecord(creation, agency_id(), at_)).first->second;
  operation.NoteChangesIn(&model_.changed_operations);
  operation.Touch();
  TellOwnView(operation, Self(operation));
  return v1::Accepted();
}

Decider::Decision Decider::Apply(const v1::AddSite& addition) {
  OperationRecord& operation = Operation(addition.operation_id());
  const BoardsBefore boards = Boards(operation);
  MUSTER_RETURN_IF_ERROR(operation.AddSite(addition.site()));
  v1::Notice notice;
  *notice.mutable_operation() = ViewOperationHeader(operation);
  *notice.mutable_operation()->add_sites() = addition.site();
  notices_.TellOf(operation, ParticipantsWhere(operation, SeesWholeRoster), std::move(notice));
  TellBoards(operation, boards);
  return v1::Accepted();
}

Decider::Decision Decider::Apply(const v1::SetParticipant& change) {
  OperationRecord& operation = Operation(change.operation_id());
  const std::string& joining = change.participant().agency_id();
  if (model_.roster.Find(joining) == nullptr) {
    return Refusal(v1::ERROR_REASON_UNKNOWN_REFERENCE,
                   absl::StrCat("agency ", joining, " is not on the roster; ask the registrar to register it"));
  }
  const v1::AgencyKind kind = model_.roster.Find(joining)->agency().kind();
  if (rules_.victim_services_see_no_operation && kind == v1::AGENCY_KIND_VICTIM_SERVICES &&
      change.participant().role() != v1::ROLE_VICTIM_SERVICES) {
    return Refusal(v1::ERROR_REASON_NOT_PERMITTED,
                   absl::StrCat("agency ", joining,
                                " is a victim-services agency and takes part as such only: other "
                                "roles read what it must not hold"),
                   "V2");
  }
  for (const std::string& site_id : change.participant().site_ids()) {
    const v1::Site* site = operation.FindSite(site_id);
    if (site == nullptr || !absl::c_linear_search(site->excluded_agency_ids(), joining)) continue;
    return Refusal(v1::ERROR_REASON_NOT_PERMITTED,
                   absl::StrCat("site ", site_id, " excludes agency ", joining, ", so it cannot work there"), "P7");
  }
  const v1::Participant* before = operation.FindParticipant(joining);
  const bool reads_the_same = before != nullptr && operation.plan().SeeTheSame(*before, change.participant());
  const bool same_role = before != nullptr && before->role() == change.participant().role();
  const BoardsBefore boards = Boards(operation);
  MUSTER_RETURN_IF_ERROR(operation.SetParticipant(change.participant()));

  v1::ParticipantChange told;
  *told.mutable_participant() = change.participant();
  TellParticipant(operation, told);
  const v1::Participant& participant = *operation.FindParticipant(joining);
  if (HearsOfOperation(participant)) TellOwnView(operation, participant);
  if (!reads_the_same) TellOwnPlan(operation, participant);
  if (!same_role) {
    TellOwnVictimServices(operation, participant);
    TellActivitiesIn(operation.id(), joining);
    TellConflictsIn(operation.id(), joining);
  }
  ReviewBoards(&operation, boards);
  return v1::Accepted();
}

bool Decider::HearsOfOperation(const v1::Participant& participant) const {
  return !rules_.victim_services_see_no_operation || SeesOperation(participant);
}

void Decider::TellOwnView(const OperationRecord& operation, const v1::Participant& participant) {
  v1::Notice notice;
  *notice.mutable_operation() = ViewOperation(operation, participant, rules_);
  notices_.TellOf(operation, {participant.agency_id()}, std::move(notice));
}

void Decider::TellOwnPlan(const OperationRecord& operation, const v1::Participant& participant) {
  v1::PlanView plan = operation.plan().ViewFor(participant);
  if (plan.version() == 0) return;
  v1::Notice notice;
  *notice.mutable_plan() = std::move(plan);
  notices_.TellOf(operation, {participant.agency_id()}, std::move(notice));
}

Decider::Decision Decider::Apply(const v1::RemoveParticipant& removal) {
  OperationRecord& operation = Operation(removal.operation_id());
  const v1::Participant* participant = operation.FindParticipant(removal.agency_id());
  v1::ParticipantChange told;
  if (participant != nullptr) *told.mutable_participant() = *participant;
  const BoardsBefore boards = Boards(operation);
  MUSTER_RETURN_IF_ERROR(operation.RemoveParticipant(removal.agency_id()));
  told.set_removed(true);
  told.set_reason(removal.reason());
  TellParticipant(operation, told);
  if (!HearsOfOperation(told.participant())) {
    // Free text and sites are of the operation: a partner hears that it has left, and no more (rules V1, V2).
    told.clear_reason();
    told.mutable_participant()->clear_site_ids();
  }
  v1::Notice notice;
  *notice.mutable_participant() = told;
  notices_.TellOf(operation, {removal.agency_id()}, std::move(notice));
  ReviewBoards(&operation, boards);
  return v1::Accepted();
}

Decider::Decision Decider::Apply(const v1::SetOperationPhase& change) {
  OperationRecord& operation = Operation(change.operation_id());
  if (rules_.only_go_executes && change.phase() == v1::OPERATION_PHASE_EXECUTING) {
    return Refusal(v1::ERROR_REASON_WRONG_PHASE, "only GO brings an operation to EXECUTING: let two persons approve it",
                   "G1");
  }
  MUSTER_RETURN_IF_ERROR(operation.SetPhase(change.phase()));
  TellPhase(operation);
  return v1::Accepted();
}

void Decider::TellPhase(const OperationRecord& operation) {
  v1::Notice notice;
  *notice.mutable_operation() = ViewOperationHeader(operation);
  notices_.TellOf(operation,
                  ParticipantsWhere(operation, [this](const v1::Participant& one) { return HearsOfOperation(one); }),
                  std::move(notice));
}

void Decider::TellParticipant(const OperationRecord& operation, const v1::ParticipantChange& change) {
  v1::Notice notice;
  *notice.mutable_participant() = change;
  notices_.TellOf(operation,
                  ParticipantsWhere(operation,
                                    [&](const v1::Participant& reader) {
                                      return SeesWholeRoster(reader) &&
                                             reader.agency_id() != change.participant().agency_id();
                                    }),
                  std::move(notice));
}

}  // namespace muster
