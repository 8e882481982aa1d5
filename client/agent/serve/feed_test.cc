// The feed from the inbox.
#include <atomic>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "client/agent/serve/testing/serve_test_fixture.h"
#include "client/agent/store/inbox.h"
#include "client/lib/subscription.h"

namespace muster::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class FeedTest : public ServeTest {
 protected:
  // The cursors of what `stream` gives until it has caught up.
  static std::vector<std::string> ReadToPresent(FeedStream& stream) {
    std::vector<std::string> cursors;
    muster::v1::SubscribeResponse response;
    while (stream.Read(&response)) {
      for (const muster::v1::Delivery& delivery : response.deliveries()) cursors.push_back(delivery.cursor());
      if (response.caught_up()) break;
      response.Clear();
    }
    return cursors;
  }
  static std::vector<std::string> ReadMessage(FeedStream& stream) {
    muster::v1::SubscribeResponse response;
    std::vector<std::string> cursors;
    if (!stream.Read(&response)) return cursors;
    for (const muster::v1::Delivery& delivery : response.deliveries()) cursors.push_back(delivery.cursor());
    return cursors;
  }
  static absl::Status End(FeedStream& stream) {
    muster::v1::SubscribeResponse response;
    while (stream.Read(&response)) {
    }
    return stream.Finish();
  }
  static muster::v1::SubscribeRequest After(const std::string& cursor) {
    muster::v1::SubscribeRequest request;
    request.set_after_cursor(cursor);
    return request;
  }

  // Closes a stream that would go on for ever.
  static void Close(FeedStream& stream) {
    stream.Cancel();
    (void)End(stream);
  }
};

TEST_F(FeedTest, ReplaysFromTheBeginningAndGoesOnLive) {
  ASSERT_TRUE(StartUnenrolled().ok());
  ASSERT_TRUE(Append(1, 3).ok());
  const auto connection = ToSocket();
  const auto stream = connection->OpenFeed({});
  EXPECT_THAT(ReadToPresent(*stream), ElementsAre("feed-1", "feed-2", "feed-3"));
  ASSERT_TRUE(Append(4, 4).ok());
  EXPECT_THAT(ReadMessage(*stream), ElementsAre("feed-4"));
  Close(*stream);
}

TEST_F(FeedTest, ResumesAfterACursor) {
  ASSERT_TRUE(StartUnenrolled().ok());
  ASSERT_TRUE(Append(1, 3).ok());
  const auto connection = ToSocket();
  const auto stream = connection->OpenFeed(After("feed-2"));
  EXPECT_THAT(ReadToPresent(*stream), ElementsAre("feed-3"));
  Close(*stream);
}

TEST_F(FeedTest, FromNowLeavesOutWhatWas) {
  ASSERT_TRUE(StartUnenrolled().ok());
  ASSERT_TRUE(Append(1, 3).ok());
  muster::v1::SubscribeRequest request;
  request.set_from_now(true);
  const auto connection = ToSocket();
  const auto stream = connection->OpenFeed(request);
  EXPECT_THAT(ReadToPresent(*stream), IsEmpty());
  ASSERT_TRUE(Append(4, 4).ok());
  EXPECT_THAT(ReadMessage(*stream), ElementsAre("feed-4"));
  Close(*stream);
}

TEST_F(FeedTest, EmptyInboxHasCaughtUp) {
  ASSERT_TRUE(StartUnenrolled().ok());
  const auto connection = ToSocket();
  const auto stream = connection->OpenFeed({});
  EXPECT_THAT(ReadToPresent(*stream), IsEmpty());
  Close(*stream);
}

TEST_F(FeedTest, FeedCursorIsThatOfTheLastDelivery) {
  ASSERT_TRUE(StartUnenrolled().ok());
  ASSERT_TRUE(Append(1, 3).ok());
  EXPECT_EQ(SocketClient().GetFeedCursor()->cursor(), "feed-3");
}

TEST_F(FeedTest, CursorOfAnotherFeedIsRefused) {
  ASSERT_TRUE(StartUnenrolled().ok());
  ASSERT_TRUE(Append(1, 3).ok());
  const auto connection = ToSocket();
  const auto stream = connection->OpenFeed(After("elsewhere"));
  EXPECT_EQ(RejectedOf(End(*stream)).reason(), muster::v1::ERROR_REASON_CURSOR_NOT_OURS);
}

