#include "server/deconfliction/space_time_index.h"

#include <algorithm>
#include <limits>

#include "s2/s1angle.h"
#include "s2/s1chord_angle.h"
#include "s2/s2cap.h"
#include "s2/s2cell_id.h"
#include "s2/s2latlng.h"
#include "s2/s2point.h"

namespace muster {
namespace {

// The largest radius of each class.
constexpr std::array<int64_t, 6> kRadiusClassMaxMm = {400'000,    1'600'000,   6'400'000,
                                                      25'600'000, 102'400'000, kFarthestMm};

// The longest window of each class but the last, which holds the longer ones and has no buckets.
constexpr std::array<int64_t, 4> kLengthClassMaxS = {4 * 3600, 64 * 3600, 1024 * 3600, 16384 * 3600};

// The smallest radius of curvature of WGS 84 is 6,335,439 m (the meridian's at the equator). A position's latitude and
// longitude taken as a point of the unit sphere therefore move by at most distance / that radius, whatever the path.
constexpr double kCurvatureRadiusMinM = 6'335'000;
// More than what rounding to millimetres, cells for points and floating point add up to.
constexpr double kSlackM = 2;

// No two positions within `distance_mm` of each other are farther apart than this on the unit sphere.
S1Angle AngleMax(int64_t distance_mm) {
  const double distance_m = static_cast<double>(distance_mm) / 1000;
  return S1Angle::Radians((distance_m + kSlackM) / kCurvatureRadiusMinM);
}

S2Point PointOf(const v1::LatLng& position) {
  return S2LatLng::FromDegrees(position.latitude(), position.longitude()).Normalized().ToPoint();
}

size_t RadiusClassOf(const Footprint& footprint) {
  const auto at = std::lower_bound(kRadiusClassMaxMm.begin(), kRadiusClassMaxMm.end(), RadiusMm(footprint));
  return static_cast<size_t>(at - kRadiusClassMaxMm.begin());
}

size_t LengthClassOf(const Footprint& footprint) {
  size_t length_class = 0;
  while (length_class < kLengthClassMaxS.size() &&
         footprint.end - footprint.start > absl::Seconds(kLengthClassMaxS[length_class])) {
    ++length_class;
  }
  return length_class;
}

// Grows with `time`, which is all that a search needs: the bucket around 1970 is twice as wide as the others.
int64_t BucketOf(absl::Time time, size_t length_class) {
  if (length_class == kLengthClassMaxS.size()) return 0;
  return absl::ToUnixSeconds(time) / kLengthClassMaxS[length_class];
}

// The cells, none inside another, that hold every position within `distance_mm` of `center`.
std::vector<uint64_t> CellsAround(const S2Point& center, int64_t distance_mm) {
  std::vector<S2CellId> cells;
  S2Cap(center, AngleMax(distance_mm)).GetCellUnionBound(&cells);
  std::vector<uint64_t> ids;
  ids.reserve(cells.size());
  for (const S2CellId cell : cells) ids.push_back(cell.id());
  return ids;
}

}  // namespace

uint32_t SpaceTimeIndex::ShelfOf(size_t radius_class, size_t length_class, Lengths lengths) {
  return static_cast<uint32_t>((radius_class * kLengthClasses + length_class) * 2 +
                               (lengths == Lengths::kShorter ? 1 : 0));
}

std::vector<SpaceTimeIndex::Slot> SpaceTimeIndex::SlotsOf(const Entry& entry) {
  static_assert(kRadiusClassMaxMm.size() == kRadiusClasses && kLengthClassMaxS.size() + 1 == kLengthClasses);
  const size_t radius_class = RadiusClassOf(entry.footprint);
  const size_t own_class = LengthClassOf(entry.footprint);
  const uint64_t cell = S2CellId(PointOf(entry.footprint.center)).id();
  std::vector<Slot> slots;
  for (size_t length_class = own_class; length_class < kLengthClasses; ++length_class) {
    const Lengths lengths = length_class == own_class ? Lengths::kOwn : Lengths::kShorter;
    slots.push_back({ShelfOf(radius_class, length_class, lengths), BucketOf(entry.footprint.start, length_class), cell,
                     entry.serial});
  }
  return slots;
}

void SpaceTimeIndex::Add(const ActivityKey& key, const Footprint& footprint) {
  Remove(key);
  const auto at = activities_.insert({key, {footprint, next_serial_++}}).first;
  for (const Slot& slot : SlotsOf(at->second)) {
    slots_.insert({slot, &*at});
    ++shelf_sizes_[slot.shelf];
  }
}

void SpaceTimeIndex::Remove(const ActivityKey& key) {
  const auto at = activities_.find(key);
  if (at == activities_.end()) return;
  for (const Slot& slot : SlotsOf(at->second)) {
    slots_.erase(slot);
    --shelf_sizes_[slot.shelf];
  }
  activities_.erase(at);
}

bool SpaceTimeIndex::AnyOfRadiusClass(size_t radius_class) const {
  // Every activity is kept under the longest length class too.
  const size_t longest = kLengthClasses - 1;
  return shelf_sizes_[ShelfOf(radius_class, longest, Lengths::kOwn)] > 0 ||
         shelf_sizes_[ShelfOf(radius_class, longest, Lengths::kShorter)] > 0;
}

std::vector<ActivityKey> SpaceTimeIndex::Colliding(const Footprint& footprint) const {
  const S2Point center = PointOf(footprint.center);
  const int64_t radius_mm = RadiusMm(footprint);
  const size_t own_class = LengthClassOf(footprint);
  std::vector<ActivityKey> found;
  for (size_t radius_class = 0; radius_class < kRadiusClasses; ++radius_class) {
    if (!AnyOfRadiusClass(radius_class)) continue;
    const std::vector<uint64_t> cells = CellsAround(center, radius_mm + kRadiusClassMaxMm[radius_class]);
    Search(footprint, ShelfOf(radius_class, own_class, Lengths::kShorter), own_class, cells, &found);
    for (size_t length_class = own_class; length_class < kLengthClasses; ++length_class) {
      Search(footprint, ShelfOf(radius_class, length_class, Lengths::kOwn), length_class, cells, &found);
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

// Appends what collides with `footprint` on one shelf, in `cells`. No window there is longer than its length class.
void SpaceTimeIndex::Search(const Footprint& footprint, uint32_t shelf, size_t length_class,
                            const std::vector<uint64_t>& cells, std::vector<ActivityKey>* found) const {
  if (shelf_sizes_[shelf] == 0) return;
  const absl::Duration length_max =
      length_class < kLengthClassMaxS.size() ? absl::Seconds(kLengthClassMaxS[length_class]) : absl::ZeroDuration();
  const int64_t first = BucketOf(footprint.start - 2 * padding_ - length_max, length_class);
  const int64_t last = BucketOf(footprint.end + 2 * padding_, length_class);
  const S2Point center = PointOf(footprint.center);
  const int64_t radius_mm = RadiusMm(footprint);
  for (int64_t bucket = first; bucket <= last; ++bucket) {
    for (const uint64_t id : cells) {
      const Slot end = {shelf, bucket, S2CellId(id).range_max().id(), std::numeric_limits<uint64_t>::max()};
      for (auto at = slots_.lower_bound({shelf, bucket, S2CellId(id).range_min().id(), 0});
           at != slots_.end() && at->first <= end; ++at) {
        const auto& [key, entry] = *at->second;
        if (!WindowsCollide(footprint, entry.footprint, padding_)) continue;
        // Much faster than the geodesic, and leaves nearly nothing for that to refuse.
        const S1ChordAngle apart(center, S2CellId(at->first.cell).ToPoint());
        if (apart > S1ChordAngle(AngleMax(radius_mm + RadiusMm(entry.footprint)))) continue;
        if (Collide(footprint, entry.footprint, padding_)) found->push_back(key);
      }
    }
  }
}

}  // namespace muster
