#include "common/error_reason.h"
#include "common/status_macros.h"
#include "server/state/access/visibility.h"
#include "server/state/decider.h"

namespace muster {

Decider::Decision Decider::Apply(const v1::ResolveDuplicate& decision) {
  OperationRecord& operation = Operation(decision.operation_id());
  // A closed operation still takes corrections, and this may be one.
  if (operation.phase() != v1::OPERATION_PHASE_CLOSED) MUSTER_RETURN_IF_ERROR(operation.CheckReporting());
  bool changed = false;
  MUSTER_RETURN_IF_ERROR(operation.ledger().DecideDuplicate(decision, FilingIn(operation), &changed));
  v1::Accepted accepted;
  accepted.set_already_recorded(!changed);
  if (!changed) return accepted;
  const TallyLedger& ledger = operation.ledger();
  if (decision.decision() == v1::DUPLICATE_DECISION_MERGED) {
    const v1::TallyEntryRecord& reversed = *ledger.Find(decision.other_entry_id());
    v1::Notice notice;
    notice.mutable_tally_correction()->set_entry_id(decision.other_entry_id());
    *notice.mutable_tally_correction()->mutable_reversal() = reversed.reversal();
    notices_.TellOf(
        operation,
        ParticipantsWhere(
            operation, [&](const v1::Participant& reader) { return SeesEntry(state_, operation, reader, reversed); }),
        std::move(notice));
  }
  v1::Notice notice;
  *notice.mutable_duplicate() =
      ledger.duplicate_decisions().at(TallyLedger::PairOf(decision.entry_id(), decision.other_entry_id()));
  notices_.TellOf(operation, ParticipantsWhere(operation, SeesWholeRoster), std::move(notice));
  return accepted;
}

}  // namespace muster
