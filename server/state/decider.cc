#include "server/state/decider.h"

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "common/error_reason.h"
#include "common/status_macros.h"
#include "server/state/policy.h"
#include "server/state/state.h"
#include "server/state/visibility.h"

namespace muster {

Decider::Decider(const State* state, Roster* roster, absl::btree_map<std::string, OperationRecord>* operations,
                 const v1::Event& event)
    : state_(*state), roster_(roster), operations_(operations), event_(event), notices_(event.accepted_at()) {}

absl::StatusOr<v1::Accepted> Decider::Decide() {
  const v1::Submission& submission = event_.submission();
  MUSTER_RETURN_IF_ERROR(roster_->CheckStanding(event_.principal()));
  MUSTER_RETURN_IF_ERROR(Authorize(state_, agency_id(), FindRule(submission.body_case()), SubjectOf(submission)));
  switch (submission.body_case()) {
    case v1::Submission::kRegisterAgency:
      return Apply(submission.register_agency());
    case v1::Submission::kRevokeCertificate:
      return Apply(submission.revoke_certificate());
    case v1::Submission::kSetAgencyStanding:
      return Apply(submission.set_agency_standing());
    case v1::Submission::kCreateOperation:
      return Apply(submission.create_operation());
    case v1::Submission::kAddSite:
      return Apply(submission.add_site());
    case v1::Submission::kSetParticipant:
      return Apply(submission.set_participant());
    case v1::Submission::kRemoveParticipant:
      return Apply(submission.remove_participant());
    case v1::Submission::kSetOperationPhase:
      return Apply(submission.set_operation_phase());
    case v1::Submission::kPublishPlan:
      return Apply(submission.publish_plan());
    case v1::Submission::kAmendPlan:
      return Apply(submission.amend_plan());
    case v1::Submission::kWithdrawPlan:
      return Apply(submission.withdraw_plan());
    case v1::Submission::kAcknowledgePlan:
      return Apply(submission.acknowledge_plan());
    case v1::Submission::kRecordTally:
      return Apply(submission.record_tally());
    case v1::Submission::kCorrectTally:
      return Apply(submission.correct_tally());
    case v1::Submission::BODY_NOT_SET:
      break;
  }
  return Refusal(v1::ERROR_REASON_MALFORMED, "the submission has no body that this broker knows");
}

// ---- Agencies --------------------------------------------------------------------------------------------------

Decider::Decision Decider::Apply(const v1::RegisterAgency& registration) {
  MUSTER_RETURN_IF_ERROR(roster_->Register(registration.agency()));
  TellAgency(registration.agency().agency_id());
  return v1::Accepted();
}

Decider::Decision Decider::Apply(const v1::RevokeCertificate& revocation) {
  MUSTER_RETURN_IF_ERROR(roster_->Revoke(revocation, event_.accepted_at()));
  access_changed_ = true;
  TellAgency(revocation.agency_id());
  return v1::Accepted();
}

Decider::Decision Decider::Apply(const v1::SetAgencyStanding& change) {
  const v1::AgencyRecord* before = roster_->Find(change.agency_id());
  const bool was_active = before != nullptr && before->standing() == v1::AGENCY_STANDING_ACTIVE;
  MUSTER_RETURN_IF_ERROR(roster_->SetStanding(change));
  access_changed_ = true;
  TellAgency(change.agency_id());
  const bool reinstated = !was_active && change.standing() == v1::AGENCY_STANDING_ACTIVE;
  if (reinstated) TellWhereItStands(change.agency_id());
  return v1::Accepted();
}

// Nothing published during the suspension reached the agency: it starts again from what is current.
void Decider::TellWhereItStands(const std::string& agency_id) {
  for (const auto& [id, operation] : *operations_) {
    const v1::Participant* participant = operation.FindParticipant(agency_id);
    if (participant == nullptr) continue;
    TellOwnView(operation, *participant);
    TellOwnPlan(operation, *participant);
  }
}

void Decider::TellAgency(const std::string& agency_id) {
  v1::Notice notice;
  *notice.mutable_agency() = *roster_->Find(agency_id);
  std::vector<std::string> readers = {agency_id, event_.principal().agency_id()};
  for (const auto& [id, record] : roster_->agencies()) {
    if (record.agency().registrar()) readers.push_back(id);
  }
  notices_.Tell(std::move(readers), std::move(notice));
}

// ---- Operations ------------------------------------------------------------------------------------------------

Decider::Decision Decider::Apply(const v1::CreateOperation& creation) {
  const std::string& id = creation.operation().operation_id();
  if (operations_->contains(id)) {
    return Refusal(v1::ERROR_REASON_ALREADY_EXISTS, absl::StrCat("operation_id ", id, " is taken; choose another"));
  }
  const OperationRecord& operation =
      operations_->emplace(id, OperationRecord(creation, agency_id(), event_.accepted_at())).first->second;
  TellOwnView(operation, Self(operation));
  return v1::Accepted();
}

Decider::Decision Decider::Apply(const v1::AddSite& addition) {
  OperationRecord& operation = Operation(addition.operation_id());
  MUSTER_RETURN_IF_ERROR(operation.AddSite(addition.site()));
  v1::Notice notice;
  *notice.mutable_operation() = ViewOperationHeader(operation);
  *notice.mutable_operation()->add_sites() = addition.site();
  notices_.TellOf(operation, ParticipantsWhere(operation, SeesWholeRoster), std::move(notice));
  return v1::Accepted();
}

Decider::Decision Decider::Apply(const v1::SetParticipant& change) {
  OperationRecord& operation = Operation(change.operation_id());
  const std::string& joining = change.participant().agency_id();
  if (roster_->Find(joining) == nullptr) {
    return Refusal(v1::ERROR_REASON_UNKNOWN_REFERENCE,
                   absl::StrCat("agency ", joining, " is not on the roster; ask the registrar to register it"));
  }
  const v1::Participant* before = operation.FindParticipant(joining);
  const bool reads_the_same = before != nullptr && operation.plan().SeeTheSame(*before, change.participant());
  MUSTER_RETURN_IF_ERROR(operation.SetParticipant(change.participant()));

  v1::ParticipantChange told;
  *told.mutable_participant() = change.participant();
  TellParticipant(operation, told);
  const v1::Participant& participant = *operation.FindParticipant(joining);
  TellOwnView(operation, participant);
  if (!reads_the_same) TellOwnPlan(operation, participant);
  return v1::Accepted();
}

void Decider::TellOwnView(const OperationRecord& operation, const v1::Participant& participant) {
  v1::Notice notice;
  *notice.mutable_operation() = ViewOperation(operation, participant);
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
  MUSTER_RETURN_IF_ERROR(operation.RemoveParticipant(removal.agency_id()));
  told.set_removed(true);
  told.set_reason(removal.reason());
  TellParticipant(operation, told);
  v1::Notice notice;
  *notice.mutable_participant() = told;
  notices_.TellOf(operation, {removal.agency_id()}, std::move(notice));
  return v1::Accepted();
}

Decider::Decision Decider::Apply(const v1::SetOperationPhase& change) {
  OperationRecord& operation = Operation(change.operation_id());
  MUSTER_RETURN_IF_ERROR(operation.SetPhase(change.phase()));
  v1::Notice notice;
  *notice.mutable_operation() = ViewOperationHeader(operation);
  notices_.TellOf(operation, ParticipantsWhere(operation, [](const v1::Participant&) { return true; }),
                  std::move(notice));
  return v1::Accepted();
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

// ---- Plans -----------------------------------------------------------------------------------------------------

Decider::Decision Decider::Apply(const v1::PublishPlan& plan) {
  OperationRecord& operation = Operation(plan.operation_id());
  MUSTER_RETURN_IF_ERROR(operation.CheckOpen());
  for (const v1::Section& section : plan.sections()) {
    MUSTER_RETURN_IF_ERROR(CheckPlanChange(operation, section.audience()));
  }
  MUSTER_RETURN_IF_ERROR(operation.PublishPlan(plan, event_.accepted_at()));
  TellPlan(operation, 0, /*always=*/false);
  return PlanAccepted(operation);
}

Decider::Decision Decider::Apply(const v1::AmendPlan& amendment) {
  OperationRecord& operation = Operation(amendment.operation_id());
  MUSTER_RETURN_IF_ERROR(operation.CheckOpen());
  for (const v1::SectionAmendment& amended : amendment.amendments()) {
    MUSTER_RETURN_IF_ERROR(CheckPlanChange(operation, amended.section().audience()));
  }
  const uint32_t version_before = operation.plan().version();
  const bool was_withdrawn = operation.plan().is_withdrawn();
  MUSTER_RETURN_IF_ERROR(operation.AmendPlan(amendment, event_.accepted_at()));
  TellPlan(operation, version_before, /*always=*/was_withdrawn);
  return PlanAccepted(operation);
}

Decider::Decision Decider::Apply(const v1::WithdrawPlan& withdrawal) {
  OperationRecord& operation = Operation(withdrawal.operation_id());
  MUSTER_RETURN_IF_ERROR(operation.CheckOpen());
  MUSTER_RETURN_IF_ERROR(operation.plan().Withdraw(withdrawal));
  TellPlan(operation, operation.plan().version(), /*always=*/true);
  return PlanAccepted(operation);
}

Decider::Decision Decider::Apply(const v1::AcknowledgePlan& acknowledgement) {
  OperationRecord& operation = Operation(acknowledgement.operation_id());
  MUSTER_RETURN_IF_ERROR(operation.CheckOpen());
  const v1::Participant& self = Self(operation);
  bool changed = false;
  MUSTER_RETURN_IF_ERROR(
      operation.plan().Acknowledge(self, event_.principal().post(), acknowledgement, event_.accepted_at(), &changed));
  if (changed) {
    v1::Notice notice;
    *notice.mutable_acknowledgement() = operation.plan().StandingOf(self);
    notices_.TellOf(
        operation,
        ParticipantsWhere(operation,
                          [&](const v1::Participant& reader) { return SeesAcknowledgementOf(reader, agency_id()); }),
        std::move(notice));
  }
  return PlanAccepted(operation);
}

absl::Status Decider::CheckPlanChange(const OperationRecord& operation, const v1::Audience& audience) const {
  for (const std::string& site_id : audience.site_ids()) {
    if (operation.FindSite(site_id) == nullptr) {
      return Refusal(v1::ERROR_REASON_UNKNOWN_REFERENCE,
                     absl::StrCat("the audience names site ", site_id, ", which is not part of the operation"));
    }
  }
  return absl::OkStatus();
}

void Decider::TellPlan(const OperationRecord& operation, uint32_t version_before, bool always) {
  const PlanBook& plan = operation.plan();
  struct Views {
    uint32_t version_before;
    v1::PlanView now;
  };
  std::map<std::string, Views> by_key;  // Equal keys, equal views: computed once per class of reader.
  notices_.TellEach(operation, [&](const v1::Participant& reader) -> std::optional<v1::Notice> {
    const std::string key = plan.ViewKey(reader);
    auto it = by_key.find(key);
    if (it == by_key.end()) {
      it = by_key.emplace(key, Views{plan.ViewFor(reader, version_before).version(), plan.ViewFor(reader)}).first;
    }
    const Views& views = it->second;
    if (views.now.version() == 0 || (!always && views.now.version() == views.version_before)) return std::nullopt;
    v1::Notice notice;
    *notice.mutable_plan() = views.now;
    return notice;
  });
}

v1::Accepted Decider::PlanAccepted(const OperationRecord& operation) const {
  const PlanBook::Reach reach = operation.plan().ReachOf(Self(operation));
  v1::Accepted accepted;
  accepted.set_plan_version(reach.version);
  accepted.set_plan_content_sha256(reach.content_sha256);
  return accepted;
}

// ---- Tallies ---------------------------------------------------------------------------------------------------

Decider::Decision Decider::Apply(const v1::RecordTally& record) {
  OperationRecord& operation = Operation(record.operation_id());
  MUSTER_RETURN_IF_ERROR(operation.CheckReporting());
  MUSTER_RETURN_IF_ERROR(CheckEntry(operation, record.entry()));
  bool changed = false;
  MUSTER_RETURN_IF_ERROR(operation.ledger().Record(record.entry(), FilingIn(operation), &changed));
  v1::Accepted accepted;
  accepted.set_already_recorded(!changed);
  if (!changed) return accepted;
  const v1::TallyEntryRecord& filed = *operation.ledger().Find(record.entry().entry_id());
  v1::Notice notice;
  *notice.mutable_tally_entry() = filed;
  notices_.TellOf(
      operation,
      ParticipantsWhere(operation,
                        [&](const v1::Participant& reader) { return SeesEntry(state_, operation, reader, filed); }),
      std::move(notice));
  return accepted;
}

Decider::Decision Decider::Apply(const v1::CorrectTally& correction) {
  OperationRecord& operation = Operation(correction.operation_id());
  // A closed operation still takes corrections.
  if (operation.phase() != v1::OPERATION_PHASE_CLOSED) MUSTER_RETURN_IF_ERROR(operation.CheckReporting());
  for (const v1::TallyEntry& replacement : correction.replacements()) {
    MUSTER_RETURN_IF_ERROR(CheckEntry(operation, replacement));
  }
  bool changed = false;
  MUSTER_RETURN_IF_ERROR(operation.ledger().Correct(correction, FilingIn(operation), &changed));
  v1::Accepted accepted;
  accepted.set_already_recorded(!changed);
  if (!changed) return accepted;
  const TallyLedger& ledger = operation.ledger();
  const v1::TallyEntryRecord* reversed = ledger.Find(correction.entry_id());
  // Not entitled to, or before its entry came, it has reversed nothing: another correction's reversal is no news.
  const bool reversed_it =
      reversed != nullptr && reversed->reversal().correction_id() == event_.submission().submission_id();
  notices_.TellEach(operation, [&](const v1::Participant& reader) -> std::optional<v1::Notice> {
    v1::TallyCorrection told;
    if (reversed_it && SeesEntry(state_, operation, reader, *reversed)) {
      told.set_entry_id(correction.entry_id());
      *told.mutable_reversal() = reversed->reversal();
    }
    for (const v1::TallyEntry& replacement : correction.replacements()) {
      const v1::TallyEntryRecord& filed = *ledger.Find(replacement.entry_id());
      if (SeesEntry(state_, operation, reader, filed)) *told.add_replacements() = filed;
    }
    if (!told.has_reversal() && told.replacements().empty()) return std::nullopt;
    v1::Notice notice;
    *notice.mutable_tally_correction() = std::move(told);
    return notice;
  });
  return accepted;
}

absl::Status Decider::CheckEntry(const OperationRecord& operation, const v1::TallyEntry& entry) const {
  const v1::Participant& self = Self(operation);
  const bool is_lead = self.role() == v1::ROLE_LEAD;
  const bool at_own_site = is_lead ? operation.FindSite(entry.site_id()) != nullptr
                                   : absl::c_linear_search(self.site_ids(), entry.site_id());
  if (!at_own_site) {
    return Refusal(v1::ERROR_REASON_UNKNOWN_REFERENCE,
                   absl::StrCat("site ", entry.site_id(), " is not one of ", agency_id(),
                                "'s sites in this operation; ask the lead to assign it"));
  }
  if (entry.primary_agency_id() == agency_id()) return absl::OkStatus();
  if (!is_lead) {
    return Refusal(v1::ERROR_REASON_NOT_PERMITTED,
                   absl::StrCat("agency ", agency_id(), " may file its own entries only, not ",
                                entry.primary_agency_id(), "'s; the booking agency or the lead must file this one"),
                   "T4");
  }
  if (operation.FindParticipant(entry.primary_agency_id()) == nullptr) {
    return Refusal(v1::ERROR_REASON_UNKNOWN_REFERENCE,
                   absl::StrCat("agency ", entry.primary_agency_id(), " does not take part in the operation"));
  }
  return absl::OkStatus();
}

TallyLedger::Filing Decider::FilingIn(const OperationRecord& operation) const {
  return {operation.id(), operation.lead_agency_id(), event_.principal(), event_.submission().submission_id(),
          event_.accepted_at()};
}

const v1::Participant& Decider::Self(const OperationRecord& operation) const {
  return *operation.FindParticipant(agency_id());
}

}  // namespace muster
