#include "client/bench/deconflict_load.h"

#include "gtest/gtest.h"

namespace muster::bench {
namespace {

// From a splitmix64 written apart from this one.
TEST(ZoneGeneratorTest, GivesTheZonesThatOtherProgramsMeasureWith) {
  ZoneGenerator generator(42);
  const Zone first = generator.Next();
  EXPECT_DOUBLE_EQ(first.latitude, 52.966259515087295);
  EXPECT_DOUBLE_EQ(first.longitude, 0.9594623572615206);
  EXPECT_DOUBLE_EQ(first.radius_m, 180.37330577582355);
  EXPECT_NEAR(absl::ToDoubleSeconds(first.start), 892142.3372292685, 1e-3);
  EXPECT_NEAR(absl::ToDoubleSeconds(first.length), 4558.360247214205, 1e-3);
  const Zone second = generator.Next();
  EXPECT_DOUBLE_EQ(second.latitude, 53.47291230618613);
  EXPECT_DOUBLE_EQ(second.radius_m, 1996.3365482800566);
  EXPECT_NEAR(absl::ToDoubleSeconds(second.length), 19185.748072174596, 1e-3);
}

}  // namespace
}  // namespace muster::bench