// A read that went to the broker tells of a delivery that is still on its way here.
TEST_F(FeedTest, CursorAheadOfTheInboxIsWaitedForWhileConnected) {
  ASSERT_TRUE(StartUnenrolled().ok());
  ASSERT_TRUE(Append(1, 2).ok());
  agent_->link().FeedCaughtUp();
  const auto connection = ToSocket();
  const auto ahead = connection->OpenFeed(After("feed-3"));
  const auto another = connection->OpenFeed({});  // Asked after it, on the same connection.
  EXPECT_THAT(ReadToPresent(*another), ElementsAre("feed-1", "feed-2"));
  ASSERT_TRUE(Append(3, 4).ok());
  EXPECT_THAT(ReadToPresent(*ahead), ElementsAre("feed-4"));
  Close(*another);
  Close(*ahead);
}

TEST_F(FeedTest, CursorAndFromNowExcludeEachOther) {
  ASSERT_TRUE(StartUnenrolled().ok());
  muster::v1::SubscribeRequest request = After("feed-2");
  request.set_from_now(true);
  const auto connection = ToSocket();
  const auto stream = connection->OpenFeed(request);
  EXPECT_EQ(End(*stream).code(), absl::StatusCode::kInvalidArgument);
}

// A reader must not take what comes after a gap for what comes next.
TEST_F(FeedTest, GapEndsAStreamAfterWhatCameBeforeIt) {
  ASSERT_TRUE(StartUnenrolled().ok());
  ASSERT_TRUE(Append(1, 2).ok());
  v1::FeedGap gap;
  gap.set_after_cursor("feed-2");
  gap.set_next_cursor("feed-5");
  ASSERT_TRUE(agent_->store().inbox().NoteGap(gap).ok());
  ASSERT_TRUE(Append(6, 7).ok());
  const auto connection = ToSocket();
  const auto stream = connection->OpenFeed({});
  ASSERT_THAT(ReadMessage(*stream), ElementsAre("feed-1", "feed-2"));
  ASSERT_THAT(ReadMessage(*stream), IsEmpty());
  EXPECT_EQ(End(*stream).code(), absl::StatusCode::kOutOfRange);
  const auto beyond = connection->OpenFeed(After("feed-5"));
  EXPECT_THAT(ReadToPresent(*beyond), ElementsAre("feed-6", "feed-7"));
  Close(*beyond);
}

// 64 MiB wait for the first reader, more than every buffer on the way holds.
TEST_F(FeedTest, ReaderThatStopsReadingHoldsUpNoOther) {
  ASSERT_TRUE(StartUnenrolled().ok());
  constexpr int kCount = 1024;
  constexpr size_t kBytes = 64 << 10;
  for (int i = 0; i < kCount; i += 64) ASSERT_TRUE(Append(i + 1, i + 64, kBytes).ok());
  const auto connection = ToSocket();
  const auto stuck = connection->OpenFeed({});
  muster::v1::SubscribeResponse first;
  ASSERT_TRUE(stuck->Read(&first));
  const auto other_connection = ToSocket();
  const auto other = other_connection->OpenFeed({});
  EXPECT_EQ(ReadToPresent(*other).back(), CursorOf(kCount));
  Close(*other);
  Close(*stuck);
}

TEST_F(FeedTest, StoppingEndsAStreamThatWaits) {
  ASSERT_TRUE(StartUnenrolled().ok());
  const auto connection = ToSocket();
  const auto stream = connection->OpenFeed({});
  EXPECT_THAT(ReadToPresent(*stream), IsEmpty());
  server_->Stop(absl::Seconds(30));
  EXPECT_EQ(RejectedOf(End(*stream)).reason(), muster::v1::ERROR_REASON_DRAINING);
}

TEST_F(FeedTest, SubscriptionOfTheLibraryReadsItAsABrokers) {
  ASSERT_TRUE(StartUnenrolled().ok());
  ASSERT_TRUE(Append(1, 700).ok());
  Subscription feed(ToSocket(), {});
  for (int i = 1; i <= 700; ++i) {
    const absl::StatusOr<std::optional<muster::v1::Delivery>> next = feed.Next(absl::InfiniteDuration());
    ASSERT_TRUE(next.ok() && next->has_value()) << next.status();
    ASSERT_EQ((*next)->cursor(), CursorOf(i));
  }
}

}  // namespace
}  // namespace muster::agent
