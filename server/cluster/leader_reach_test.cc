#include "server/cluster/leader_reach.h"

#include <gtest/gtest.h>

#include "common/error_reason.h"

namespace muster {
namespace {

class LeaderReachTest : public testing::Test {
 protected:
  FakeClock clock_{absl::FromUnixSeconds(1'700'000'000)};
  LeaderReach reach_{&clock_};
  const absl::Status failed_ = absl::UnavailableError("timed out");
};

TEST_F(LeaderReachTest, OnlyWhatLastsIsTrouble) {
  EXPECT_FALSE(reach_.Note("a", 1, failed_));
  EXPECT_EQ(reach_.TroubleIn(1), "");
  clock_.Advance(absl::Seconds(6));
  EXPECT_FALSE(reach_.Note("a", 1, failed_));
  EXPECT_EQ(reach_.TroubleIn(1), "timed out");
  EXPECT_TRUE(reach_.Note("a", 1, absl::OkStatus()));
  EXPECT_EQ(reach_.TroubleIn(1), "");
}

TEST_F(LeaderReachTest, AnEarlierTermsTroubleIsNotThatOfALaterOne) {
  reach_.Note("a", 1, failed_);
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(reach_.TroubleIn(2), "");
  reach_.Note("a", 2, failed_);
  EXPECT_EQ(reach_.TroubleIn(2), "");
  clock_.Advance(absl::Seconds(6));
  EXPECT_EQ(reach_.TroubleIn(2), "timed out");
}

TEST_F(LeaderReachTest, WhoSaysThatItDoesNotLeadWasReached) {
  EXPECT_TRUE(reach_.Note("a", 1, Refusal(v1::ERROR_REASON_NO_LEADER, "not here")));
  EXPECT_FALSE(reach_.Note("a", 1, Refusal(v1::ERROR_REASON_CERTIFICATE_UNUSABLE, "not yours")));
}

}  // namespace
}  // namespace muster
