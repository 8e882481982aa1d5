#include "server/deconfliction/space_time_index.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "server/deconfliction/geometry.h"

namespace muster {
namespace {

// The largest radius of each class that has cubes, and how many units long, as a power of two, its cubes are: about
// twice that radius.
struct RadiusClass {
  int64_t radius_max_m;
  int cube_bits;
};
constexpr std::array<RadiusClass, 3> kRadiusClassesWithCubes = {{{1'600, 20}, {12'800, 23}, {102'400, 26}}};

// The longest window of each class but the last, with the second by which a slot's may be longer.
constexpr std::array<int64_t, 3> kLengthClassMaxS = {24 * 3600 + 1, 16 * 24 * 3600 + 1, 256 * 24 * 3600 + 1};

// Of the sphere, in units.
constexpr double kSphereRadius = std::numeric_limits<int32_t>::max();
// What makes a coordinate positive.
constexpr int64_t kMiddle = int64_t{1} << 31;
constexpr int kCubeCoordinateBits = 14;  // Of the smallest cubes, four times as short as usual.

// The radii of curvature of WGS 84 lie between 6,335,439 m (the meridian's at the equator) and 6,399,594 m (at the
// poles). Latitude and longitude taken as a point of a sphere therefore move, along any path, by at least its length
// over the larger and at most its length over the smaller.
constexpr double kCurvatureRadiusMinM = 6'335'000;
constexpr double kCurvatureRadiusMaxM = 6'400'000;
// More than what rounding to units, to metres and to millimetres and floating point add up to.
constexpr double kSlackM = 2;

// The square of a straight line through the sphere, in units, that no two positions within `distance_m` of each other
// exceed: a chord is shorter than its arc.
double ChordSquareMax(double distance_m) {
  const double arc = (distance_m + kSlackM) / kCurvatureRadiusMinM * kSphereRadius;
  return arc * arc;
}

// The square of a line that two positions must exceed to be farther than `distance_m` from each other. A chord is
// shorter than its arc by no more than arc^2 / 24 of it.
double ChordSquareSurelyWithin(double distance_m) {
  const double arc = (distance_m - kSlackM) / kCurvatureRadiusMaxM;
  if (arc <= 0 || arc >= 1) return -1;
  return arc * arc * (1 - arc * arc / 12) * kSphereRadius * kSphereRadius;
}

double ChordSquare(const std::array<int32_t, 3>& a, const std::array<int32_t, 3>& b) {
  double square = 0;
  for (size_t i = 0; i < 3; ++i) {
    const auto along = static_cast<double>(int64_t{a[i]} - b[i]);
    square += along * along;
  }
  return square;
}

std::array<int32_t, 3> PointOf(const v1::LatLng& position) {
  // Clamped: the log may hold events of a time before latitudes were validated.
  const double latitude = std::clamp(position.latitude(), -90.0, 90.0) * (M_PI / 180);
  const double longitude = position.longitude() * (M_PI / 180);
  const auto units = [](double coordinate) { return static_cast<int32_t>(std::lrint(coordinate * kSphereRadius)); };
  return {units(std::cos(latitude) * std::cos(longitude)), units(std::cos(latitude) * std::sin(longitude)),
          units(std::sin(latitude))};
}

size_t RadiusClassOf(int64_t radius_m) {
  size_t radius_class = 0;
  while (radius_class < kRadiusClassesWithCubes.size() &&
         radius_m > kRadiusClassesWithCubes[radius_class].radius_max_m) {
    ++radius_class;
  }
  return radius_class;
}

size_t LengthClassOf(int64_t length_s) {
  const auto at = std::lower_bound(kLengthClassMaxS.begin(), kLengthClassMaxS.end(), length_s);
  return static_cast<size_t>(at - kLengthClassMaxS.begin());
}

uint32_t MetresRoundedUp(int64_t millimetres) { return static_cast<uint32_t>((millimetres + 999) / 1000); }

// The number of the cube along one axis.
uint64_t CubeCoordinate(int64_t coordinate, int cube_bits) {
  return static_cast<uint64_t>(std::clamp<int64_t>(coordinate + kMiddle, 0, 2 * kMiddle - 1)) >> cube_bits;
}

uint64_t CubeKey(size_t shelf, uint64_t x, uint64_t y, uint64_t z) {
  return (((uint64_t{shelf} << kCubeCoordinateBits | x) << kCubeCoordinateBits | y) << kCubeCoordinateBits) | z;
}

// The squares of the shortest and the longest way along one axis from `from` to the cubes of one number.
struct Span {
  double nearest_square;
  double farthest_square;
};
Span SpanFrom(int64_t from, uint64_t cube, int cube_bits) {
  const auto low = static_cast<double>((static_cast<int64_t>(cube) << cube_bits) - kMiddle - from);
  const double high = low + static_cast<double>(int64_t{1} << cube_bits);
  const double nearest = low > 0 ? low : std::min(high, 0.0);
  const double farthest = std::max(std::abs(low), std::abs(high));
  return {nearest * nearest, farthest * farthest};
}

// The cubes between two numbers along each axis. Leaves out those that lie beyond the reach of `center`, and those that
// the sphere does not pass through.
template <typename Visit>
void ForEachCubeAround(const std::array<int32_t, 3>& center, double reach_square, int cube_bits, const Visit& visit) {
  constexpr double kInside = (kSphereRadius - 4) * (kSphereRadius - 4);
  constexpr double kOutside = (kSphereRadius + 4) * (kSphereRadius + 4);
  const auto reach = static_cast<int64_t>(std::min(std::sqrt(reach_square) + 1, 2 * kSphereRadius));
  std::array<uint64_t, 3> first;
  std::array<uint64_t, 3> last;
  for (size_t i = 0; i < 3; ++i) {
    first[i] = CubeCoordinate(center[i] - reach, cube_bits);
    last[i] = CubeCoordinate(center[i] + reach, cube_bits);
  }
  for (uint64_t x = first[0]; x <= last[0]; ++x) {
    const Span x_apart = SpanFrom(center[0], x, cube_bits);
    const Span x_out = SpanFrom(0, x, cube_bits);
    for (uint64_t y = first[1]; y <= last[1]; ++y) {
      const Span y_apart = SpanFrom(center[1], y, cube_bits);
      const Span y_out = SpanFrom(0, y, cube_bits);
      if (x_apart.nearest_square + y_apart.nearest_square > reach_square) continue;
      for (uint64_t z = first[2]; z <= last[2]; ++z) {
        const Span z_apart = SpanFrom(center[2], z, cube_bits);
        const Span z_out = SpanFrom(0, z, cube_bits);
        if (x_apart.nearest_square + y_apart.nearest_square + z_apart.nearest_square > reach_square) continue;
        if (x_out.nearest_square + y_out.nearest_square + z_out.nearest_square > kOutside) continue;
        if (x_out.farthest_square + y_out.farthest_square + z_out.farthest_square < kInside) continue;
        visit(x, y, z);
      }
    }
  }
}

}  // namespace

struct SpaceTimeIndex::Question {
  const Footprint& footprint;
  uint32_t radius_m;  // Rounded up.
  Point center;
  // No window that starts later or ends earlier meets the question's.
  int64_t latest_start_s;
  int64_t earliest_end_s;
};

size_t SpaceTimeIndex::ShelfOf(size_t radius_class, size_t length_class, Radii radii) {
  return (radius_class * kLengthClasses + length_class) * 2 + (radii == Radii::kSmaller ? 1 : 0);
}

SpaceTimeIndex::Slot SpaceTimeIndex::SlotOf(const Activities::value_type& activity) {
  const Footprint& footprint = activity.second;
  const int64_t start_s = absl::ToUnixSeconds(footprint.start);
  const int64_t end_s = std::max(start_s, absl::ToUnixSeconds(footprint.end)) + 1;
  return {start_s, &activity, end_s, PointOf(footprint.center), MetresRoundedUp(RadiusMm(footprint))};
}

int SpaceTimeIndex::CubeBits(size_t radius_class) const {
  return kRadiusClassesWithCubes[radius_class].cube_bits + cube_shift_;
}

template <typename Visit>
void SpaceTimeIndex::ForEachPlace(const Slot& slot, const Visit& visit) const {
  static_assert(kRadiusClassesWithCubes.size() + 1 == kRadiusClasses && kLengthClassMaxS.size() + 1 == kLengthClasses);
  const size_t length_class = LengthClassOf(slot.end_s - slot.start_s);
  const size_t own_class = RadiusClassOf(slot.radius_m);
  if (own_class == kRadiusClassesWithCubes.size()) {
    const size_t shelf = ShelfOf(own_class, length_class, Radii::kOwn);
    visit(shelf, CubeKey(shelf, 0, 0, 0));
    return;
  }
  for (size_t radius_class = own_class; radius_class < kRadiusClassesWithCubes.size(); ++radius_class) {
    const size_t shelf = ShelfOf(radius_class, length_class, radius_class == own_class ? Radii::kOwn : Radii::kSmaller);
    const int cube_bits = CubeBits(radius_class);
    visit(shelf, CubeKey(shelf, CubeCoordinate(slot.center[0], cube_bits), CubeCoordinate(slot.center[1], cube_bits),
                         CubeCoordinate(slot.center[2], cube_bits)));
  }
}

void SpaceTimeIndex::Add(const ActivityKey& key, const Footprint& footprint) {
  Remove(key);
  const Slot slot = SlotOf(*activities_.insert({key, footprint}).first);
  ForEachPlace(slot, [&](size_t at, uint64_t cube) {
    cubes_[cube].insert(slot);
    Shelf& shelf = shelves_[at];
    ++shelf.slots;
    shelf.length_max_s = std::max(shelf.length_max_s, slot.end_s - slot.start_s);
    shelf.radius_max_m = std::max(shelf.radius_max_m, slot.radius_m);
  });
}

void SpaceTimeIndex::Remove(const ActivityKey& key) {
  const auto activity = activities_.find(key);
  if (activity == activities_.end()) return;
  const Slot slot = SlotOf(*activity);
  ForEachPlace(slot, [&](size_t at, uint64_t cube) {
    const auto slots = cubes_.find(cube);
    slots->second.erase(slot);
    if (slots->second.empty()) cubes_.erase(slots);
    if (--shelves_[at].slots == 0) shelves_[at] = Shelf();
  });
  activities_.erase(activity);
}

std::vector<ActivityKey> SpaceTimeIndex::Colliding(const Footprint& footprint) const {
  std::vector<ActivityKey> found;
  const Question question = {footprint, MetresRoundedUp(RadiusMm(footprint)), PointOf(footprint.center),
                             absl::ToUnixSeconds(footprint.end + 2 * padding_),
                             absl::ToUnixSeconds(footprint.start - 2 * padding_)};
  const size_t own_class = RadiusClassOf(question.radius_m);
  if (own_class == kRadiusClassesWithCubes.size()) {
    for (const auto& [key, other] : activities_) {
      if (Collide(footprint, other, padding_)) found.push_back(key);
    }
    return found;
  }
  // First which cubes, then what they hold: the processor fetches their places while the others are found.
  Cubes cubes;
  for (size_t length_class = 0; length_class < kLengthClasses; ++length_class) {
    AddCubes(question, ShelfOf(own_class, length_class, Radii::kSmaller), &cubes);
    for (size_t radius_class = own_class; radius_class < kRadiusClasses; ++radius_class) {
      AddCubes(question, ShelfOf(radius_class, length_class, Radii::kOwn), &cubes);
    }
  }
  for (const auto& [shelf, cube] : cubes) {
    const auto slots = cubes_.find(cube);
    if (slots != cubes_.end()) AskCube(question, *shelf, slots->second, &found);
  }
  std::sort(found.begin(), found.end());
  return found;
}

// Adds the cubes of one shelf where something may collide with the question, and has the processor fetch them.
void SpaceTimeIndex::AddCubes(const Question& question, size_t at, Cubes* cubes) const {
  const Shelf& shelf = shelves_[at];
  if (shelf.slots == 0) return;
  const size_t radius_class = at / (2 * kLengthClasses);
  const auto add = [&](uint64_t x, uint64_t y, uint64_t z) {
    cubes->push_back({&shelf, CubeKey(at, x, y, z)});
    cubes_.prefetch(cubes->back().second);
  };
  if (radius_class == kRadiusClassesWithCubes.size()) {
    add(0, 0, 0);
    return;
  }
  const double reach_square = ChordSquareMax(static_cast<double>(question.radius_m) + shelf.radius_max_m);
  ForEachCubeAround(question.center, reach_square, CubeBits(radius_class), add);
}

void SpaceTimeIndex::AskCube(const Question& question, const Shelf& shelf, const Slots& slots,
                             std::vector<ActivityKey>* found) const {
  Slot from;
  from.start_s = question.earliest_end_s - shelf.length_max_s;
  for (auto slot = slots.lower_bound(from); slot != slots.end() && slot->start_s <= question.latest_start_s; ++slot) {
    if (slot->end_s < question.earliest_end_s) continue;
    const double apart_square = ChordSquare(question.center, slot->center);
    const double reach_m = static_cast<double>(question.radius_m) + slot->radius_m;
    if (apart_square > ChordSquareMax(reach_m)) continue;
    const auto& [key, other] = *slot->activity;
    // Both radii were rounded up to a metre.
    const bool touches = apart_square <= ChordSquareSurelyWithin(reach_m - 2);
    if (touches ? WindowsCollide(question.footprint, other, padding_) : Collide(question.footprint, other, padding_)) {
      found->push_back(key);
    }
  }
}

}  // namespace muster
