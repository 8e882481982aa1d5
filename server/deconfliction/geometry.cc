#include "server/deconfliction/geometry.h"

#include <cmath>
#include <tuple>

#include "GeographicLib/Geodesic.hpp"

namespace muster {

int64_t DistanceMm(const v1::LatLng& a, const v1::LatLng& b) {
  // Always the same way round, so that the order of the arguments cannot decide the last bit either.
  const bool swapped = std::tuple(b.latitude(), b.longitude()) < std::tuple(a.latitude(), a.longitude());
  const v1::LatLng& from = swapped ? b : a;
  const v1::LatLng& to = swapped ? a : b;
  double distance_m = 0;
  GeographicLib::Geodesic::WGS84().Inverse(from.latitude(), from.longitude(), to.latitude(), to.longitude(),
                                           distance_m);
  return std::llround(distance_m * 1000);
}

}  // namespace muster
