// The agencies of a feed by what they belong to: those in the same audiences get the same deliveries.
//
// Threading: guarded by the owner (Publisher).
#ifndef MUSTER_SERVER_BROKER_READER_GROUPS_H_
#define MUSTER_SERVER_BROKER_READER_GROUPS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "server/broker/audience_set.h"
#include "server/broker/feed_reader.h"

namespace muster {

class Subscriber;

// The agencies that belong to the same audiences, no more and no fewer. Each is sent the same notices in the same
// order, so a delivery has the same position for all of them.
struct ReaderGroup {
  // Two groups, or one before and after it joined an audience, never have the same.
  uint64_t version = 0;
  // Who keeps a reference keeps it, and drops it, as the owner's lock is held; what it refers to then never changes.
  std::shared_ptr<AudienceSet> memberships;
  size_t agencies = 0;
  size_t readers = 0;               // Live or catching up.
  std::vector<Subscriber*> live;    // All at the same position.
  uint64_t addressed_in_batch = 0;  // Of ReaderGroups::Addressed.

  void AddLive(Subscriber* subscriber);
  void RemoveLive(Subscriber* subscriber);
};

struct ReaderAgency {
  std::shared_ptr<ReaderGroup> group;
  std::vector<std::shared_ptr<Subscriber>> readers;  // Live or catching up.
};

class ReaderGroups {
 public:
  ReaderGroups();

  // The audience `id` has these members. Each once, ids ascending without gaps from 0.
  void Learn(AudienceId id, const std::vector<std::string>& members);
  // How many audiences have been learned.
  AudienceId learned() const { return static_cast<AudienceId>(groups_by_audience_.size()); }

  // By id. Nodes stay where they are.
  const absl::btree_map<std::string, std::unique_ptr<ReaderAgency>>& agencies() const { return agencies_; }
  // Null: not known.
  const ReaderAgency* Find(absl::string_view agency_id) const;
  ReaderAgency* FindOrAdd(absl::string_view agency_id);

  // A reader comes, live or not, and goes.
  void Open(std::shared_ptr<Subscriber> subscriber);
  // Returns the reference that it was opened with.
  std::shared_ptr<Subscriber> Close(Subscriber* subscriber);

  // The groups with live readers that `rows` may concern. The cost grows with them and with the rows, not with the
  // readers of other audiences nor with agencies that are not listening. Valid until the next change.
  std::vector<ReaderGroup*> Addressed(absl::Span<const FeedRow> rows);

 private:
  std::shared_ptr<ReaderGroup> NewGroup();
  void MoveTo(const std::shared_ptr<ReaderGroup>& group, ReaderAgency* agency);
  // The group gets its first reader, or loses its last.
  void AddToIndex(ReaderGroup* group);
  void RemoveFromIndex(ReaderGroup* group);

  uint64_t last_version_ = 0;
  uint64_t batch_ = 0;
  std::shared_ptr<ReaderGroup> outsiders_;  // In no audience.
  absl::btree_map<std::string, std::unique_ptr<ReaderAgency>> agencies_;
  // By audience: the groups in it that have readers.
  std::vector<absl::flat_hash_set<ReaderGroup*>> groups_by_audience_;
};

}  // namespace muster

#endif  // MUSTER_SERVER_BROKER_READER_GROUPS_H_
