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
// Kept small, since a busy month is remembered whole: ids as bytes, agencies as numbers, outcomes encoded.
//
// Threading: guarded by the owner (State).
#ifndef MUSTER_SERVER_STATE_DEDUPLICATION_H_
#define MUSTER_SERVER_STATE_DEDUPLICATION_H_

#include <array>
#include <compare>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/uuid_bytes.h"
#include "muster/storage/v1/storage.pb.h"
#include "muster/v1/submission.pb.h"
#include "server/state/name_table.h"

namespace muster {

class Deduplication {
 public:
  static constexpr absl::Duration kRemember = absl::Hours(30 * 24);
  // How far a caller's clock may be ahead of the broker's.
  static constexpr absl::Duration kClockAheadMax = absl::Hours(24);
  // Outcomes that one outbox may leave unconfirmed.
  static constexpr size_t kUnconfirmedMax = 100000;

  // The outcome that repeats `submission` must get: what was decided then (with repeat = true), or a rejection because
  // the id stands for another body, is no UUIDv7, is too old, or leaves a gap in its outbox. Nothing: it is new and may
  // be decided now.
  std::optional<v1::Outcome> Find(absl::string_view agency_id, const v1::Submission& submission, absl::Time now) const;

  // When Find returned nothing: what a numbered submission must be answered because its id was decided before, plain or
  // under another number. The first outcome (with repeat = true), or a rejection because the id stands for another
  // body. Either is to be remembered under the number, which it uses up.
  std::optional<v1::Outcome> FindFirst(absl::string_view agency_id, const v1::Submission& submission) const;

  // Remembers a decision for which Find returned nothing. Forgets what has expired by `now` or been confirmed.
  void Remember(absl::string_view agency_id, const v1::Submission& submission, const v1::Outcome& outcome,
                absl::Time now);

  void ToImage(storage::v1::StateImage* image) const;
  // The same, but for the order, encoded and added to an encoded StateImage: for an image in passing, of which messages
  // would cost many times as much.
  void AppendTo(std::string* encoded_image) const;
  // Into an empty one.
  void FromImage(const storage::v1::StateImage& image);

 private:
  // An agency's submission_id or outbox_id.
  struct Key {
    NameTable::Index agency;
    UuidBytes id;

    friend bool operator==(const Key&, const Key&) = default;
    template <typename H>
    friend H AbslHashValue(H h, const Key& key) {
      return H::combine(std::move(h), key.agency, key.id);
    }
  };
  // All zero for a submission that has no body.
  using Fingerprint = std::array<char, 16>;
  struct Decided {
    Fingerprint body_fingerprint;
    std::string outcome;  // Encoded, without the submission_id.
  };
  struct Numbered {
    UuidBytes submission_id;
    Decided decided;
  };
  struct Outbox {
    uint64_t highest_number = 0;
    std::map<uint64_t, Numbered> unconfirmed;
  };
  // Where an outcome is kept.
  struct Place {
    UuidBytes outbox_id;
    uint64_t number;

    friend auto operator<=>(const Place&, const Place&) = default;
  };
  struct Expiry {
    absl::Time forget_at;
    Key key;
  };

  static Fingerprint BodyFingerprint(const v1::Submission& submission);
  static Fingerprint FingerprintOf(const std::string& bytes);
  static std::string BytesOf(const Fingerprint& fingerprint);
  static std::optional<v1::Outcome> Repeat(const v1::Submission& submission, const Decided& decided);

  // Nothing for an agency of which nothing is remembered.
  std::optional<Key> KeyOf(absl::string_view agency_id, const UuidBytes& id) const;
  const Decided* FindDecidedId(const Key& agency_and_id) const;
  std::optional<v1::Outcome> FindById(absl::string_view agency_id, const UuidBytes& id,
                                      const v1::Submission& submission, absl::Time now) const;
  std::optional<v1::Outcome> FindByNumber(absl::string_view agency_id, const UuidBytes& id,
                                          const v1::Submission& submission) const;

  void AddPlain(const Key& agency_and_id, absl::Time forget_at, Decided decided);
  // `stands_for_id`: whether the outcome is what its submission's id stands for.
  void AddUnconfirmed(const Key& agency_and_outbox, uint64_t number, bool stands_for_id, Numbered numbered);
  // Drops what is confirmed through `number`.
  void Confirm(const Key& agency_and_outbox, uint64_t number);
  void Forget(absl::Time now);

  void OutboxesToImage(storage::v1::StateImage* image) const;
  void AppendRemembered(const Expiry& expiry, std::string* encoded_image) const;
  std::vector<const Expiry*> ExpiriesInOrderOfKey() const;
  bool ComesBefore(const Key& a, const Key& b) const;

  NameTable agencies_;
  absl::flat_hash_map<Key, Decided> by_id_;
  // When to forget each of by_id_: in order of time, and what would be out of it because the id's own time is ahead.
  std::deque<Expiry> expiries_;
  absl::btree_multimap<absl::Time, Expiry> later_expiries_;
  absl::flat_hash_map<Key, Outbox> outboxes_;
  // Where the ids that unconfirmed outcomes stand for have them. Follows from outboxes_, so it is no part of the image.
  absl::flat_hash_map<Key, absl::InlinedVector<Place, 1>> numbered_ids_;
};

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_DEDUPLICATION_H_
