// The sender over a broker that decides every outbox number once, and a real store.
#include "client/agent/link/sender.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/agent/link/testing/link_world.h"
#include "client/agent/link/testing/outbox_broker.h"
#include "common/error_reason.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster::agent {
namespace {

using testing::ElementsAre;

class SenderTest : public testing::Test {
 protected:
  SenderTest() { MakeSender(); }

  void MakeSender() {
    // The link tells every one that there was.
    senders_.push_back(std::make_unique<Sender>(&world_.link, &world_.outbox(), &world_.clock, QuickRetry(),
                                                [](const absl::Status& status) { ADD_FAILURE() << status; }));
    sender_ = senders_.back().get();
  }
  // A link to `broker`, whose feed has caught up.
  std::shared_ptr<FakeConnection> Connect(OutboxBroker& broker) {
    auto connection = world_.Connect([&](FakeConnection& c) { c.wires = {broker.Wire()}; });
    world_.link.FeedCaughtUp();
    return connection;
  }
  // Saves `count` items and returns their ids.
  std::vector<std::string> Save(int count) {
    std::vector<std::string> ids;
    for (int i = 0; i < count; ++i) {
      const muster::v1::Submission submission = NewSubmission(absl::StrCat("number ", i));
      ids.push_back(submission.submission_id());
      EXPECT_TRUE(world_.outbox().Save(submission, world_.clock.Now()).ok());
    }
    return ids;
  }
  bool AwaitAllDecided() {
    return LinkWorld::Eventually([&] { return world_.outbox().Counts()->saved_here() == 0; });
  }
  v1::OutboxItem Item(uint64_t number) { return world_.outbox().Get(ByNumber(number)).value(); }

