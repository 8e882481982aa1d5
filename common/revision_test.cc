#include "common/revision.h"

#include <atomic>
#include <thread>

#include "gtest/gtest.h"

namespace muster {
namespace {

TEST(RevisionTest, EveryBumpIsANewOne) {
  Revision revision;
  const uint64_t before = revision.now();
  revision.Bump();
  EXPECT_NE(revision.now(), before);
}

TEST(RevisionTest, WhatHasMovedOnAlreadyIsNotWaitedFor) {
  Revision revision;
  const uint64_t before = revision.now();
  revision.Bump();
  EXPECT_EQ(revision.WaitBeyond(before, absl::InfiniteDuration()), revision.now());
}

TEST(RevisionTest, ABumpEndsTheWait) {
  Revision revision;
  const uint64_t before = revision.now();
  std::thread other([&revision] { revision.Bump(); });
  EXPECT_NE(revision.WaitBeyond(before, absl::InfiniteDuration()), before);
  other.join();
}

TEST(RevisionTest, TheWaitEndsWithItsTime) {
  const Revision revision;
  EXPECT_EQ(revision.WaitBeyond(revision.now(), absl::Milliseconds(1)), revision.now());
  EXPECT_EQ(revision.WaitBeyond(revision.now(), -absl::InfiniteDuration()), revision.now());
}

TEST(RevisionTest, AwaitGoesOnThroughBumpsUntilItsConditionHolds) {
  Revision revision;
  std::atomic<int> count = 0;
  std::thread other([&] {
    for (int i = 0; i < 3; ++i) {
      ++count;
      revision.Bump();
    }
  });
  EXPECT_TRUE(revision.Await(absl::InfiniteDuration(), [&] { return count == 3; }));
  other.join();
}

TEST(RevisionTest, AwaitSaysThatItsConditionDidNotHoldInTime) {
  const Revision revision;
  EXPECT_FALSE(revision.Await(absl::Milliseconds(1), [] { return false; }));
  EXPECT_FALSE(revision.Await(-absl::InfiniteDuration(), [] { return false; }));
  EXPECT_TRUE(revision.Await(absl::ZeroDuration(), [] { return true; })) << "what holds already needs no time";
}

}  // namespace
}  // namespace muster
