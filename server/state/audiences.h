// Who receives what, and how much each agency has received.
//
// An audience is a set of agencies that receive the same notice. Sets are interned: the same set always has the same
// id. An agency's feed is the notices of every audience it belongs to, in the order in which they were addressed; its
// position is how many that is. Positions count only what the agency itself receives, so they tell nothing of what
// others do (rule P7).
//
// Threading: guarded by the owner (State).
#ifndef MUSTER_SERVER_STATE_AUDIENCES_H_
#define MUSTER_SERVER_STATE_AUDIENCES_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "muster/storage/v1/storage.pb.h"

namespace muster {

using AudienceId = uint32_t;

class Audiences {
 public:
  // The place of one notice: the `rank`-th (from 1) of its audience.
  struct Address {
    AudienceId audience = 0;
    uint64_t rank = 0;
  };

  // The audience of `agency_ids`, which must not be empty; sorts and deduplicates them.
  AudienceId IdOf(std::vector<std::string> agency_ids);

  // Addresses one more notice to an audience.
  Address Next(AudienceId id) { return {id, ++notices_[id]}; }
  Address Next(std::vector<std::string> agency_ids) { return Next(IdOf(std::move(agency_ids))); }

  // The sorted members. `id` must have come from IdOf or Next.
  const std::vector<std::string>& Members(AudienceId id) const { return *members_[id]; }

  // The audiences that `agency_id` belongs to, ascending.
  std::vector<AudienceId> Of(absl::string_view agency_id) const;

  // How many notices `agency_id` has been addressed.
  uint64_t Position(absl::string_view agency_id) const;

  // How many audiences there are; their ids are 0 .. size() - 1.
  AudienceId size() const { return static_cast<AudienceId>(members_.size()); }

  void ToImage(storage::v1::StateImage* image) const;
  void FromImage(const storage::v1::StateImage& image);

 private:
  AudienceId Intern(std::vector<std::string> agency_ids);

  std::map<std::vector<std::string>, AudienceId> ids_;    // A node-based map: members_ points at its keys.
  std::vector<const std::vector<std::string>*> members_;  // By id.
  std::vector<uint64_t> notices_;                         // By id.
  absl::flat_hash_map<std::string, std::vector<AudienceId>> by_agency_;
};

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_AUDIENCES_H_
