#include "client/agent/link/heartbeat.h"

#include <string>

#include "client/agent/link/testing/link_world.h"
#include "common/error_reason.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/v1/agency.pb.h"

namespace muster::agent {
namespace {

using testing::HasSubstr;

class HeartbeatTest : public testing::Test {
 protected:
  // A broker whose clock is `ahead` of ours and whose answers take two seconds.
  void ConnectTo(absl::Duration ahead) {
    world_.Connect([this, ahead](FakeConnection& c) {
      c.on_call = [this, ahead](size_t, const std::string&, const google::protobuf::Message&,
                                google::protobuf::Message* response) {
        world_.clock.Advance(absl::Seconds(1));
        *dynamic_cast<muster::v1::WhoAmIResponse*>(response)->mutable_broker_time() =
            ToProto(world_.clock.Now() + ahead);
        world_.clock.Advance(absl::Seconds(1));
        return absl::OkStatus();
      };
    });
  }
  void ConnectTo(const absl::Status& answer) {
    world_.Connect([answer](FakeConnection& c) {
      c.on_call = [answer](size_t, const std::string&, const google::protobuf::Message&, google::protobuf::Message*) {
        return answer;
      };
    });
  }

  LinkWorld world_;
  int calls_ = 0;
  Heartbeat heartbeat_{&world_.link, &world_.clock};
};

TEST_F(HeartbeatTest, MeasuresTheClockAgainstTheMiddleOfTheRoundTrip) {
  ConnectTo(absl::Seconds(7));
  heartbeat_.Beat();
  EXPECT_EQ(world_.link.clock_offset().offset, absl::Seconds(7));
  EXPECT_EQ(world_.link.clock_offset().uncertainty, absl::Seconds(1));
}

TEST_F(HeartbeatTest, OfTwoAnswersTheQuickerOneMeasures) {
  world_.Connect([this](FakeConnection& c) {
    c.on_call = [this](size_t, const std::string&, const google::protobuf::Message&,
                       google::protobuf::Message* response) {
      // The first one waited eight seconds for the broker, and then told its time.
      world_.clock.Advance(calls_ == 0 ? absl::Seconds(8) : absl::Milliseconds(20));
      ++calls_;
      *dynamic_cast<muster::v1::WhoAmIResponse*>(response)->mutable_broker_time() = ToProto(world_.clock.Now());
      return absl::OkStatus();
    };
  });
  heartbeat_.Beat();
  EXPECT_EQ(calls_, 2);
  EXPECT_EQ(world_.link.clock_offset().uncertainty, absl::Milliseconds(10));
  EXPECT_EQ(world_.link.clock_offset().offset, absl::Milliseconds(10));
}

TEST_F(HeartbeatTest, MoreThanThirtySecondsOffRefusesReadyAndSaysWhatToDo) {
  ConnectTo(absl::Seconds(-31));
  EXPECT_TRUE(world_.link.CheckClockForReady().ok()) << "nothing is known yet";
  heartbeat_.Beat();
  const absl::Status refused = world_.link.CheckClockForReady();
  EXPECT_EQ(RejectedOf(refused).reason(), muster::v1::ERROR_REASON_CLOCK_OFF);
  EXPECT_THAT(std::string(refused.message()), testing::AllOf(HasSubstr("ahead of"), HasSubstr("timedatectl")));
}

TEST_F(HeartbeatTest, ThirtySecondsOffDoesNotRefuseReady) {
  ConnectTo(absl::Seconds(30));
  heartbeat_.Beat();
  EXPECT_TRUE(world_.link.CheckClockForReady().ok());
}

TEST_F(HeartbeatTest, ARoundTripDuringWhichOurClockWasSetBackMeasuresNothing) {
  world_.Connect([this](FakeConnection& c) {
    c.on_call = [this](size_t, const std::string&, const google::protobuf::Message&, google::protobuf::Message*) {
      world_.clock.Set(world_.clock.Now() - absl::Hours(1));
      return absl::OkStatus();
    };
  });
  heartbeat_.Beat();
  EXPECT_FALSE(world_.link.clock_status().has_measured_at());
}

TEST_F(HeartbeatTest, AnAnswerIsAContact) {
  ConnectTo(absl::ZeroDuration());
  EXPECT_FALSE(world_.link.status().has_last_contact());
  heartbeat_.Beat();
  EXPECT_TRUE(world_.link.status().has_last_contact());
}

TEST_F(HeartbeatTest, WhileTheFeedIsDownARefusalTellsWhy) {
  ConnectTo(Refusal(muster::v1::ERROR_REASON_CERTIFICATE_EXPIRED, "expired"));
  world_.link.FeedBroke(absl::UnavailableError("Socket closed"));
  ASSERT_EQ(world_.link.status().state(), v1::LINK_STATE_OFF_LINE);
  heartbeat_.Beat();
  EXPECT_EQ(world_.link.status().state(), v1::LINK_STATE_REFUSED);
  EXPECT_EQ(world_.link.status().trouble(), "expired");
}

TEST_F(HeartbeatTest, OneThatStaysUnansweredMakesReadsGoToTheMirror) {
  ConnectTo(absl::InternalError("nothing"));
  world_.link.FeedCaughtUp();
  ASSERT_TRUE(world_.link.responsive());
  heartbeat_.Beat();
  EXPECT_TRUE(world_.link.connected());
  EXPECT_FALSE(world_.link.responsive());
  world_.link.Answered();
  EXPECT_TRUE(world_.link.responsive());
}

}  // namespace
}  // namespace muster::agent
