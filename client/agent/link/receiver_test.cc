// The receiver over scripted feeds and a real store.
#include "client/agent/link/receiver.h"

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/agent/link/testing/link_world.h"
#include "common/error_reason.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/v1/plan.pb.h"

namespace muster::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ReceiverTest : public testing::Test {
 protected:
  void Start() {
    Receiver::Hooks hooks;
    hooks.arrived = [this](absl::Span<const muster::v1::Delivery> deliveries) {
      arrived_ += static_cast<int>(deliveries.size());
    };
    hooks.missed = [this] { ++missed_; };
    // The link tells every one that there was.
    receivers_.push_back(std::make_unique<Receiver>(&world_.link, &world_.inbox(), &world_.mirror(), &world_.clock,
                                                    QuickRetry(), std::move(hooks)));
    receivers_.back()->Start();
  }
  bool AwaitCursor(const std::string& cursor) {
    return LinkWorld::Eventually([&] { return world_.inbox().cursor() == cursor; });
  }
  bool AwaitState(v1::LinkState state) {
    return LinkWorld::Eventually([&] { return world_.link.status().state() == state; });
  }
  // The positions of what the inbox holds, by their cursors.
  std::vector<std::string> Stored() {
    std::vector<std::string> cursors;
    const auto all = world_.inbox().After(0, 1000);
    for (const Inbox::Stored& stored : *all) cursors.push_back(stored.delivery.cursor());
    return cursors;
  }

  LinkWorld world_;
  std::atomic<int> arrived_ = 0;
  std::atomic<int> missed_ = 0;
  std::vector<std::unique_ptr<Receiver>> receivers_;
};

FakeFeed::Script Stays(std::vector<muster::v1::SubscribeResponse> messages) {
  return {.messages = std::move(messages), .end = absl::OkStatus(), .stays_open = true};
}

TEST_F(ReceiverTest, WhatArrivesIsInTheInboxAndTheLinkIsConnectedOnceCaughtUp) {
  world_.Connect([](FakeConnection& c) { c.feeds.push_back(Stays({FeedMessage(NewDeliveries(1, 3), true)})); });
  Start();
  ASSERT_TRUE(AwaitState(v1::LINK_STATE_CONNECTED));
  EXPECT_THAT(Stored(), ElementsAre(CursorAt(1), CursorAt(2), CursorAt(3)));
  EXPECT_EQ(arrived_, 3);
}

TEST_F(ReceiverTest, GoesOnAfterTheLastDeliveryThatTheInboxHolds) {
  ASSERT_TRUE(world_.inbox().Append(NewDeliveries(1, 2), {}, world_.clock.Now()).ok());
  const auto connection =
      world_.Connect([](FakeConnection& c) { c.feeds.push_back(Stays({FeedMessage(NewDeliveries(3, 3), true)})); });
  Start();
  ASSERT_TRUE(AwaitCursor(CursorAt(3)));
  EXPECT_THAT(connection->opened_after(), ElementsAre(CursorAt(2)));
}

TEST_F(ReceiverTest, ABreakIsOffLineAndTheNextStreamIsConnectedAgain) {
  world_.Connect([](FakeConnection& c) {
    c.feeds.push_back({.messages = {FeedMessage(NewDeliveries(1, 1), true)}, .end = absl::UnavailableError("gone")});
    c.feeds.push_back(Stays({FeedMessage(NewDeliveries(2, 2), true)}));
  });
  Start();
  ASSERT_TRUE(AwaitCursor(CursorAt(2)));
  ASSERT_TRUE(AwaitState(v1::LINK_STATE_CONNECTED));
  EXPECT_TRUE(LinkWorld::Eventually([&] { return world_.link.status().reconnects() == 1; }));
}

TEST_F(ReceiverTest, WhileNoStreamStandsTheLinkSaysWhy) {
  world_.Connect([](FakeConnection& c) {
    for (int i = 0; i < 1000; ++i) c.feeds.push_back({.messages = {}, .end = absl::UnavailableError("no route")});
  });
  Start();
  ASSERT_TRUE(AwaitState(v1::LINK_STATE_OFF_LINE));
  EXPECT_EQ(world_.link.status().trouble(), "no route");
}

TEST_F(ReceiverTest, ANewPlanIsReadableFromTheMirrorWithItsDelivery) {
  muster::v1::Delivery delivery = NewDelivery(1);
  delivery.mutable_notice()->mutable_plan()->set_operation_id("op-1");
  delivery.mutable_notice()->mutable_plan()->set_version(7);
  world_.Connect([&](FakeConnection& c) { c.feeds.push_back(Stays({FeedMessage({delivery}, true)})); });
  Start();
  ASSERT_TRUE(AwaitCursor(CursorAt(1)));
  muster::v1::GetPlanRequest request;
  request.set_operation_id("op-1");
  const auto found = world_.mirror().Get(MirrorKey("muster.v1.PlanService/GetPlan", request));
  ASSERT_TRUE(found.ok() && found->has_value());
  muster::v1::GetPlanResponse plan;
  ASSERT_TRUE(plan.ParseFromString((*found)->response));
  EXPECT_EQ(plan.plan().version(), 7u);
  EXPECT_FALSE((*found)->superseded);
}

// The feed lacks deliveries 2 and 3.
FakeFeed::Script WithGap() { return Stays({FeedMessage({NewDelivery(1), NewDelivery(4)})}); }
FakeFeed::Script OnlyGap() { return Stays({FeedMessage({NewDelivery(4)})}); }

