#include "server/state/tallies/tally_ledger.h"

#include <algorithm>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "common/error_reason.h"
#include "common/status_macros.h"
#include "google/protobuf/util/message_differencer.h"
#include "server/state/tallies/same_arrest.h"

namespace muster {
namespace {

bool IsSameEntry(const v1::TallyEntry& a, const v1::TallyEntry& b) {
  return google::protobuf::util::MessageDifferencer::Equals(a, b);
}

v1::TallyReversal ReversalBy(const std::string& reason, const TallyLedger::Filing& filing) {
  v1::TallyReversal reversal;
  reversal.set_correction_id(std::string(filing.submission_id));
  reversal.set_reason(reason);
  *reversal.mutable_author() = filing.principal;
  *reversal.mutable_reversed_at() = filing.at;
  return reversal;
}

absl::Status IdTaken(const std::string& entry_id) {
  return Refusal(v1::ERROR_REASON_ALREADY_EXISTS,
                 absl::StrCat("entry_id ", entry_id,
                              " stands for another entry already; correct that one, or use a new id for a new entry"),
                 "T15");
}

}  // namespace

bool MayCorrect(const v1::TallyEntryRecord& record, absl::string_view agency_id, absl::string_view lead_agency_id) {
  return agency_id == record.entry().primary_agency_id() || agency_id == record.reported_by().agency_id() ||
         agency_id == lead_agency_id;
}

const v1::TallyEntryRecord* TallyLedger::Find(absl::string_view entry_id) const {
  const auto it = entries_.find(entry_id);
  return it == entries_.end() ? nullptr : it->second;
}

absl::StatusOr<const v1::TallyEntryRecord*> TallyLedger::Record(const v1::TallyEntry& entry, const Filing& filing) {
  const auto place = entries_.lower_bound(entry.entry_id());
  if (!IsAt(place, entry.entry_id())) return Insert(place, entry, filing, "");
  if (IsSameEntry(place->second->entry(), entry)) return nullptr;
  return IdTaken(entry.entry_id());
}

absl::Status TallyLedger::Correct(const v1::CorrectTally& correction, const Filing& filing, bool* changed) {
  const absl::string_view author = filing.principal.agency_id();
  const auto it = entries_.find(correction.entry_id());
  // Another agency's entry is treated like one that is not there, so that the answer does not tell whether it is (P7).
  const bool is_here = it != entries_.end() && MayCorrect(*it->second, author, filing.lead_agency_id);
  bool all_present = false;
  MUSTER_RETURN_IF_ERROR(CheckReplacements(correction, is_here ? it->second : nullptr, &all_present));

  const PendingKey key{correction.entry_id(), std::string(author)};
  const auto waiting = pending_.find(key);
  const v1::TallyReversal* earlier = nullptr;
  if (is_here && it->second->has_reversal()) earlier = &it->second->reversal();
  if (!is_here && waiting != pending_.end()) earlier = &waiting->second;
  if (earlier != nullptr) {
    if (earlier->reason() == correction.reason() && earlier->author().agency_id() == author && all_present &&
        !HasOtherReplacement(correction, author)) {
      *changed = false;
      return absl::OkStatus();
    }
    return Refusal(v1::ERROR_REASON_ALREADY_CORRECTED,
                   absl::StrCat("entry ", correction.entry_id(), " was corrected before, by ", earlier->correction_id(),
                                "; correct what replaced it instead"));
  }

  if (!is_here) MUSTER_RETURN_IF_ERROR(CheckEarly(correction, author));

  *changed = true;
  if (is_here) {
    *Replace(it)->mutable_reversal() = ReversalBy(correction.reason(), filing);
  } else {
    pending_[key] = ReversalBy(correction.reason(), filing);
  }
  for (const v1::TallyEntry& replacement : correction.replacements()) {
    const auto place = entries_.lower_bound(replacement.entry_id());
    if (!IsAt(place, replacement.entry_id())) {
      Insert(place, replacement, filing, correction.entry_id());
    } else if (const std::string& replaced = place->second->replaces_entry_id();
               replaced.empty() || correction.entry_id() < replaced) {
      // Filed by itself, or in place of another entry, before: the smallest id, whatever came first (T15).
      Replace(place)->set_replaces_entry_id(correction.entry_id());
    }
  }
  return absl::OkStatus();
}

TallyLedger::Pair TallyLedger::PairOf(absl::string_view entry_id, absl::string_view other_entry_id) {
  return {std::string(std::min(entry_id, other_entry_id)), std::string(std::max(entry_id, other_entry_id))};
}

absl::Status TallyLedger::DecideDuplicate(const v1::ResolveDuplicate& decision, const Filing& filing, bool* changed) {
  const Pair pair = PairOf(decision.entry_id(), decision.other_entry_id());
  if (const auto before = duplicate_decisions_.find(pair); before != duplicate_decisions_.end()) {
    const v1::SuspectedDuplicate& decided = before->second;
    if (decided.decision() == decision.decision() && decided.entry_id() == decision.entry_id() &&
        decided.reason() == decision.reason() && decided.decided_by().agency_id() == filing.principal.agency_id()) {
      *changed = false;
      return absl::OkStatus();
    }
    return Refusal(v1::ERROR_REASON_ALREADY_CORRECTED,
                   absl::StrCat("entries ", pair.first, " and ", pair.second, " were decided to be ",
                                decided.decision() == v1::DUPLICATE_DECISION_MERGED ? "one arrest" : "two arrests",
                                " before; correct an entry if that was wrong"),
                   "T5");
  }
  const auto kept = entries_.find(decision.entry_id());
  const auto other = entries_.find(decision.other_entry_id());
  const bool both_count = kept != entries_.end() && other != entries_.end() && !kept->second->has_reversal() &&
                          !other->second->has_reversal();
  const std::string why = both_count ? WhyDuplicate(kept->second->entry(), other->second->entry()) : "";
  if (why.empty()) {
    return Refusal(v1::ERROR_REASON_UNKNOWN_REFERENCE,
                   absl::StrCat("entries ", pair.first, " and ", pair.second,
                                " are not suspected to be the same arrest; list the suspected duplicates, or correct "
                                "an entry"),
                   "T5");
  }
  *changed = true;
  v1::SuspectedDuplicate& decided = duplicate_decisions_[pair];
  decided.set_entry_id(decision.entry_id());
  decided.set_other_entry_id(decision.other_entry_id());
  decided.set_why(why);
  decided.set_decision(decision.decision());
  *decided.mutable_decided_by() = filing.principal;
  *decided.mutable_decided_at() = filing.at;
  decided.set_reason(decision.reason());
  if (decision.decision() == v1::DUPLICATE_DECISION_MERGED) {
    *Replace(other)->mutable_reversal() = ReversalBy(decision.reason(), filing);
  }
  return absl::OkStatus();
}

const v1::TallyEntryRecord* TallyLedger::Insert(Entries::iterator place, const v1::TallyEntry& entry,
                                                const Filing& filing, absl::string_view replaces_entry_id) {
  auto* record = google::protobuf::Arena::CreateMessage<v1::TallyEntryRecord>(arena_.get());
  *record->mutable_entry() = entry;
  record->set_operation_id(filing.operation_id.data(), filing.operation_id.size());
  record->unsafe_arena_set_allocated_reported_by(ReportedBy(filing.principal));
  *record->mutable_reported_at() = filing.at;
  if (!replaces_entry_id.empty()) record->set_replaces_entry_id(replaces_entry_id.data(), replaces_entry_id.size());
  entries_.emplace_hint(place, record->entry().entry_id(), record);
  if (!pending_.empty()) TakePendingReversals(record, filing.lead_agency_id);
  return record;
}

v1::Principal* TallyLedger::ReportedBy(const v1::Principal& principal) {
  const bool is_last = last_reporter_ != nullptr && last_reporter_->key_sha256() == principal.key_sha256() &&
                       last_reporter_->agency_id() == principal.agency_id() &&
                       last_reporter_->post() == principal.post();
  if (!is_last) {
    last_reporter_ = google::protobuf::Arena::CreateMessage<v1::Principal>(arena_.get());
    *last_reporter_ = principal;
  }
  return last_reporter_;
}

void TallyLedger::TakePendingReversals(v1::TallyEntryRecord* record, absl::string_view lead_agency_id) {
  const std::string& entry_id = record->entry().entry_id();
  auto waiting = pending_.lower_bound({entry_id, ""});
  while (waiting != pending_.end() && waiting->first.first == entry_id) {
    if (!MayCorrect(*record, waiting->first.second, lead_agency_id)) {
      ++waiting;  // Stays, so that its author cannot tell that the entry came (P7).
      continue;
    }
    if (!record->has_reversal()) *record->mutable_reversal() = waiting->second;
    waiting = pending_.erase(waiting);
  }
}

absl::Status TallyLedger::CheckId(const v1::TallyEntry& entry, bool* present) const {
  const v1::TallyEntryRecord* existing = Find(entry.entry_id());
  *present = existing != nullptr;
  if (existing == nullptr || IsSameEntry(existing->entry(), entry)) return absl::OkStatus();
  return IdTaken(entry.entry_id());
}

bool TallyLedger::HasOtherReplacement(const v1::CorrectTally& correction, absl::string_view author) const {
  return absl::c_any_of(entries_, [&](const auto& entry) {
    const v1::TallyEntryRecord& record = *entry.second;
    if (record.replaces_entry_id() != correction.entry_id() || record.reported_by().agency_id() != author) return false;
    return absl::c_none_of(correction.replacements(),
                           [&](const v1::TallyEntry& replacement) { return replacement.entry_id() == entry.first; });
  });
}

absl::Status TallyLedger::CheckEarly(const v1::CorrectTally& correction, absl::string_view author) const {
  if (correction.replacements().empty()) return absl::OkStatus();
  // Replacements keep the booking agency, so only one of the same agency can stand for the same entry; and that is one
  // which the author may see, or it is the lead.
  const std::string& booked_by = correction.replacements(0).primary_agency_id();
  for (const auto& [id, record] : entries_) {
    if (record->replaces_entry_id() == correction.entry_id() && record->reported_by().agency_id() != author &&
        record->entry().primary_agency_id() == booked_by) {
      return Refusal(
          v1::ERROR_REASON_ALREADY_CORRECTED,
          absl::StrCat("entry ", correction.entry_id(), " was corrected before, by ", record->reported_by().agency_id(),
                       "; correct entry ", id, ", which replaces it, instead"));
    }
  }
  return absl::OkStatus();
}

absl::Status TallyLedger::CheckReplacements(const v1::CorrectTally& correction, const v1::TallyEntryRecord* reversed,
                                            bool* all_present) const {
  *all_present = true;
  for (const v1::TallyEntry& replacement : correction.replacements()) {
    bool present = false;
    MUSTER_RETURN_IF_ERROR(CheckId(replacement, &present));
    *all_present &= present;
    if (reversed != nullptr && replacement.primary_agency_id() != reversed->entry().primary_agency_id()) {
      return Refusal(v1::ERROR_REASON_UNKNOWN_REFERENCE,
                     absl::StrCat("a replacement is booked by ", replacement.primary_agency_id(), ", the entry by ",
                                  reversed->entry().primary_agency_id(),
                                  "; reverse the entry without a replacement and let the other agency file its own"));
    }
  }
  return absl::OkStatus();
}

v1::TallyEntryRecord* TallyLedger::Replace(Entries::iterator place) {
  auto* copy = google::protobuf::Arena::CreateMessage<v1::TallyEntryRecord>(arena_.get());
  *copy = *place->second;
  return place->second = copy;
}

TallyLedger::Frozen TallyLedger::Freeze() const {
  Frozen frozen;
  frozen.entries.reserve(entries_.size());
  for (const auto& [id, record] : entries_) frozen.entries.push_back(record);
  for (const auto& [key, reversal] : pending_) {
    storage::v1::PendingReversal* pending = frozen.rest.add_pending_reversals();
    pending->set_entry_id(key.first);
    *pending->mutable_reversal() = reversal;
  }
  for (const auto& [pair, decision] : duplicate_decisions_) *frozen.rest.add_duplicates() = decision;
  return frozen;
}

void TallyLedger::Frozen::ToImage(storage::v1::OperationImage* image) const {
  for (const v1::TallyEntryRecord* record : entries) *image->add_entries() = *record;
  image->MergeFrom(rest);
}

void TallyLedger::FromImage(const storage::v1::OperationImage& image) {
  for (const v1::TallyEntryRecord& saved : image.entries()) {
    auto* record = google::protobuf::Arena::CreateMessage<v1::TallyEntryRecord>(arena_.get());
    *record->mutable_entry() = saved.entry();
    record->set_operation_id(saved.operation_id());
    record->unsafe_arena_set_allocated_reported_by(ReportedBy(saved.reported_by()));
    *record->mutable_reported_at() = saved.reported_at();
    if (saved.has_reversal()) *record->mutable_reversal() = saved.reversal();
    record->set_replaces_entry_id(saved.replaces_entry_id());
    entries_.emplace_hint(entries_.end(), record->entry().entry_id(), record);
  }
  for (const storage::v1::PendingReversal& pending : image.pending_reversals()) {
    pending_[{pending.entry_id(), pending.reversal().author().agency_id()}] = pending.reversal();
  }
  for (const v1::SuspectedDuplicate& decision : image.duplicates()) {
    duplicate_decisions_[PairOf(decision.entry_id(), decision.other_entry_id())] = decision;
  }
}

}  // namespace muster
