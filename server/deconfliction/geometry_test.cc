#include "server/deconfliction/geometry.h"

#include <gtest/gtest.h>

#include <cmath>

#include "common/testing/test_messages.h"
#include "server/deconfliction/testing/world.h"

namespace muster {
namespace {

// Feet of arcs as surveyors write them.
double Degrees(double degrees, double minutes, double seconds) { return degrees + minutes / 60 + seconds / 3600; }

TEST(Distance, C2AgreesWithTheGeodesicThatSurveyorsTestWith) {
  // Flinders Peak to Buninyong: Geodetic Datum of Australia Technical Manual, 54972.271 m.
  EXPECT_EQ(DistanceMm(At(-Degrees(37, 57, 3.72030), Degrees(144, 25, 29.52440)),
                       At(-Degrees(37, 39, 10.15610), Degrees(143, 55, 35.38390))),
            54'972'271);
}

TEST(Distance, C2AgreesWithTheEllipsoid) {
  // From the equator to a pole: the quarter meridian of WGS 84, 10,001,965.729 m.
  EXPECT_EQ(DistanceMm(At(0, -90.2), At(90, 12)), 10'001'965'729);
  EXPECT_EQ(DistanceMm(At(0, -90.2), At(-90, 12)), 10'001'965'729);
  // A degree of the equator: 6,378,137 m x pi / 180.
  EXPECT_EQ(DistanceMm(At(0, 10), At(0, 11)), 111'319'491);
}

TEST(Distance, C2AllLongitudesMeetAtThePoles) {
  EXPECT_EQ(DistanceMm(At(90, 0), At(90, 137)), 0);
  EXPECT_EQ(DistanceMm(At(-90, -180), At(-90, 45)), 0);
  // Over the pole, not round it: twice a thousandth of a degree of the meridian there.
  EXPECT_EQ(DistanceMm(At(89.999, 0), At(89.999, 180)), 223'388);
}

TEST(Distance, C2TheAntimeridianIsNoBorder) {
  EXPECT_EQ(DistanceMm(At(0, 179.999), At(0, -179.999)), 222'639);
  EXPECT_EQ(DistanceMm(At(-18, 180), At(-18, -180)), 0);
}

TEST(Distance, C2AntipodesAreHalfAMeridianApart) {
  EXPECT_EQ(DistanceMm(At(0, 0), At(0, 180)), 20'003'931'459);
  EXPECT_EQ(DistanceMm(At(38.6, -90.2), At(-38.6, 89.8)), 20'003'931'459);
  // Where the iteration that is usually taken (Vincenty's) does not converge.
  EXPECT_EQ(DistanceMm(At(0, 0), At(0.5, 179.5)), 19'936'288'579);
}

TEST(Distance, C2NearbyDistancesFollowTheEllipsoidsCurvature) {
  std::mt19937_64 random = SeededRandom();
  std::uniform_real_distribution<double> latitude(-85, 85);
  std::uniform_real_distribution<double> longitude(-180, 180);
  std::uniform_real_distribution<double> step(-0.01, 0.01);
  for (int i = 0; i < 1000; ++i) {
    const v1::LatLng a = At(latitude(random), longitude(random));
    const v1::LatLng b = At(a.latitude() + step(random), a.longitude() + step(random));
    // The radii of curvature of the meridian and across it, half way.
    const double phi = (a.latitude() + b.latitude()) / 2 * M_PI / 180;
    const double e2 = 6.69437999014e-3;
    const double w2 = 1 - e2 * std::sin(phi) * std::sin(phi);
    const double north_m = 6378137 * (1 - e2) / std::pow(w2, 1.5) * (b.latitude() - a.latitude()) * M_PI / 180;
    const double east_m = 6378137 / std::sqrt(w2) * std::cos(phi) * (b.longitude() - a.longitude()) * M_PI / 180;
    const double expected_mm = 1000 * std::hypot(north_m, east_m);
    EXPECT_NEAR(static_cast<double>(DistanceMm(a, b)), expected_mm, 1 + expected_mm * 1e-5)
        << a.ShortDebugString() << " " << b.ShortDebugString();
  }
}

TEST(Distance, C2IsTheSameBothWays) {
  std::mt19937_64 random = SeededRandom();
  WorldMaker maker(&random);
  for (int i = 0; i < 2000; ++i) {
    const v1::LatLng a = maker.Next().center;
    const v1::LatLng b = maker.Next().center;
    EXPECT_EQ(DistanceMm(a, b), DistanceMm(b, a));
    EXPECT_EQ(DistanceMm(a, a), 0);
  }
}

}  // namespace
}  // namespace muster
