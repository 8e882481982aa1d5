#include "server/deconfliction/rules.h"

#include <gtest/gtest.h>

#include "common/testing/test_messages.h"
#include "server/deconfliction/geometry.h"
#include "server/deconfliction/testing/world.h"

namespace muster {
namespace {

const absl::Time kNoon = absl::FromUnixSeconds(1'630'000'800);

// An activity from noon until two.
Footprint Activity(const v1::LatLng& center, double radius_m = 100) {
  return {center, radius_m, kNoon, kNoon + absl::Hours(2)};
}

Footprint Later(Footprint footprint, absl::Duration by) {
  footprint.start += by;
  footprint.end += by;
  return footprint;
}

TEST(Rules, C2DiscsThatTouchToTheMillimetreCollide) {
  for (const v1::LatLng& center : {At(38.63, -90.2), At(90, 0), At(-89.9999, 12), At(0, 180), At(0, 0)}) {
    for (const double azimuth : {0.0, 45.0, 90.0, 200.0, 270.0}) {
      const Footprint a = Activity(center, 100);
      const Footprint b = Activity(Towards(center, azimuth, 150.25), 50.25);
      ASSERT_EQ(DistanceMm(a.center, b.center), 150'250);
      EXPECT_TRUE(Collide(a, b));
      EXPECT_FALSE(Collide(a, Activity(b.center, 50.249)));
    }
  }
}

TEST(Rules, C2ARadiusOfZeroIsNineHundredAndFiftyFeet) {
  const v1::LatLng center = At(38.63, -90.2);
  EXPECT_TRUE(Collide(Activity(center, 0), Activity(Towards(center, 30, 2 * 950 * 0.3048), 0)));
  EXPECT_FALSE(Collide(Activity(center, 0), Activity(Towards(center, 30, 2 * 950 * 0.3048 + 0.001), 0)));
}

TEST(Rules, C2DiscsCollideAcrossTheAntimeridianAndThePoles) {
  EXPECT_TRUE(Collide(Activity(At(-18, 179.9995)), Activity(At(-18, -179.9995))));
  EXPECT_TRUE(Collide(Activity(At(89.9996, 20)), Activity(At(89.9996, -160))));
  EXPECT_FALSE(Collide(Activity(At(89.99, 20)), Activity(At(89.99, -160))));
}

TEST(Rules, C2WindowsCollideUntilAnHourLiesBetweenThem) {
  const Footprint a = Activity(At(38.63, -90.2));
  const absl::Duration apart = absl::Hours(2) + 2 * kWindowPadding;
  EXPECT_TRUE(Collide(a, Later(a, apart - absl::Nanoseconds(1))));
  EXPECT_FALSE(Collide(a, Later(a, apart)));
  EXPECT_TRUE(Collide(a, Later(a, -apart + absl::Nanoseconds(1))));
  EXPECT_FALSE(Collide(a, Later(a, -apart)));
}

TEST(Rules, C2ThePaddingIsTheCallers) {
  const Footprint a = Activity(At(38.63, -90.2));
  EXPECT_FALSE(Collide(a, Later(a, absl::Hours(2)), absl::ZeroDuration()));
  EXPECT_TRUE(Collide(a, Later(a, absl::Hours(2) - absl::Nanoseconds(1)), absl::ZeroDuration()));
  EXPECT_TRUE(Collide(a, Later(a, absl::Hours(20)), absl::Hours(10)));
}

TEST(Rules, C2CollidingIsSymmetricAndAsThePlainRuleSays) {
  std::mt19937_64 random = SeededRandom();
  WorldMaker maker(&random);
  const World world = maker.Make(300);
  int collisions = 0;
  for (const auto& [key_a, a] : world) {
    for (const auto& [key_b, b] : world) {
      EXPECT_EQ(Collide(a, b), PlainlyCollide(a, b));
      EXPECT_EQ(Collide(a, b), Collide(b, a));
      EXPECT_EQ(DistanceBandOf(a, b), DistanceBandOf(b, a));
      collisions += Collide(a, b);
    }
  }
  EXPECT_GT(collisions, 300);
}

TEST(Rules, C7TheOverlapIsWhatBothWindowsShare) {
  const Footprint a = Activity(At(38.63, -90.2));
  const Footprint b = Later(a, absl::Minutes(90));
  EXPECT_EQ(OverlapOf(a, b).start, b.start);
  EXPECT_EQ(OverlapOf(a, b).end, a.end);
  EXPECT_EQ(OverlapOf(b, a).start, b.start);
  EXPECT_EQ(OverlapOf(b, a).end, a.end);
  Footprint inside = a;
  inside.start += absl::Minutes(1);
  inside.end -= absl::Minutes(1);
  EXPECT_EQ(OverlapOf(a, inside).start, inside.start);
  EXPECT_EQ(OverlapOf(a, inside).end, inside.end);
}

TEST(Rules, C7TheOverlapOfWindowsThatOnlyPaddingJoinsIsTheGapBetweenThem) {
  const Footprint a = Activity(At(38.63, -90.2));
  const Footprint b = Later(a, absl::Minutes(150));
  for (const TimeSpan& gap : {OverlapOf(a, b), OverlapOf(b, a)}) {
    EXPECT_EQ(gap.start, a.end);
    EXPECT_EQ(gap.end, b.start);
  }
  const TimeSpan met = OverlapOf(a, Later(a, absl::Hours(2)));
  EXPECT_EQ(met.start, a.end);
  EXPECT_EQ(met.end, a.end);
}

TEST(Rules, C7TheBandIsOverlappingOrTheDistanceOfTheCentres) {
  const v1::LatLng center = At(38.63, -90.2);
  const auto band = [&center](double distance_m, double radius_m) {
    return DistanceBandOf(Activity(center, radius_m), Activity(Towards(center, 75, distance_m), radius_m));
  };
  EXPECT_EQ(band(200, 100), v1::DISTANCE_BAND_OVERLAPPING);
  EXPECT_EQ(band(200.001, 100), v1::DISTANCE_BAND_WITHIN_1_KM);
  EXPECT_EQ(band(1000, 100), v1::DISTANCE_BAND_WITHIN_1_KM);
  EXPECT_EQ(band(1000.001, 100), v1::DISTANCE_BAND_WITHIN_10_KM);
  EXPECT_EQ(band(10'000, 100), v1::DISTANCE_BAND_WITHIN_10_KM);
  EXPECT_EQ(band(10'000.001, 100), v1::DISTANCE_BAND_BEYOND_10_KM);
  EXPECT_EQ(band(10'000.001, 6'000), v1::DISTANCE_BAND_OVERLAPPING);
}

}  // namespace
}  // namespace muster