TEST_F(ReceiverTest, ABreakOfTheChainIsTriedAgainFromTheLastGoodCursor) {
  const auto connection = world_.Connect([](FakeConnection& c) {
    c.feeds.push_back(WithGap());
    c.feeds.push_back(Stays({FeedMessage(NewDeliveries(2, 4), true)}));
  });
  Start();
  ASSERT_TRUE(AwaitCursor(CursorAt(4)));
  EXPECT_THAT(connection->opened_after(), ElementsAre("", CursorAt(1)));
  EXPECT_EQ(world_.inbox().Status()->gaps_size(), 0) << "the second time nothing was missing";
}

TEST_F(ReceiverTest, ABreakThatComesThreeTimesIsAGapOnRecordAndPassedOver) {
  const auto connection = world_.Connect([](FakeConnection& c) {
    c.feeds.push_back(WithGap());
    c.feeds.push_back(OnlyGap());
    c.feeds.push_back(OnlyGap());
    c.feeds.push_back(Stays({FeedMessage(NewDeliveries(4, 5), true)}));
  });
  Start();
  ASSERT_TRUE(AwaitCursor(CursorAt(5)));
  EXPECT_THAT(connection->opened_after(), ElementsAre("", CursorAt(1), CursorAt(1), CursorAt(3)));
  EXPECT_THAT(Stored(), ElementsAre(CursorAt(1), CursorAt(4), CursorAt(5)));
  const v1::InboxStatus status = world_.inbox().Status().value();
  ASSERT_EQ(status.gaps_size(), 1);
  EXPECT_EQ(status.gaps(0).after_cursor(), CursorAt(1));
  EXPECT_EQ(status.gaps(0).next_cursor(), CursorAt(3));
  EXPECT_EQ(missed_, 1) << "only reading everything again can tell what was missed";
}

TEST_F(ReceiverTest, TrimmedHistoryIsAGapAndTheFeedGoesOnFromThePresent) {
  ASSERT_TRUE(world_.inbox().Append(NewDeliveries(1, 2), {}, world_.clock.Now()).ok());
  const auto connection = world_.Connect([](FakeConnection& c) {
    c.on_call = [](size_t, const std::string& method, const google::protobuf::Message&,
                   google::protobuf::Message* response) {
      EXPECT_EQ(method, "/muster.v1.FeedService/GetFeedCursor");
      dynamic_cast<muster::v1::GetFeedCursorResponse*>(response)->set_cursor(CursorAt(9));
      return absl::OkStatus();
    };
    c.feeds.push_back(
        {.messages = {}, .end = Refusal(muster::v1::ERROR_REASON_HISTORY_TRIMMED, "history begins later")});
    c.feeds.push_back(Stays({FeedMessage(NewDeliveries(10, 10), true)}));
  });
  Start();
  ASSERT_TRUE(AwaitCursor(CursorAt(10)));
  EXPECT_THAT(connection->opened_after(), ElementsAre(CursorAt(2), CursorAt(9)));
  const v1::InboxStatus status = world_.inbox().Status().value();
  ASSERT_EQ(status.gaps_size(), 1);
  EXPECT_THAT(status.gaps(0).message(), HasSubstr("trimmed"));
  EXPECT_EQ(missed_, 1);
}

TEST_F(ReceiverTest, RefusedStaysRefusedUntilAProbeFindsUsAcceptedAgain) {
  const auto connection = world_.Connect([](FakeConnection& c) {
    c.feeds.push_back({.messages = {}, .end = Refusal(muster::v1::ERROR_REASON_AGENCY_SUSPENDED, "suspended")});
    // As a handshake that is cut looks to a stream.
    c.feeds.push_back({.messages = {}, .end = absl::UnavailableError("Socket closed")});
    for (int i = 0; i < 1000; ++i) c.feeds.push_back({.messages = {}, .end = absl::UnavailableError("Socket closed")});
  });
  Start();
  ASSERT_TRUE(AwaitState(v1::LINK_STATE_REFUSED));
  ASSERT_TRUE(LinkWorld::Eventually([&] { return connection->opened_after().size() > 5; }));
  EXPECT_EQ(world_.link.status().state(), v1::LINK_STATE_REFUSED);
  world_.link.Probed(absl::OkStatus());
  EXPECT_NE(world_.link.status().state(), v1::LINK_STATE_REFUSED);
}

TEST_F(ReceiverTest, ANewIdentityIsUsedAtOnceFromWhereTheOldOneWas) {
  world_.Connect([](FakeConnection& c) { c.feeds.push_back(Stays({FeedMessage(NewDeliveries(1, 2), true)})); });
  Start();
  ASSERT_TRUE(AwaitState(v1::LINK_STATE_CONNECTED));
  const auto second =
      world_.Connect([](FakeConnection& c) { c.feeds.push_back(Stays({FeedMessage(NewDeliveries(3, 3), true)})); });
  ASSERT_TRUE(AwaitCursor(CursorAt(3)));
  EXPECT_THAT(second->opened_after(), ElementsAre(CursorAt(2)));
}

TEST_F(ReceiverTest, StopsWhileItWaitsForAnything) {
  Start();  // Not enrolled.
  receivers_.back()->Stop();
  world_.Connect();
  Start();  // A feed that brings nothing.
  receivers_.back()->Stop();
}

}  // namespace
}  // namespace muster::agent
