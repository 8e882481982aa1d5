// Which activities collide with a given one, without looking at all of them (rule C3: exactly those that rule C2
// names).
//
// How. The index only narrows down; Collide of server/deconfliction/rules.h decides where its bounds do not. A
// position's latitude and longitude are taken as a point of a sphere in space, and space is cut into cubes, in three
// sizes: one for each class of radius (up to 1.6 km, 12.8 km, 102.4 km). So no place is an exception, neither the poles
// nor the antimeridian. An activity is kept in the cube of its centre, in the size of its own class and in every larger
// size; a question of a class looks at the few cubes around its disc, in the size of its own class for what is as small
// as itself or smaller, and in each larger size for what is of that class. In a cube activities stand in the order of
// their start, apart by the class of their window's length (up to a day, 16 days, 256 days, longer), so that only those
// are looked at that start early enough and not too long ago to reach the question. Radii beyond the largest class,
// which no validated submission has, are compared with everything at that time.
//
// Cost. An activity takes up to 3 slots of 40 bytes. A question looks up a few cubes, at most about 27, for each class
// of radius and of length in use, all of them fetched from memory together: to wait for one after the other would be
// most of its time in a large index. It then examines what starts near it in space and time: within a small multiple of
// the radii, and of the longer of the two windows; some nanoseconds each, without a geodesic unless the distance is
// within a hundredth and some metres of the sum of the radii. What is far away in space or in time costs nothing.
//
// The index is derived state: made again by replay, never written down.
//
// Threading: const methods from any thread, the others by one at a time and alone.
#ifndef MUSTER_SERVER_DECONFLICTION_SPACE_TIME_INDEX_H_
#define MUSTER_SERVER_DECONFLICTION_SPACE_TIME_INDEX_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "absl/time/time.h"
#include "server/deconfliction/rules.h"

namespace muster {

// Names an activity: the agency that entered it, and its id there.
using ActivityKey = std::pair<std::string, std::string>;

class SpaceTimeIndex {
 public:
  // `padding` is that of rule C2, 0 or more. All cubes are 2^cube_shift times as long as usual, from -2 to 2; the
  // answers are the same. 0 was chosen by measuring (docs/PERFORMANCE.md, "Cubes").
  explicit SpaceTimeIndex(absl::Duration padding = kWindowPadding, int cube_shift = 0)
      : padding_(padding), cube_shift_(cube_shift) {}

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
  static constexpr size_t kRadiusClasses = 4;  // The last has no cubes.
  static constexpr size_t kLengthClasses = 4;

  // Activities of exactly that class of radius, or those of all smaller ones.
  enum class Radii : uint8_t { kOwn, kSmaller };
  static constexpr size_t kShelves = kRadiusClasses * kLengthClasses * 2;

  using Activities = std::map<ActivityKey, Footprint>;
  // A point of the sphere, in units of about 3 mm from its centre; in a Slot and in a Question alike.
  using Point = std::array<int32_t, 3>;

  // Times are whole seconds: the start rounded down, the end up.
  struct Slot {
    int64_t start_s = 0;
    const Activities::value_type* activity = nullptr;
    int64_t end_s = 0;
    Point center = {};
    uint32_t radius_m = 0;  // Rounded up.

    friend bool operator<(const Slot& a, const Slot& b) {
      return a.start_s != b.start_s ? a.start_s < b.start_s : std::less<>()(a.activity, b.activity);
    }
  };
  using Slots = absl::btree_set<Slot>;
  // One class of radius and one of length. The largest are of what it holds, or held since it was last empty.
  struct Shelf {
    size_t slots = 0;
    int64_t length_max_s = 0;
    uint32_t radius_max_m = 0;
  };
  struct Question;
  // What a question looks at: a shelf, and a key of cubes_ on it that need not be there.
  using Cubes = absl::InlinedVector<std::pair<const Shelf*, uint64_t>, 32>;

  static size_t ShelfOf(size_t radius_class, size_t length_class, Radii radii);
  static Slot SlotOf(const Activities::value_type& activity);
  // Calls visit(shelf, cube) for each place of a slot.
  template <typename Visit>
  void ForEachPlace(const Slot& slot, const Visit& visit) const;
  int CubeBits(size_t radius_class) const;
  void AddCubes(const Question& question, size_t shelf, Cubes* cubes) const;
  void AskCube(const Question& question, const Shelf& shelf, const Slots& slots, std::vector<ActivityKey>* found) const;

  const absl::Duration padding_;
  const int cube_shift_;
  Activities activities_;
  // By shelf and cube. Points into activities_, whose nodes do not move.
  absl::flat_hash_map<uint64_t, Slots> cubes_;
  std::array<Shelf, kShelves> shelves_{};
};

}  // namespace muster

#endif  // MUSTER_SERVER_DECONFLICTION_SPACE_TIME_INDEX_H_
