// One operation's tally: entries that are never changed or deleted, and the corrections that reverse them.
//
// Entries are a set keyed by entry_id, and an entry counts unless an entitled correction names it: so any order,
// repetition or retry of the same submissions gives the same ledger (rule T15). A correction may even come before its
// entry.
//
// Threading: guarded by the owner (State).
#ifndef MUSTER_SERVER_STATE_TALLIES_TALLY_LEDGER_H_
#define MUSTER_SERVER_STATE_TALLIES_TALLY_LEDGER_H_

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/arena.h"
#include "muster/storage/v1/storage.pb.h"
#include "muster/v1/outcome.pb.h"
#include "muster/v1/tally.pb.h"
#include "server/state/tallies/entry_audiences.h"

namespace muster {

class TallyLedger {
 public:
  // Who files, under which submission, and when.
  struct Filing {
    absl::string_view operation_id;
    absl::string_view lead_agency_id;
    const v1::Principal& principal;
    absl::string_view submission_id;
    const google::protobuf::Timestamp& at;
  };

  // Null when there is none of that id.
  const v1::TallyEntryRecord* Find(absl::string_view entry_id) const;
  // By entry_id. None is null.
  using Entries = absl::btree_map<absl::string_view, v1::TallyEntryRecord*>;
  const Entries& entries() const { return entries_; }

  // Adds an entry and returns its record; null when the ledger holds it already, word for word.
  //
  // Errors: ALREADY_EXISTS another entry has its id.
  absl::StatusOr<const v1::TallyEntryRecord*> Record(const v1::TallyEntry& entry, const Filing& filing);

  // Reverses an entry and adds its replacements, all or nothing. When the entry is not there yet, or is not the
  // author's to correct, the reversal waits for it. Sets `changed` to false when this very correction was made before.
  //
  // Errors: ABORTED another correction came first. ALREADY_EXISTS a replacement's id is taken.
  //         INVALID_ARGUMENT a replacement names another booking agency than the entry.
  absl::Status Correct(const v1::CorrectTally& correction, const Filing& filing, bool* changed);

  // Decides a suspected duplicate: DISTINCT is remembered, MERGED also reverses the other entry. Sets `changed` to
  // false when the same agency has decided the same before.
  //
  // Errors: ABORTED             it was decided otherwise before.
  //         FAILED_PRECONDITION the entries do not look like the same arrest, or one of them counts no more.
  absl::Status DecideDuplicate(const v1::ResolveDuplicate& decision, const Filing& filing, bool* changed);

  // Two entry ids, the smaller first.
  using Pair = std::pair<std::string, std::string>;
  static Pair PairOf(absl::string_view entry_id, absl::string_view other_entry_id);
  // Only decisions are kept; what is pending follows from the entries (suspected_duplicates.h).
  const std::map<Pair, v1::SuspectedDuplicate>& duplicate_decisions() const { return duplicate_decisions_; }

  EntryAudiences& audiences() { return audiences_; }

  // What the ledger holds now, for another thread to make an image of while the ledger goes on: a record that was added
  // is never changed, but replaced. Valid as long as the ledger.
  struct Frozen {
    std::vector<const v1::TallyEntryRecord*> entries;
    storage::v1::OperationImage rest;

    void ToImage(storage::v1::OperationImage* image) const;
  };
  Frozen Freeze() const;

  void ToImage(storage::v1::OperationImage* image) const { Freeze().ToImage(image); }
  void FromImage(const storage::v1::OperationImage& image);

 private:
  using PendingKey = std::pair<std::string, std::string>;  // The entry, and the agency that corrected it.

  // `place` is where the entry belongs: before what follows it.
  const v1::TallyEntryRecord* Insert(Entries::iterator place, const v1::TallyEntry& entry, const Filing& filing,
                                     absl::string_view replaces_entry_id);
  // A copy of the principal in the arena, which records share: most entries come from who sent the one before.
  v1::Principal* ReportedBy(const v1::Principal& principal);
  // The record to change, a copy that takes the place of the one that is there.
  v1::TallyEntryRecord* Replace(Entries::iterator place);
  // Lets corrections that came before the entry take effect, if their authors were entitled to them.
  void TakePendingReversals(v1::TallyEntryRecord* record, absl::string_view lead_agency_id);
  // The first record is the one of an entry's id, if there is one; else where it belongs.
  bool IsAt(Entries::const_iterator place, absl::string_view entry_id) const {
    return place != entries_.end() && place->first == entry_id;
  }
  // OK when the id is free, or taken by the same entry (`*present`).
  absl::Status CheckId(const v1::TallyEntry& entry, bool* present) const;
  // Whether `author` has put an entry in the corrected one's place that `correction` does not name.
  bool HasOtherReplacement(const v1::CorrectTally& correction, absl::string_view author) const;
  // Refuses a correction that comes before its entry when another agency's has come first and brought replacements:
  // both would count.
  absl::Status CheckEarly(const v1::CorrectTally& correction, absl::string_view author) const;
  absl::Status CheckReplacements(const v1::CorrectTally& correction, const v1::TallyEntryRecord* reversed,
                                 bool* all_present) const;

  // Where the records are, since none is ever deleted: they are many, small, and of many parts.
  std::unique_ptr<google::protobuf::Arena> arena_ = std::make_unique<google::protobuf::Arena>();
  Entries entries_;  // Keys and records are in the arena.
  v1::Principal* last_reporter_ = nullptr;
  std::map<PendingKey, v1::TallyReversal> pending_;
  std::map<Pair, v1::SuspectedDuplicate> duplicate_decisions_;
  EntryAudiences audiences_;
};

// Whether `agency_id` may correct `record`: it booked or filed it, or leads the operation.
bool MayCorrect(const v1::TallyEntryRecord& record, absl::string_view agency_id, absl::string_view lead_agency_id);

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_TALLIES_TALLY_LEDGER_H_
