// Subscription over scripted feeds: resuming, chaining, and what it refuses to go on for.
#include "client/lib/subscription.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/lib/testing/fake_connection.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster {
namespace {

v1::SubscribeResponse Message(const std::vector<std::pair<std::string, std::string>>& deliveries,
                              bool caught_up = false) {
  v1::SubscribeResponse response;
  for (const auto& [previous, cursor] : deliveries) {
    v1::Delivery* delivery = response.add_deliveries();
    delivery->set_previous_cursor(previous);
    delivery->set_cursor(cursor);
  }
  response.set_caught_up(caught_up);
  return response;
}

// Reads `count` deliveries and gives their cursors.
std::vector<std::string> Take(Subscription& feed, size_t count) {
  std::vector<std::string> cursors;
  while (cursors.size() < count) {
    const absl::StatusOr<std::optional<v1::Delivery>> next = feed.Next(absl::InfiniteDuration());
    if (!next.ok()) {
      ADD_FAILURE() << next.status();
      break;
    }
    if (next->has_value()) cursors.push_back((*next)->cursor());
  }
  return cursors;
}

absl::Status End(Subscription& feed) {
  while (true) {
    const absl::StatusOr<std::optional<v1::Delivery>> next = feed.Next(absl::InfiniteDuration());
    if (!next.ok()) return next.status();
  }
}

TEST(SubscriptionTest, ResumesFromTheLastCursorAfterABreak) {
  const auto connection = std::make_shared<FakeConnection>();
  connection->feeds.push_back(
      {.messages = {Message({{"", "c1"}, {"c1", "c2"}})}, .end = absl::UnavailableError("gone")});
  connection->feeds.push_back({.messages = {}, .end = absl::UnavailableError("still gone")});
  connection->feeds.push_back({.messages = {Message({{"c2", "c3"}})}, .end = absl::OkStatus(), .stays_open = true});
  Subscription feed(connection, {});
  EXPECT_THAT(Take(feed, 3), testing::ElementsAre("c1", "c2", "c3"));
  EXPECT_THAT(connection->opened_after(), testing::ElementsAre("", "c2", "c2"));
  EXPECT_EQ(feed.cursor(), "c3");
  EXPECT_EQ(feed.reconnects(), 2);
  EXPECT_EQ(connection->broker(), 0u) << "two breaks move on through two brokers";
}

TEST(SubscriptionTest, AStreamThatTheBrokerCancelsIsResumed) {
  const auto connection = std::make_shared<FakeConnection>();
  connection->feeds.push_back({.messages = {}, .end = absl::CancelledError("shutting down")});
  connection->feeds.push_back({.messages = {Message({{"", "c1"}})}, .end = absl::OkStatus(), .stays_open = true});
  Subscription feed(connection, {});
  EXPECT_THAT(Take(feed, 1), testing::ElementsAre("c1"));
}

TEST(SubscriptionTest, AGapIsDataLossThatNamesBothCursors) {
  const auto connection = std::make_shared<FakeConnection>();
  connection->feeds.push_back({.messages = {Message({{"", "\x01"}, {"\x02", "\x03"}})}, .end = {}, .stays_open = true});
  Subscription feed(connection, {});
  EXPECT_THAT(Take(feed, 1), testing::ElementsAre("\x01"));
  const absl::Status end = End(feed);
  EXPECT_EQ(end.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(end.message()), testing::AllOf(testing::HasSubstr("01"), testing::HasSubstr("follows 02")));
  EXPECT_EQ(feed.cursor(), "\x01") << "the cursor must not move past the gap";
}

TEST(SubscriptionTest, ADeliveryThatComesAgainAfterAResumeIsDataLoss) {
  const auto connection = std::make_shared<FakeConnection>();
  connection->feeds.push_back(
      {.messages = {Message({{"", "c1"}, {"c1", "c2"}})}, .end = absl::UnavailableError("gone")});
  connection->feeds.push_back({.messages = {Message({{"c1", "c2"}})}, .end = {}, .stays_open = true});
  Subscription feed(connection, {});
  EXPECT_THAT(Take(feed, 2), testing::ElementsAre("c1", "c2"));
  EXPECT_EQ(End(feed).code(), absl::StatusCode::kDataLoss);
}

TEST(SubscriptionTest, TheFirstDeliveryMustFollowTheCallersCursor) {
  const auto connection = std::make_shared<FakeConnection>();
  connection->feeds.push_back({.messages = {Message({{"c8", "c9"}})}, .end = {}, .stays_open = true});
  Subscription feed(connection, {.after_cursor = "c7"});
  EXPECT_EQ(End(feed).code(), absl::StatusCode::kDataLoss);
}

TEST(SubscriptionTest, RefusesToGoOnWhenTheBrokerWillNotHaveIt) {
  for (const auto code :
       {absl::StatusCode::kUnauthenticated, absl::StatusCode::kPermissionDenied, absl::StatusCode::kOutOfRange,
        absl::StatusCode::kInvalidArgument, absl::StatusCode::kDataLoss}) {
    const auto connection = std::make_shared<FakeConnection>();
    connection->feeds.push_back({.messages = {Message({{"", "c1"}})}, .end = absl::Status(code, "no")});
    Subscription feed(connection, {});
    EXPECT_THAT(Take(feed, 1), testing::ElementsAre("c1")) << "what came before the end is still given";
    EXPECT_EQ(End(feed).code(), code);
    EXPECT_EQ(End(feed).code(), code) << "and again";
    EXPECT_EQ(connection->opened_after().size(), 1u);
  }
}

TEST(SubscriptionTest, FromNowLosesNothingWhenTheFirstStreamBreaksAtOnce) {
  const auto connection = std::make_shared<FakeConnection>();
  connection->on_call = [](size_t, const std::string&, const google::protobuf::Message&,
                           google::protobuf::Message* response) {
    dynamic_cast<v1::GetFeedCursorResponse*>(response)->set_cursor("c5");
    return absl::OkStatus();
  };
  connection->feeds.push_back({.messages = {}, .end = absl::UnavailableError("gone")});
  connection->feeds.push_back({.messages = {Message({{"c5", "c6"}})}, .end = {}, .stays_open = true});
  Subscription feed(connection, {.from_now = true});
  EXPECT_THAT(Take(feed, 1), testing::ElementsAre("c6"));
  EXPECT_THAT(connection->opened_after(), testing::ElementsAre("c5", "c5"));
}

TEST(SubscriptionTest, SaysOnceThatItHasCaughtUp) {
  const auto connection = std::make_shared<FakeConnection>();
  connection->feeds.push_back({.messages = {Message({{"", "c1"}}, /*caught_up=*/true)}, .end = {}, .stays_open = true});
  Subscription feed(connection, {});
  EXPECT_THAT(Take(feed, 1), testing::ElementsAre("c1"));
  EXPECT_FALSE(feed.caught_up());
  const absl::StatusOr<std::optional<v1::Delivery>> mark = feed.Next(absl::InfiniteDuration());
  ASSERT_TRUE(mark.ok());
  EXPECT_FALSE(mark->has_value());
  EXPECT_TRUE(feed.caught_up());
}

TEST(SubscriptionTest, TellsOfABreakAndOfTheNextTimeItIsAtThePresent) {
  const auto connection = std::make_shared<FakeConnection>();
  connection->feeds.push_back(
      {.messages = {Message({{"", "c1"}}, /*caught_up=*/true)}, .end = absl::UnavailableError("gone")});
  connection->feeds.push_back(
      {.messages = {Message({{"c1", "c2"}}, /*caught_up=*/true)}, .end = {}, .stays_open = true});
  Subscription feed(connection, {});
  std::vector<bool> at_present;
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(feed.Next(absl::InfiniteDuration()).ok());
    at_present.push_back(feed.at_present());
  }
  EXPECT_THAT(at_present, testing::ElementsAre(false, true, false, false, true))
      << "a delivery, the present, the break, a delivery, the present";
}

