// Random activities for tests, and rule C2 written once more as plainly as can be, as the oracle of rule C3.
#ifndef MUSTER_SERVER_DECONFLICTION_TESTING_WORLD_H_
#define MUSTER_SERVER_DECONFLICTION_TESTING_WORLD_H_

#include <cstdint>
#include <map>
#include <random>
#include <vector>

#include "server/deconfliction/rules.h"
#include "server/deconfliction/space_time_index.h"

namespace muster {

v1::LatLng At(double latitude, double longitude);

// The position `distance_m` from `from` in the direction `azimuth_degrees` (0 is north, 90 east).
v1::LatLng Towards(const v1::LatLng& from, double azimuth_degrees, double distance_m);

using World = std::map<ActivityKey, Footprint>;

// Makes activities in some sixty days of a few years: most around cities, some anywhere, at the poles and along the
// antimeridian; radii from the default and centimetres to 100 km; windows from a quarter of an hour to years. Of each
// ten, three have to do with an earlier one: their discs touch to the millimetre or miss by one, or their widened
// windows touch or overlap by one nanosecond.
class WorldMaker {
 public:
  explicit WorldMaker(std::mt19937_64* random) : random_(*random) {}

  Footprint Next();
  // `count` of them, under keys in no order.
  World Make(size_t count);

 private:
  double Uniform(double low, double high) { return std::uniform_real_distribution<double>(low, high)(random_); }
  int64_t Below(int64_t bound) { return std::uniform_int_distribution<int64_t>(0, bound - 1)(random_); }
  v1::LatLng Place();
  double Radius();
  void SetWindow(Footprint* footprint);
  Footprint Neighbour(const Footprint& other);

  std::mt19937_64& random_;
  std::vector<Footprint> made_;
};

// Rule C2, said once more.
bool PlainlyCollide(const Footprint& a, const Footprint& b);

// Every activity of `world` that plainly collides with `footprint`, by trying each.
std::vector<ActivityKey> PlainlyColliding(const World& world, const Footprint& footprint);

}  // namespace muster

#endif  // MUSTER_SERVER_DECONFLICTION_TESTING_WORLD_H_
