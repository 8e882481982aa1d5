// Exactly-once: which submissions have been decided, and how.
//
// Two ways, both exact. A daemon numbers what it sends (OutboxNumber): a high-water mark and the outcomes it has not
// confirmed yet suffice for ever. Anyone else is known by the submission_id, a UUIDv7 that carries the time it was
// made: it is remembered for kRemember beyond that time, and one older than that is refused rather than perhaps applied
// twice. Ids are scoped by agency, so that no agency learns of, or collides with, another's.
//
// The two know of each other: an id that was decided plain and comes again with a number, or with a number and comes
// again plain or under another number, gets its first outcome and is not applied again. Ids of numbered submissions are
// known while their outcome is unconfirmed, which bounds the memory: a sender that has confirmed an outcome has it, and
// must not send the submission again.
//
// A withdrawal (v1::WithdrawSubmission) gets the outcome of what it withdraws, whatever that was; where there is none
// it is decided itself, so that what it withdraws, should it still arrive, finds its id and number taken.
//
// Threading: guarded by the owner (State).
#ifndef MUSTER_SERVER_STATE_DEDUPLICATION_H_
#define MUSTER_SERVER_STATE_DEDUPLICATION_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "muster/storage/v1/storage.pb.h"
#include "muster/v1/submission.pb.h"

namespace muster {

class Deduplication {
 public:
  static constexpr absl::Duration kRemember = absl::Hours(30 * 24);
  // How far a caller's clock may be ahead of the broker's.
  static constexpr absl::Duration kClockAheadMax = absl::Hours(24);
  // Outcomes that one outbox may leave unconfirmed.
  static constexpr size_t kUnconfirmedMax = 100000;

  // The outcome that repeats `submission` must get: what was decided then (with repeat = true), or a rejection because
  // the id stands for another body, is too old, or leaves a gap in its outbox. Nothing: it is new and may be decided
  // now.
  std::optional<v1::Outcome> Find(absl::string_view agency_id, const v1::Submission& submission, absl::Time now) const;

  // When Find returned nothing: what a numbered submission must be answered because its id was decided before, plain or
  // under another number. The first outcome (with repeat = true), or a rejection because the id stands for another
  // body. Either is to be remembered under the number, which it uses up.
  std::optional<v1::Outcome> FindFirst(absl::string_view agency_id, const v1::Submission& submission) const;

  // Remembers a decision for which Find returned nothing. Forgets what has expired by `now` or been confirmed.
  void Remember(absl::string_view agency_id, const v1::Submission& submission, const v1::Outcome& outcome,
                absl::Time now);

  void ToImage(storage::v1::StateImage* image) const;
  void FromImage(const storage::v1::StateImage& image);

 private:
  using Key = std::pair<std::string, std::string>;  // Agency, and submission_id or outbox_id.

  struct Decided {
    std::string body_fingerprint;
    v1::Outcome outcome;
    absl::Time forget_at;
  };
  struct Outbox {
    uint64_t highest_number = 0;
    std::map<uint64_t, Decided> unconfirmed;
  };

  // Agency, submission_id, outbox_id and number.
  using NumberedId = std::tuple<std::string, std::string, std::string, uint64_t>;

  const Decided* FindDecidedId(const Key& agency_and_id) const;
  void AddUnconfirmed(const Key& agency_and_outbox, Outbox* outbox, uint64_t number, Decided decided);
  // Drops what is confirmed through `number`.
  void Confirm(const Key& agency_and_outbox, Outbox* outbox, uint64_t number);
  std::optional<v1::Outcome> FindById(const Key& key, const v1::Submission& submission, absl::Time now) const;
  std::optional<v1::Outcome> FindByNumber(const Key& key, const v1::Submission& submission) const;
  void Forget(absl::Time now);

  absl::flat_hash_map<Key, Decided> by_id_;
  std::multimap<absl::Time, Key> forget_order_;
  std::map<Key, Outbox> outboxes_;
  // The ids that unconfirmed outcomes stand for. Follows from outboxes_, so it is no part of the image.
  std::set<NumberedId> numbered_ids_;
};

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_DEDUPLICATION_H_