  LinkWorld world_;
  std::vector<std::unique_ptr<Sender>> senders_;
  Sender* sender_ = nullptr;
};

std::vector<std::string> IdsOf(const std::vector<muster::v1::Submission>& submissions) {
  std::vector<std::string> ids;
  for (const muster::v1::Submission& submission : submissions) ids.push_back(submission.submission_id());
  return ids;
}

// Refuses for good what `text` names, unless it is a withdrawal.
OutboxBroker::Refuse RefusingReason(const std::string& text) {
  return [text](const muster::v1::Submission& submission) -> std::optional<muster::v1::SubmissionAnswer> {
    if (submission.call_hold().reason() != text) return std::nullopt;
    return Refused(submission.submission_id(), muster::v1::ERROR_REASON_NOT_PERMITTED);
  };
}

TEST_F(SenderTest, EveryItemIsDecidedOnceAndInOrder) {
  const std::vector<std::string> ids = Save(300);
  OutboxBroker broker;
  Connect(broker);
  sender_->Start();
  ASSERT_TRUE(AwaitAllDecided());
  EXPECT_EQ(IdsOf(broker.decided()), ids);
  EXPECT_EQ(world_.outbox().Counts()->accepted(), 300u);
}

TEST_F(SenderTest, WhatIsSavedWhileItIsIdleIsSentAtOnce) {
  OutboxBroker broker;
  Connect(broker);
  sender_->Start();
  for (int round = 1; round <= 3; ++round) {
    Save(1);
    ASSERT_TRUE(AwaitAllDecided());
  }
  EXPECT_EQ(broker.decided().size(), 3u);
}

TEST_F(SenderTest, OffLineNothingIsSentAndOnReconnectEverythingIs) {
  Save(3);
  OutboxBroker broker;
  Connect(broker);
  world_.link.FeedBroke(absl::UnavailableError("gone"));
  sender_->Start();
  EXPECT_TRUE(broker.decided().empty());
  world_.link.FeedCaughtUp();
  ASSERT_TRUE(AwaitAllDecided());
  EXPECT_EQ(broker.decided().size(), 3u);
}

TEST_F(SenderTest, WhatIsRefusedForGoodIsWithdrawnUnderItsNumberBeforeTheItemsBehindIt) {
  const std::vector<std::string> ids = Save(5);
  OutboxBroker broker(RefusingReason("number 1"));
  Connect(broker);
  sender_->Start();
  ASSERT_TRUE(AwaitAllDecided());
  EXPECT_EQ(IdsOf(broker.decided()), ids);
  EXPECT_TRUE(broker.decided()[1].has_withdraw_submission());
  EXPECT_EQ(Item(2).state(), v1::DELIVERY_STATE_REJECTED);
  EXPECT_EQ(Item(2).refusal().reason(), muster::v1::ERROR_REASON_NOT_PERMITTED);
}

TEST_F(SenderTest, MoreItemsThanMayBeInFlightWaitingForANumberDoNotKeepItsWithdrawalFromBeingSent) {
  const std::vector<std::string> ids = Save(static_cast<int>(Sender::kInFlightMax) + 300);
  OutboxBroker broker(RefusingReason("number 0"));
  Connect(broker);
  sender_->Start();
  ASSERT_TRUE(AwaitAllDecided());
  EXPECT_EQ(IdsOf(broker.decided()), ids);
}

TEST_F(SenderTest, EveryOtherItemRefusedLeavesTheOthersInOrder) {
  const std::vector<std::string> ids = Save(200);
  OutboxBroker broker([](const muster::v1::Submission& submission) -> std::optional<muster::v1::SubmissionAnswer> {
    if (submission.outbox_number().number() % 2 == 1 || submission.has_withdraw_submission()) return std::nullopt;
    return Refused(submission.submission_id(), muster::v1::ERROR_REASON_NOT_PERMITTED);
  });
  Connect(broker);
  sender_->Start();
  ASSERT_TRUE(AwaitAllDecided());
  EXPECT_EQ(IdsOf(broker.decided()), ids);
  EXPECT_EQ(world_.outbox().Counts()->accepted(), 100u);
  EXPECT_EQ(world_.outbox().Counts()->rejected(), 100u);
}

TEST_F(SenderTest, AnAnswerThatDecidesNothingIsWaitedOutAndTheItemSentAgain) {
  const std::vector<std::string> ids = Save(3);
  OutboxBroker broker([](const muster::v1::Submission& submission) {
    return std::optional(Refused(submission.submission_id(), muster::v1::ERROR_REASON_AGENCY_SUSPENDED));
  });
  Connect(broker);
  sender_->Start();
  EXPECT_EQ(world_.outbox().Counts()->saved_here(), 3u);
  broker.set_refuse({});
  ASSERT_TRUE(AwaitAllDecided());
  EXPECT_EQ(IdsOf(broker.decided()), ids);
}

TEST_F(SenderTest, AWithdrawalThatIsNotDecidedIsSentAgain) {
  Save(1);
  OutboxBroker broker([](const muster::v1::Submission& submission) {
    return std::optional(Refused(submission.submission_id(), submission.has_withdraw_submission()
                                                                 ? muster::v1::ERROR_REASON_AGENCY_SUSPENDED
                                                                 : muster::v1::ERROR_REASON_NOT_PERMITTED));
  });
  Connect(broker);
  sender_->Start();
  ASSERT_TRUE(LinkWorld::Eventually([&] { return Item(1).has_refusal(); }));
  EXPECT_EQ(Item(1).state(), v1::DELIVERY_STATE_SAVED_HERE) << "until it is certain that it will never be applied";
  broker.set_refuse({});
  ASSERT_TRUE(AwaitAllDecided());
  EXPECT_EQ(Item(1).state(), v1::DELIVERY_STATE_REJECTED);
}

TEST_F(SenderTest, ADroppedItemIsWithdrawnThoughThoseBehindItAreUnderWay) {
  Save(3);
  // The first is refused for now, again and again, so that the others wait for it.
  OutboxBroker broker([](const muster::v1::Submission& submission) -> std::optional<muster::v1::SubmissionAnswer> {
    if (submission.outbox_number().number() != 1 || submission.has_withdraw_submission()) return std::nullopt;
    return Refused(submission.submission_id(), muster::v1::ERROR_REASON_AGENCY_SUSPENDED);
  });
  Connect(broker);
  sender_->Start();
  ASSERT_TRUE(world_.outbox().Drop(ByNumber(1), "entered twice", world_.clock.Now()).ok());
  sender_->SendNow();
  ASSERT_TRUE(AwaitAllDecided());
  EXPECT_EQ(Item(1).state(), v1::DELIVERY_STATE_DROPPED);
  EXPECT_EQ(Item(3).state(), v1::DELIVERY_STATE_ACCEPTED);
}

TEST_F(SenderTest, AnAnswerThatIsLostWithTheStreamIsAskedForAgainUnderTheSameNumber) {
  const std::vector<std::string> ids = Save(2);
  OutboxBroker broker;
  world_.Connect([&](FakeConnection& c) {
    // Decided, and the stream breaks before anybody hears of it.
    const FakeWire::Answer decide = broker.Wire();
    c.wires = {[decide](const muster::v1::StreamSubmitRequest& request)
                   -> std::optional<std::vector<muster::v1::SubmissionAnswer>> {
                 (void)decide(request);
                 return std::nullopt;
               },
               decide};
  });
  world_.link.FeedCaughtUp();
  sender_->Start();
  ASSERT_TRUE(AwaitAllDecided());
  EXPECT_EQ(IdsOf(broker.decided()), ids);
  EXPECT_EQ(world_.outbox().Counts()->accepted(), 2u);
}

TEST_F(SenderTest, ReadyIsRefusedHereWhileTheClockIsOff) {
  ASSERT_TRUE(world_.outbox().Save(NewReady(), world_.clock.Now()).ok());
  const std::vector<std::string> others = Save(1);
  OutboxBroker broker;
  world_.Connect([&](FakeConnection& c) { c.wires = {broker.Wire()}; });
  world_.link.Measured({.offset = absl::Seconds(31), .uncertainty = {}, .measured_at = world_.clock.Now()});
  world_.link.FeedCaughtUp();
  sender_->Start();
  ASSERT_TRUE(AwaitAllDecided());
  ASSERT_EQ(broker.decided().size(), 2u);
  EXPECT_TRUE(broker.decided()[0].has_withdraw_submission()) << "an earlier attempt might have got through";
  EXPECT_EQ(Item(1).state(), v1::DELIVERY_STATE_REJECTED);
  EXPECT_EQ(Item(1).refusal().reason(), muster::v1::ERROR_REASON_CLOCK_OFF);
  EXPECT_EQ(Item(2).state(), v1::DELIVERY_STATE_ACCEPTED);
}

TEST_F(SenderTest, ReadyIsSentWhenTheClockIsRightEnough) {
  ASSERT_TRUE(world_.outbox().Save(NewReady(), world_.clock.Now()).ok());
  OutboxBroker broker;
  world_.Connect([&](FakeConnection& c) { c.wires = {broker.Wire()}; });
  world_.link.Measured({.offset = absl::Seconds(-30), .uncertainty = {}, .measured_at = world_.clock.Now()});
  world_.link.FeedCaughtUp();
  sender_->Start();
  ASSERT_TRUE(AwaitAllDecided());
  EXPECT_EQ(Item(1).state(), v1::DELIVERY_STATE_ACCEPTED);
}

TEST_F(SenderTest, ReadyWaitsForTheClockToBeMeasuredOnThisConnection) {
  const muster::v1::Submission ready = NewReady();
  ASSERT_TRUE(world_.outbox().Save(ready, world_.clock.Now()).ok());
  OutboxBroker broker;
  world_.Connect([&](FakeConnection& c) { c.wires = {broker.Wire()}; });
  // Off before the break, and set right while there was no link.
  world_.link.Measured({.offset = absl::Hours(1), .uncertainty = {}, .measured_at = world_.clock.Now()});
  world_.link.FeedBroke(absl::UnavailableError("gone"));
  world_.link.FeedCaughtUp();
  sender_->Start();
  EXPECT_TRUE(broker.decided().empty());
  world_.link.Measured({.offset = {}, .uncertainty = {}, .measured_at = world_.clock.Now()});
  ASSERT_TRUE(AwaitAllDecided());
  EXPECT_EQ(IdsOf(broker.decided()), std::vector<std::string>{ready.submission_id()});
  EXPECT_EQ(Item(1).state(), v1::DELIVERY_STATE_ACCEPTED);
}

TEST_F(SenderTest, ReadyDoesNotWaitForEverForAClockThatCannotBeMeasured) {
  ASSERT_TRUE(world_.outbox().Save(NewReady(), world_.clock.Now()).ok());
  OutboxBroker broker;
  Connect(broker);
  world_.clock.Advance(Link::kMeasuredWithin + absl::Seconds(1));
  sender_->Start();
  ASSERT_TRUE(AwaitAllDecided());
  EXPECT_EQ(Item(1).state(), v1::DELIVERY_STATE_ACCEPTED);
}

TEST_F(SenderTest, WhatWasUnderWayWhenItStoppedIsSentByTheNextOne) {
  const std::vector<std::string> ids = Save(2);
  OutboxBroker silent;
  world_.Connect([&](FakeConnection& c) {
    c.wires = {[](const muster::v1::StreamSubmitRequest&) {
      return std::optional(std::vector<muster::v1::SubmissionAnswer>());
    }};
  });
  world_.link.FeedCaughtUp();
  sender_->Start();
  sender_->Stop();
  EXPECT_EQ(world_.outbox().Counts()->saved_here(), 2u);
  MakeSender();
  OutboxBroker broker;
  Connect(broker);
  sender_->Start();
  ASSERT_TRUE(AwaitAllDecided());
  EXPECT_EQ(IdsOf(broker.decided()), ids);
}

}  // namespace
}  // namespace muster::agent