TEST(SubscriptionTest, AfterAGapItSaysWhereTheFeedGoesOn) {
  const auto connection = std::make_shared<FakeConnection>();
  connection->feeds.push_back({.messages = {Message({{"", "c1"}, {"c4", "c5"}})}, .end = {}, .stays_open = true});
  Subscription feed(connection, {});
  EXPECT_EQ(End(feed).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(feed.gap_until(), "c4");
}

TEST(SubscriptionTest, NextWithoutPatienceGivesNothingWhereNothingIs) {
  Subscription feed(std::make_shared<FakeConnection>(), {});
  const absl::StatusOr<std::optional<v1::Delivery>> next = feed.Next(absl::ZeroDuration());
  ASSERT_TRUE(next.ok());
  EXPECT_FALSE(next->has_value());
}

TEST(SubscriptionTest, CancelEndsABlockedNext) {
  Subscription feed(std::make_shared<FakeConnection>(), {});
  std::thread canceller([&feed] { feed.Cancel(); });
  EXPECT_EQ(End(feed).code(), absl::StatusCode::kCancelled);
  canceller.join();
}

TEST(SubscriptionTest, AFullQueueHoldsTheReaderBackAndLosesNothing) {
  const auto connection = std::make_shared<FakeConnection>();
  std::vector<std::pair<std::string, std::string>> deliveries;
  std::vector<std::string> wanted;
  for (int i = 0; i < 50; ++i) {
    deliveries.emplace_back(i == 0 ? "" : absl::StrCat("c", i - 1), absl::StrCat("c", i));
    wanted.push_back(absl::StrCat("c", i));
  }
  connection->feeds.push_back({.messages = {Message(deliveries)}, .end = {}, .stays_open = true});
  Subscription feed(connection, {.queue_max = 2});
  EXPECT_EQ(Take(feed, 50), wanted);
}

}  // namespace
}  // namespace muster
