// The rules of deconfliction between two activities: whether they collide, and what an alert may say of it.
//
// Threading: pure functions, from any thread.
#ifndef MUSTER_SERVER_DECONFLICTION_RULES_H_
#define MUSTER_SERVER_DECONFLICTION_RULES_H_

#include <cstdint>

#include "absl/time/time.h"
#include "muster/v1/activity.pb.h"

namespace muster {

// 950 ft, the radius on the one published deconfliction form.
inline constexpr double kDefaultRadiusM = 289.56;

// How much each window is widened on both sides before windows are compared (rule C2). Two activities thus collide
// until the gap between them is twice this.
inline constexpr absl::Duration kWindowPadding = absl::Minutes(30);

// Half of WGS 84's longest meridian, rounded up: nothing is farther from anything.
inline constexpr int64_t kFarthestMm = 20'040'000'000;

// The part of an activity that collides: a disc on the ground during [start, end). Positions are finite, with a
// latitude in [-90, 90] and a longitude in [-180, 180]; times are finite. What was not given (rule C5) is not a
// footprint and never becomes one by a default.
struct Footprint {
  v1::LatLng center;
  // 0 means kDefaultRadiusM. Counted in whole millimetres, as distances are.
  double radius_m = 0;
  absl::Time start;
  absl::Time end;
};

// A part of time, [start, end).
struct TimeSpan {
  absl::Time start;
  absl::Time end;
};

// The radius that counts, in millimetres: the default for 0 or less, and at most kFarthestMm.
int64_t RadiusMm(const Footprint& footprint);

// Whether the windows overlap after each is widened by `padding` on both sides. Half-open: widened windows that only
// touch do not overlap.
bool WindowsCollide(const Footprint& a, const Footprint& b, absl::Duration padding = kWindowPadding);

// Rule C2: WindowsCollide, and the discs touch or overlap (geodesic distance <= the sum of the radii). Symmetric.
bool Collide(const Footprint& a, const Footprint& b, absl::Duration padding = kWindowPadding);

// What an alert shows as the overlap of two windows that collide. Where the windows themselves overlap, that part.
// Where only the widened windows do, the gap between them: from the end of the earlier to the start of the later, which
// is empty (start == end) when they meet. Symmetric.
TimeSpan OverlapOf(const Footprint& a, const Footprint& b);

// What an alert shows as the distance: OVERLAPPING when the discs touch or overlap, otherwise by the distance between
// the centres, each limit inclusive. Symmetric; whatever the windows.
v1::DistanceBand DistanceBandOf(const Footprint& a, const Footprint& b);

}  // namespace muster

#endif  // MUSTER_SERVER_DECONFLICTION_RULES_H_
