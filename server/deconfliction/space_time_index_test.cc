#include "server/deconfliction/space_time_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "common/testing/test_messages.h"
#include "server/deconfliction/testing/world.h"

namespace muster {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const absl::Time kNoon = absl::FromUnixSeconds(1'630'000'800);

Footprint Activity(const v1::LatLng& center, double radius_m = 100) {
  return {center, radius_m, kNoon, kNoon + absl::Hours(2)};
}

// Compares the index with the oracle for every activity of `world`.
void ExpectEqualToThePlainRule(const SpaceTimeIndex& index, const World& world) {
  ASSERT_EQ(index.size(), world.size());
  for (const auto& [key, footprint] : world) {
    ASSERT_EQ(index.Colliding(footprint), PlainlyColliding(world, footprint)) << key.first << " " << key.second;
  }
}

TEST(SpaceTimeIndex, C3EveryPairIsAsThePlainRuleSays) {
  std::mt19937_64 random = SeededRandom();
  for (int i = 0; i < 3; ++i) {
    WorldMaker maker(&random);
    const World world = maker.Make(1000);
    SpaceTimeIndex index;
    for (const auto& [key, footprint] : world) index.Add(key, footprint);
    ExpectEqualToThePlainRule(index, world);
  }
}

TEST(SpaceTimeIndex, C3TheLengthOfCubesDoesNotShow) {
  std::mt19937_64 random = SeededRandom();
  WorldMaker maker(&random);
  const World world = maker.Make(700);
  for (const int cube_shift : {-2, -1, 1, 2}) {
    SpaceTimeIndex index(kWindowPadding, cube_shift);
    for (const auto& [key, footprint] : world) index.Add(key, footprint);
    ExpectEqualToThePlainRule(index, world);
  }
}

TEST(SpaceTimeIndex, C3EveryPairIsAsThePlainRuleSaysAfterMovesAndRemovals) {
  std::mt19937_64 random = SeededRandom();
  WorldMaker maker(&random);
  World world = maker.Make(700);
  SpaceTimeIndex index;
  for (const auto& [key, footprint] : world) index.Add(key, footprint);
  for (int round = 0; round < 3; ++round) {
    for (auto at = world.begin(); at != world.end();) {
      const uint64_t fate = random() % 4;
      if (fate == 0) {
        index.Remove(at->first);
        index.Remove(at->first);  // Once more does nothing.
        at = world.erase(at);
        continue;
      }
      if (fate == 1) {
        at->second = maker.Next();
        index.Add(at->first, at->second);
      }
      ++at;
    }
    ExpectEqualToThePlainRule(index, world);
  }
}

TEST(SpaceTimeIndex, C3TheOrderOfAddingDoesNotShow) {
  std::mt19937_64 random = SeededRandom();
  WorldMaker maker(&random);
  const World world = maker.Make(500);
  std::vector<std::pair<ActivityKey, Footprint>> shuffled(world.begin(), world.end());
  std::shuffle(shuffled.begin(), shuffled.end(), random);
  SpaceTimeIndex index;
  SpaceTimeIndex other;
  for (const auto& [key, footprint] : world) index.Add(key, footprint);
  for (const auto& [key, footprint] : shuffled) other.Add(key, footprint);
  for (const auto& [key, footprint] : world) EXPECT_EQ(index.Colliding(footprint), other.Colliding(footprint));
}

TEST(SpaceTimeIndex, C3DiscsOfTwoHundredKilometresTouchInEveryDirection) {
  // Along a meridian at the equator, degrees are shortest and the margin between sphere and ellipsoid is least.
  for (const v1::LatLng& center : {At(0, 0), At(0, 180), At(45, 45), At(35.26, 45), At(89.5, 3), At(-90, 0)}) {
    for (int azimuth = 0; azimuth < 360; azimuth += 5) {
      SpaceTimeIndex index;
      index.Add({"mo-ago", "a"}, Activity(center, 100'000));
      const v1::LatLng other = Towards(center, azimuth, 200'000);
      EXPECT_THAT(index.Colliding(Activity(other, 100'000)), ElementsAre(ActivityKey("mo-ago", "a")));
      EXPECT_THAT(index.Colliding(Activity(other, 99'999.999)), IsEmpty());
    }
  }
}

TEST(SpaceTimeIndex, C3DiscsOfAMillimetreTouchInEveryDirection) {
  std::mt19937_64 random = SeededRandom();
  WorldMaker maker(&random);
  for (int i = 0; i < 500; ++i) {
    const v1::LatLng center = maker.Next().center;
    const v1::LatLng other = Towards(center, static_cast<double>(random() % 360), 0.002);
    SpaceTimeIndex index;
    index.Add({"mo-ago", "a"}, Activity(center, 0.001));
    EXPECT_THAT(index.Colliding(Activity(other, 0.001)), ElementsAre(ActivityKey("mo-ago", "a")));
  }
}

TEST(SpaceTimeIndex, C3DiscsOfEverySizeTouchOrMissByAMillimetreAsThePlainRuleSays) {
  std::mt19937_64 random = SeededRandom();
  WorldMaker maker(&random);
  std::uniform_real_distribution<double> magnitude(-1, 5.5);
  size_t touching = 0;
  for (int i = 0; i < 20'000; ++i) {
    const Footprint here = {maker.Next().center, std::pow(10, magnitude(random)), kNoon, kNoon + absl::Hours(2)};
    const double reach_m = std::pow(10, magnitude(random));
    Footprint there = here;
    there.center = Towards(here.center, static_cast<double>(random() % 360), here.radius_m + reach_m);
    // At the edge, a millimetre off it, and where the bounds begin to decide without a geodesic.
    const double off_m = std::array<double, 5>{-0.001, 0, 0.001, reach_m * 0.011, -reach_m * 0.011}[random() % 5];
    there.radius_m = std::max(0.001, reach_m + off_m);
    SpaceTimeIndex index;
    index.Add({"mo-ago", "a"}, here);
    ASSERT_EQ(index.Colliding(there).size(), PlainlyCollide(here, there) ? 1 : 0)
        << here.center.ShortDebugString() << " " << here.radius_m << ", " << there.center.ShortDebugString() << " "
        << there.radius_m;
    touching += index.Colliding(there).size();
  }
  EXPECT_GT(touching, 5'000);
  EXPECT_LT(touching, 15'000);
}

TEST(SpaceTimeIndex, C3ARadiusWithoutBoundReachesRoundTheEarth) {
  SpaceTimeIndex index;
  index.Add({"mo-ago", "a"}, Activity(At(38.63, -90.2), 1e9));
  EXPECT_EQ(index.Colliding(Activity(At(-38.63, 89.8))).size(), 1);
  SpaceTimeIndex small;
  small.Add({"mo-ago", "a"}, Activity(At(38.63, -90.2)));
  EXPECT_EQ(small.Colliding(Activity(At(-38.63, 89.8), 1e9)).size(), 1);
}

TEST(SpaceTimeIndex, C3LongWindowsMeetShortOnesAnywhereInThem) {
  const v1::LatLng center = At(38.63, -90.2);
  for (const absl::Duration length : {absl::Hours(24), absl::Hours(16 * 24), absl::Hours(256 * 24)}) {
    for (const absl::Duration more : {absl::ZeroDuration(), absl::Seconds(1)}) {  // Both sides of each class.
      const Footprint wide = {center, 0, kNoon, kNoon + length + more};
      SpaceTimeIndex of_wide;
      of_wide.Add({"mo-ago", "wide"}, wide);
      for (int part = 0; part <= 16; ++part) {
        const absl::Time start = kNoon + length / 16 * part;
        const Footprint narrow = {center, 0, start, start + absl::Minutes(1)};
        SpaceTimeIndex of_narrow;
        of_narrow.Add({"mo-ago", "narrow"}, narrow);
        EXPECT_EQ(of_wide.Colliding(narrow).size(), 1);
        EXPECT_EQ(of_narrow.Colliding(wide).size(), 1);
      }
    }
  }
}

TEST(SpaceTimeIndex, C3WindowsAreFoundFromTheLastInstantTheyReach) {
  const v1::LatLng center = At(38.63, -90.2);
  for (const absl::Duration width : {absl::Hours(24), absl::Hours(16 * 24), absl::Hours(256 * 24)}) {
    for (const absl::Duration more : {absl::ZeroDuration(), absl::Nanoseconds(1), absl::Milliseconds(900)}) {
      // As long as a window of its class can be, or just longer; starts at the end of a second.
      const absl::Time start = absl::UnixEpoch() + 8 * width - absl::Nanoseconds(1);
      const absl::Time end = start + width + more;
      SpaceTimeIndex index;
      index.Add({"mo-ago", "a"}, {center, 0, start, end});
      const absl::Time after = end + absl::Hours(1);
      EXPECT_EQ(index.Colliding({center, 0, after - absl::Nanoseconds(1), after}).size(), 1);
      EXPECT_THAT(index.Colliding({center, 0, after, after + absl::Hours(1)}), IsEmpty());
      const absl::Time before = start - absl::Hours(1);
      EXPECT_EQ(index.Colliding({center, 0, before, before + absl::Nanoseconds(1)}).size(), 1);
      EXPECT_THAT(index.Colliding({center, 0, before - absl::Hours(1), before}), IsEmpty());
    }
  }
}

TEST(SpaceTimeIndex, C3TimesBefore1970AndFarAheadAreNoExceptions) {
  const v1::LatLng center = At(38.63, -90.2);
  for (const int64_t year : {1, 1969, 1970, 9998}) {
    const absl::Time start = absl::FromCivil(absl::CivilSecond(year), absl::UTCTimeZone()) - absl::Nanoseconds(1);
    SpaceTimeIndex index;
    index.Add({"mo-ago", "a"}, {center, 0, start, start + absl::Hours(1)});
    const absl::Time next = start + absl::Hours(2);
    EXPECT_EQ(index.Colliding({center, 0, next - absl::Nanoseconds(1), next}).size(), 1);
    EXPECT_THAT(index.Colliding({center, 0, next, next + absl::Hours(1)}), IsEmpty());
  }
}

TEST(SpaceTimeIndex, C3AnswersComeInTheOrderOfTheirKeys) {
  SpaceTimeIndex index;
  const Footprint here = Activity(At(38.63, -90.2));
  for (const char* agency : {"tn-bi", "ia-dps", "mo-ago"}) {
    for (const char* id : {"9", "10", "1"}) index.Add({agency, id}, here);
  }
  EXPECT_THAT(index.Colliding(here),
              ElementsAre(ActivityKey("ia-dps", "1"), ActivityKey("ia-dps", "10"), ActivityKey("ia-dps", "9"),
                          ActivityKey("mo-ago", "1"), ActivityKey("mo-ago", "10"), ActivityKey("mo-ago", "9"),
                          ActivityKey("tn-bi", "1"), ActivityKey("tn-bi", "10"), ActivityKey("tn-bi", "9")));
}

TEST(SpaceTimeIndex, C2ThePaddingIsThatOfTheIndex) {
  const Footprint here = Activity(At(38.63, -90.2));
  Footprint later = here;
  later.start += absl::Hours(20);
  later.end += absl::Hours(20);
  SpaceTimeIndex strict(absl::ZeroDuration());
  SpaceTimeIndex generous(absl::Hours(10));
  strict.Add({"mo-ago", "a"}, here);
  generous.Add({"mo-ago", "a"}, here);
  EXPECT_THAT(strict.Colliding(later), IsEmpty());
  EXPECT_EQ(generous.Colliding(later).size(), 1);
}

}  // namespace
}  // namespace muster
