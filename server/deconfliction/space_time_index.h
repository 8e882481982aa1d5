// Which activities collide with a given one, without looking at all of them (rule C3: exactly those that rule C2
// names).
//
// How. The index only narrows down; Collide of server/deconfliction/rules.h decides. An activity is kept by the class
// of its radius (up to 400 m, 1.6 km, 6.4 km ... 102.4 km, farther), by the class of its window's length (up to 4
// hours, 64 hours, 42 days, 683 days, longer), by the bucket of that length in which it starts, and there by the S2
// leaf cell of its centre. A question looks, for each class of radius in use, at the few cells around its disc widened
// by the largest radius of the class, in the few buckets where a window of the class can start and still reach it.
// Windows shorter than the question's are kept again under each longer class, so that a long question has few buckets
// to look at too.
//
// Cost. An activity takes up to 5 slots of 40 bytes. A question looks up at most 6 x 4 buckets in at most 6 cells for
// each of at most 6 classes of radius, each O(log n), fewer where classes are empty, and then examines what starts near
// it in space and time: within a small multiple of the radii, and of the longer of the two windows. What is far away in
// space or in time costs nothing. Windows of more than 683 days are not bucketed: they are compared with all that is
// near.
//
// The index is derived state: made again by replay, never written down.
//
// Threading: const methods from any thread, the others by one at a time and alone.
#ifndef MUSTER_SERVER_DECONFLICTION_SPACE_TIME_INDEX_H_
#define MUSTER_SERVER_DECONFLICTION_SPACE_TIME_INDEX_H_

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/time/time.h"
#include "server/deconfliction/rules.h"

namespace muster {

// Names an activity: the agency that entered it, and its id there.
using ActivityKey = std::pair<std::string, std::string>;

class SpaceTimeIndex {
 public:
  // `padding` is that of rule C2, 0 or more.
  explicit SpaceTimeIndex(absl::Duration padding = kWindowPadding) : padding_(padding) {}

  SpaceTimeIndex(const SpaceTimeIndex&) = delete;
  SpaceTimeIndex& operator=(const SpaceTimeIndex&) = delete;

  // Adds an activity, or gives one that is there already another place, radius or window.
  void Add(const ActivityKey& key, const Footprint& footprint);

  // Takes an activity out; does nothing when it is not there.
  void Remove(const ActivityKey& key);

  // The activities that collide with `footprint` (rule C2), in the order of their keys. An activity that is in the
  // index is among the answers to its own footprint: ask before adding it, or leave it out of the answer.
  std::vector<ActivityKey> Colliding(const Footprint& footprint) const;

  size_t size() const { return activities_.size(); }

 private:
  static constexpr size_t kRadiusClasses = 6;
  static constexpr size_t kLengthClasses = 5;

  // One class of radius and one of length. Activities of exactly that length class, or those of all shorter ones.
  enum class Lengths : uint8_t { kOwn, kShorter };
  static constexpr size_t kShelves = kRadiusClasses * kLengthClasses * 2;

  struct Slot {
    uint32_t shelf = 0;
    int64_t bucket = 0;
    uint64_t cell = 0;
    // Tells apart what is at the same place.
    uint64_t serial = 0;

    auto operator<=>(const Slot&) const = default;
  };
  struct Entry {
    Footprint footprint;
    uint64_t serial = 0;
  };
  using Activities = std::map<ActivityKey, Entry>;

  static uint32_t ShelfOf(size_t radius_class, size_t length_class, Lengths lengths);
  static std::vector<Slot> SlotsOf(const Entry& entry);
  bool AnyOfRadiusClass(size_t radius_class) const;
  void Search(const Footprint& footprint, uint32_t shelf, size_t length_class, const std::vector<uint64_t>& cells,
              std::vector<ActivityKey>* found) const;

  const absl::Duration padding_;
  uint64_t next_serial_ = 0;
  Activities activities_;
  // Points into activities_, whose nodes do not move.
  absl::btree_map<Slot, const Activities::value_type*> slots_;
  // How many slots each shelf has: the empty ones are not searched.
  std::array<size_t, kShelves> shelf_sizes_{};
};

}  // namespace muster

#endif  // MUSTER_SERVER_DECONFLICTION_SPACE_TIME_INDEX_H_
