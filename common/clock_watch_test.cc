#include "common/clock_watch.h"

#include <vector>

#include "absl/synchronization/mutex.h"
#include "gtest/gtest.h"

namespace muster {
namespace {

class ClockWatchTest : public testing::Test {
 protected:
  // Waits for `count` reports, or a minute.
  bool Reported(size_t count) {
    return reported_.Await(absl::Minutes(1), [this, count] {
      absl::MutexLock lock(&mu_);
      return set_back_.size() >= count;
    });
  }
  std::vector<absl::Duration> set_back() {
    absl::MutexLock lock(&mu_);
    return set_back_;
  }

  FakeClock clock_{absl::UnixEpoch() + absl::Hours(1000)};
  absl::Mutex mu_;
  std::vector<absl::Duration> set_back_;
  Revision reported_;
  ClockWatch watch_{&clock_, absl::Milliseconds(1), absl::Seconds(10), [this](absl::Duration by) {
                      {
                        absl::MutexLock lock(&mu_);
                        set_back_.push_back(by);
                      }
                      reported_.Bump();
                    }};
};

TEST_F(ClockWatchTest, EachTimeItIsSetBackIsReportedOnce) {
  clock_.Set(clock_.Now() - absl::Hours(6));
  ASSERT_TRUE(Reported(1));
  clock_.Set(clock_.Now() - absl::Seconds(11));
  ASSERT_TRUE(Reported(2));
  EXPECT_EQ(set_back(), (std::vector<absl::Duration>{absl::Hours(6), absl::Seconds(11)}));
}

TEST_F(ClockWatchTest, TimeThatPassesAndClocksSetForwardAreNot) {
  clock_.Advance(absl::Hours(1));
  clock_.Set(clock_.Now() + absl::Hours(6));
  clock_.Set(clock_.Now() - absl::Seconds(9));
  // Time for several looks; then one that is reported, so that the others had their chance.
  Revision().WaitBeyond(0, absl::Milliseconds(20));
  clock_.Set(clock_.Now() - absl::Minutes(1));
  ASSERT_TRUE(Reported(1));
  EXPECT_EQ(set_back(), std::vector<absl::Duration>{absl::Minutes(1)});
}

}  // namespace
}  // namespace muster
