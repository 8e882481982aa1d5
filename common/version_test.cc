#include "common/version.h"

#include <gtest/gtest.h>

namespace muster {
namespace {

TEST(VersionTest, NumbersAreComparedAsNumbers) {
  EXPECT_TRUE(IsOlderVersion("3.5.9", "3.5.14"));
  EXPECT_FALSE(IsOlderVersion("3.5.14", "3.5.9"));
  EXPECT_TRUE(IsOlderVersion("3.4.23", "3.5.14"));
  EXPECT_FALSE(IsOlderVersion("10.0.0", "9.9.9"));
}

TEST(VersionTest, AVersionIsNotOlderThanItself) {
  EXPECT_FALSE(IsOlderVersion("3.5.14", "3.5.14"));
  EXPECT_FALSE(IsOlderVersion("v3.5.14", "3.5.14"));
  EXPECT_FALSE(IsOlderVersion("3.5.14-rc.0", "3.5.14"));
  EXPECT_FALSE(IsOlderVersion("3.5.14+git", "3.5.14"));
}

TEST(VersionTest, WhatIsAbsentCountsAsZero) {
  EXPECT_TRUE(IsOlderVersion("3.5", "3.5.14"));
  EXPECT_FALSE(IsOlderVersion("3.6", "3.5.14"));
  EXPECT_FALSE(IsOlderVersion("3.5.0", "3.5"));
  EXPECT_FALSE(IsOlderVersion("3.5", "3.5.0"));
}

TEST(VersionTest, WhatIsNoVersionIsOlderThanAny) {
  EXPECT_TRUE(IsOlderVersion("", "3.5.14"));
  EXPECT_TRUE(IsOlderVersion("unknown", "0.1"));
  EXPECT_FALSE(IsOlderVersion("3.5.14", ""));
}

}  // namespace
}  // namespace muster
