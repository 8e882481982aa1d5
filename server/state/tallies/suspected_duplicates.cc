#include "server/state/tallies/suspected_duplicates.h"

#include <map>

#include "common/clock.h"
#include "server/state/tallies/same_arrest.h"

namespace muster {

uint32_t CountPendingDuplicates(const TallyQuestion& question) {
  const TallyLedger& ledger = question.operation.ledger();
  std::vector<const v1::TallyEntry*> live;
  for (const auto& [id, record] : ledger.entries()) {
    if (WasReported(question, *record) && !WasReversed(question, *record) && MayCount(question, *record)) {
      live.push_back(&record->entry());
    }
  }
  const auto is_decided = [&](const std::string& id, const std::string& other_id) {
    const auto decision = ledger.duplicate_decisions().find({id, other_id});
    return decision != ledger.duplicate_decisions().end() && FromProto(decision->second.decided_at()) <= question.as_of;
  };
  return static_cast<uint32_t>(FindSameArrests(live, is_decided).size());
}

std::vector<v1::SuspectedDuplicate> SuspectedDuplicates(const OperationRecord& operation) {
  const TallyLedger& ledger = operation.ledger();
  std::vector<const v1::TallyEntry*> live;
  for (const auto& [id, record] : ledger.entries()) {
    if (!record->has_reversal()) live.push_back(&record->entry());
  }
  const auto is_decided = [&](const std::string& id, const std::string& other_id) {
    return ledger.duplicate_decisions().count({id, other_id}) > 0;
  };
  std::map<TallyLedger::Pair, v1::SuspectedDuplicate> by_ids(ledger.duplicate_decisions());
  for (const SuspectedPair& pair : FindSameArrests(live, is_decided)) {
    v1::SuspectedDuplicate& pending = by_ids[{pair.entry->entry_id(), pair.other->entry_id()}];
    pending.set_entry_id(pair.entry->entry_id());
    pending.set_other_entry_id(pair.other->entry_id());
    pending.set_why(WhyDuplicate(*pair.entry, *pair.other));
    pending.set_decision(v1::DUPLICATE_DECISION_PENDING);
  }
  std::vector<v1::SuspectedDuplicate> duplicates;
  for (auto& [ids, duplicate] : by_ids) duplicates.push_back(std::move(duplicate));
  return duplicates;
}

}  // namespace muster
