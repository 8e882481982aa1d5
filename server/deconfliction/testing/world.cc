#include "server/deconfliction/testing/world.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "GeographicLib/Geodesic.hpp"
#include "absl/strings/str_cat.h"

namespace muster {
namespace {

constexpr int64_t kNanosPerHour = 3'600'000'000'000;

struct Place {
  double latitude;
  double longitude;
};
// St. Louis, Kansas City, Louisville, Nashville, Omaha, Des Moines, Suva (beside the antimeridian), Quito (on the
// equator), Longyearbyen.
constexpr std::array<Place, 9> kCities = {{{38.63, -90.20},
                                           {39.10, -94.58},
                                           {38.25, -85.76},
                                           {36.16, -86.78},
                                           {41.26, -95.93},
                                           {41.59, -93.62},
                                           {-18.14, 178.44},
                                           {-0.18, -78.47},
                                           {78.22, 15.65}}};

double InverseM(const v1::LatLng& a, const v1::LatLng& b) {
  double distance_m = 0;
  GeographicLib::Geodesic::WGS84().Inverse(a.latitude(), a.longitude(), b.latitude(), b.longitude(), distance_m);
  return distance_m;
}

int64_t Millimetres(double metres) { return std::llround(metres * 1000); }

}  // namespace

v1::LatLng At(double latitude, double longitude) {
  v1::LatLng position;
  position.set_latitude(latitude);
  position.set_longitude(longitude);
  return position;
}

v1::LatLng Towards(const v1::LatLng& from, double azimuth_degrees, double distance_m) {
  double latitude = 0;
  double longitude = 0;
  GeographicLib::Geodesic::WGS84().Direct(from.latitude(), from.longitude(), azimuth_degrees, distance_m, latitude,
                                          longitude);
  return At(latitude, longitude);
}

v1::LatLng WorldMaker::Place() {
  const int64_t kind = Below(20);
  if (kind == 0) {  // Anywhere, evenly over the sphere.
    return At(std::asin(Uniform(-1, 1)) * 180 / M_PI, Uniform(-180, 180));
  }
  if (kind == 1) {  // The poles, and what lies around them.
    const v1::LatLng pole = At(Below(2) == 0 ? 90 : -90, Uniform(-180, 180));
    return Below(4) == 0 ? pole : Towards(pole, Uniform(0, 360), Uniform(0, 30'000));
  }
  if (kind == 2) {  // Both sides of the antimeridian, and on it under both its names.
    const v1::LatLng line = At(Uniform(-20, 20), Below(2) == 0 ? 180 : -180);
    return Below(4) == 0 ? line : Towards(line, Uniform(0, 360), Uniform(0, 30'000));
  }
  const auto& city = kCities[static_cast<size_t>(Below(kCities.size()))];
  return Towards(At(city.latitude, city.longitude), Uniform(0, 360), std::abs(Uniform(-1, 1) * Uniform(0, 60'000)));
}

double WorldMaker::Radius() {
  const int64_t kind = Below(10);
  if (kind < 5) return 0;
  if (kind < 7) return static_cast<double>(1 + Below(500));
  if (kind == 7) return std::pow(10, Uniform(-2, 5));  // 1 cm to 100 km.
  if (kind == 8) return std::array<double, 4>{1600, 12800, 12800.001, 102400}[static_cast<size_t>(Below(4))];
  return Uniform(100, 3000);
}

void WorldMaker::SetWindow(Footprint* footprint) {
  // Twice in three weeks of 2021, otherwise in all of 1967 to 2024.
  const absl::Time august = absl::FromUnixSeconds(1'628'000'000);
  footprint->start = Below(10) == 0 ? absl::FromUnixSeconds(Below(1'800'000'000) - 94'000'000)
                                    : august + absl::Minutes(15) * Below(60 * 24 * 4);
  if (Below(4) == 0) footprint->start += absl::Nanoseconds(Below(kNanosPerHour));
  const int64_t kind = Below(100);
  absl::Duration length = absl::Minutes(15) * (1 + Below(16));  // Up to 4 hours.
  if (kind >= 80) length = absl::Hours(1 + Below(72));
  if (kind >= 97) length = absl::Hours(1 + Below(24 * 60));
  if (kind == 99) length = absl::Hours(1 + Below(24 * 365 * 3));
  footprint->end = footprint->start + length;
}

// An activity at the very edge of colliding with `other`.
Footprint WorldMaker::Neighbour(const Footprint& other) {
  Footprint footprint = other;
  const int64_t kind = Below(3);
  if (kind != 0) {  // Discs that touch, or miss by a millimetre.
    const int64_t other_mm = other.radius_m > 0 ? Millimetres(other.radius_m) : 289'560;
    footprint.center =
        Towards(other.center, Uniform(0, 360), static_cast<double>(other_mm) / 1000 + std::pow(10, Uniform(-2, 5)));
    const int64_t gap_mm = Millimetres(InverseM(other.center, footprint.center)) - other_mm;
    footprint.radius_m = static_cast<double>(std::max<int64_t>(1, gap_mm - Below(2))) / 1000;
  }
  if (kind != 1) {  // Widened windows that touch, or overlap by a nanosecond; before or after.
    const absl::Duration length = absl::Minutes(15) * (1 + Below(40));
    const absl::Duration gap = absl::Hours(1) - absl::Nanoseconds(Below(2));
    footprint.start = Below(2) == 0 ? other.end + gap : other.start - gap - length;
    footprint.end = footprint.start + length;
  }
  return footprint;
}

Footprint WorldMaker::Next() {
  Footprint footprint;
  if (!made_.empty() && Below(10) < 3) {
    footprint = Neighbour(made_[static_cast<size_t>(Below(static_cast<int64_t>(made_.size())))]);
  } else {
    footprint.center = Place();
    footprint.radius_m = Radius();
    SetWindow(&footprint);
  }
  made_.push_back(footprint);
  return footprint;
}

World WorldMaker::Make(size_t count) {
  World world;
  while (world.size() < count) {
    world[{absl::StrCat("agency-", Below(12)), absl::StrCat(random_())}] = Next();
  }
  return world;
}

bool PlainlyCollide(const Footprint& a, const Footprint& b) {
  // Thirty minutes more on each side of each window.
  const absl::Duration gap = std::max(a.start, b.start) - std::min(a.end, b.end);
  if (gap >= absl::Minutes(60)) return false;
  const double a_m = a.radius_m == 0 ? 289.56 : a.radius_m;
  const double b_m = b.radius_m == 0 ? 289.56 : b.radius_m;
  return Millimetres(InverseM(a.center, b.center)) <= Millimetres(a_m) + Millimetres(b_m);
}

std::vector<ActivityKey> PlainlyColliding(const World& world, const Footprint& footprint) {
  std::vector<ActivityKey> found;
  for (const auto& [key, other] : world) {
    if (PlainlyCollide(footprint, other)) found.push_back(key);
  }
  return found;
}

}  // namespace muster
