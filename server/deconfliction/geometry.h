// How far apart two positions are (rule C2).
//
// Threading: a pure function, from any thread.
#ifndef MUSTER_SERVER_DECONFLICTION_GEOMETRY_H_
#define MUSTER_SERVER_DECONFLICTION_GEOMETRY_H_

#include <cstdint>

#include "muster/v1/activity.pb.h"

namespace muster {

// The length of the shortest path between `a` and `b` on the WGS 84 ellipsoid, in whole millimetres, rounded half away
// from zero. Right at the poles, across the antimeridian and for nearly antipodal positions: C. F. F. Karney,
// "Algorithms for geodesics", Journal of Geodesy 87 (2013), whose error is about 15 nanometres. `a` and `b` must be
// finite with latitudes in [-90, 90]. The same both ways.
//
// Why whole millimetres: brokers decide the same events on different machines, and sine and cosine may differ there in
// the last bit. Distances that people choose, such as exactly the sum of two radii, then fall on the same side
// everywhere. What is left is a distance within nanometres of half a millimetre.
int64_t DistanceMm(const v1::LatLng& a, const v1::LatLng& b);

}  // namespace muster

#endif  // MUSTER_SERVER_DECONFLICTION_GEOMETRY_H_
