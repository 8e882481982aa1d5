#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "common/error_reason.h"
#include "common/status_macros.h"
#include "server/state/access/visibility.h"
#include "server/state/decider.h"

namespace muster {

Decider::Decision Decider::Apply(const v1::RecordTally& record) {
  OperationRecord& operation = Operation(record.operation_id());
  MUSTER_RETURN_IF_ERROR(operation.CheckReporting());
  MUSTER_RETURN_IF_ERROR(CheckEntry(operation, record.entry()));
  MUSTER_ASSIGN_OR_RETURN(const v1::TallyEntryRecord* filed,
                          operation.ledger().Record(record.entry(), FilingIn(operation)));
  v1::Accepted accepted;
  accepted.set_already_recorded(filed == nullptr);
  if (filed != nullptr) TellEntry(&operation, *filed);
  return accepted;
}

void Decider::TellEntry(OperationRecord* operation, const v1::TallyEntryRecord& filed) {
  const EntryFacts facts = FactsOf(filed);
  EntryAudiences& audiences = operation->ledger().audiences();
  audiences.AsOf(model_.roster.revision(), operation->revision());
  if (const std::optional<AudienceId> known = audiences.Find(facts)) {
    notices_.TellEntry(*operation, filed, *known);
    return;
  }
  notices_.TellEntry(
      *operation, filed,
      ParticipantsWhere(*operation,
                        [&](const v1::Participant& reader) { return SeesEntry(state_, *operation, reader, facts); }),
      [&audiences, facts](AudienceId audience) { audiences.Learn(facts, audience); });
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
  return {operation.id(), operation.lead_agency_id(), event_.principal(), event_.submission().submission_id(), at_};
}

}  // namespace muster
