#include "server/deconfliction/rules.h"

#include <algorithm>
#include <cmath>

#include "server/deconfliction/geometry.h"

namespace muster {
namespace {

bool DiscsTouch(const Footprint& a, const Footprint& b, int64_t distance_mm) {
  return distance_mm <= RadiusMm(a) + RadiusMm(b);
}

}  // namespace

int64_t RadiusMm(const Footprint& footprint) {
  const double radius_m = footprint.radius_m > 0 ? footprint.radius_m : kDefaultRadiusM;
  return std::llround(std::min(radius_m * 1000, double{kFarthestMm}));
}

bool WindowsCollide(const Footprint& a, const Footprint& b, absl::Duration padding) {
  return a.start - padding < b.end + padding && b.start - padding < a.end + padding;
}

bool Collide(const Footprint& a, const Footprint& b, absl::Duration padding) {
  return WindowsCollide(a, b, padding) && DiscsTouch(a, b, DistanceMm(a.center, b.center));
}

TimeSpan OverlapOf(const Footprint& a, const Footprint& b) {
  const absl::Time later_start = std::max(a.start, b.start);
  const absl::Time earlier_end = std::min(a.end, b.end);
  return {std::min(later_start, earlier_end), std::max(later_start, earlier_end)};
}

v1::DistanceBand DistanceBandOf(const Footprint& a, const Footprint& b) {
  const int64_t distance_mm = DistanceMm(a.center, b.center);
  if (DiscsTouch(a, b, distance_mm)) return v1::DISTANCE_BAND_OVERLAPPING;
  if (distance_mm <= 1'000'000) return v1::DISTANCE_BAND_WITHIN_1_KM;
  if (distance_mm <= 10'000'000) return v1::DISTANCE_BAND_WITHIN_10_KM;
  return v1::DISTANCE_BAND_BEYOND_10_KM;
}

}  // namespace muster
