#include "client/agent/store/inbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <thread>

#include "client/agent/store/testing/store_folder.h"
#include "common/clock.h"
#include "common/error_reason.h"

namespace muster::agent {
namespace {

class InboxTest : public testing::Test {
 protected:
  InboxTest() : store_(folder_.Open()) {}

  Inbox& inbox() { return store_->inbox(); }

  void Deliver(int first, int last, absl::Time now = TestTime()) {
    const absl::Status status = inbox().Append(NewDeliveries(first, last), {}, now);
    ASSERT_TRUE(status.ok()) << status;
  }

  void Reopen() {
    store_.reset();
    store_ = folder_.Open();
  }

  std::vector<std::string> Cursors(uint64_t after_row = 0, size_t count_max = 1000) {
    std::vector<std::string> cursors;
    const auto deliveries = inbox().After(after_row, count_max);
    EXPECT_TRUE(deliveries.ok()) << deliveries.status();
    if (deliveries.ok()) {
      for (const Inbox::Stored& stored : *deliveries) cursors.push_back(stored.delivery.cursor());
    }
    return cursors;
  }

  v1::FeedGap Gap(const std::string& next_cursor) {
    v1::FeedGap gap;
    gap.set_after_cursor(inbox().cursor());
    gap.set_next_cursor(next_cursor);
    gap.set_message("the brokers have lost some");
    *gap.mutable_at() = ToProto(TestTime());
    return gap;
  }

  StoreFolder folder_;
  std::unique_ptr<Store> store_;
};

TEST_F(InboxTest, IsEmptyAtFirst) {
  EXPECT_EQ(inbox().cursor(), "");
  EXPECT_EQ(inbox().last_row(), 0u);
  EXPECT_EQ(inbox().hook_row(), 0u);
  EXPECT_TRUE(Cursors().empty());
  EXPECT_EQ(inbox().Status()->deliveries(), 0u);
  EXPECT_FALSE(inbox().Status()->has_last_delivery_at());
}

TEST_F(InboxTest, DeliveriesAreKeptInOrderWithRowsWithoutGaps) {
  Deliver(1, 2);
  Deliver(3, 3, TestTime(9));
  const auto deliveries = inbox().After(0, 10);
  ASSERT_TRUE(deliveries.ok()) << deliveries.status();
  ASSERT_EQ(deliveries->size(), 3u);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ((*deliveries)[static_cast<size_t>(i)].row, static_cast<uint64_t>(i + 1));
    EXPECT_EQ((*deliveries)[static_cast<size_t>(i)].delivery.SerializeAsString(),
              NewDelivery(i + 1).SerializeAsString());
  }
  EXPECT_EQ((*deliveries)[2].received_at, TestTime(9));
}

TEST_F(InboxTest, TheCursorIsThatOfTheLastDeliveryStored) {
  Deliver(1, 5);
  EXPECT_EQ(inbox().cursor(), CursorAt(5));
  EXPECT_EQ(inbox().last_row(), 5u);
  Reopen();
  EXPECT_EQ(inbox().cursor(), CursorAt(5));
  EXPECT_EQ(inbox().last_row(), 5u);
}

TEST_F(InboxTest, ADeliveryThatDoesNotFollowIsRefusedAndNothingIsStored) {
  Deliver(1, 2);
  std::vector<muster::v1::Delivery> broken = NewDeliveries(3, 5);
  broken[2].set_previous_cursor(CursorAt(3));
  EXPECT_TRUE(absl::IsDataLoss(inbox().Append(broken, {}, TestTime())));
  EXPECT_TRUE(absl::IsDataLoss(inbox().Append(NewDeliveries(4, 5), {}, TestTime())));
  EXPECT_TRUE(absl::IsDataLoss(inbox().Append(NewDeliveries(2, 3), {}, TestTime())));
  EXPECT_EQ(Cursors(), (std::vector<std::string>{CursorAt(1), CursorAt(2)}));
  EXPECT_EQ(inbox().cursor(), CursorAt(2));
  EXPECT_TRUE(store_->failed().ok());
}

TEST_F(InboxTest, ADeliveryWithoutACursorIsRefused) {
  muster::v1::Delivery delivery = NewDelivery(1);
  delivery.clear_cursor();
  EXPECT_TRUE(absl::IsDataLoss(inbox().Append({delivery}, {}, TestTime())));
  EXPECT_EQ(inbox().last_row(), 0u);
}

TEST_F(InboxTest, TheFirstDeliveryOfAllMayFollowAnything) {
  Deliver(40, 41);
  EXPECT_EQ(inbox().cursor(), CursorAt(41));
  EXPECT_EQ(inbox().last_row(), 2u);
}

TEST_F(InboxTest, AfterAGapTheNextDeliveryFollowsWhereItSaid) {
  Deliver(1, 2);
  ASSERT_TRUE(inbox().NoteGap(Gap(CursorAt(7))).ok());
  EXPECT_EQ(inbox().cursor(), CursorAt(7));
  EXPECT_TRUE(absl::IsDataLoss(inbox().Append(NewDeliveries(3, 3), {}, TestTime())));
  Deliver(8, 9);
  EXPECT_EQ(Cursors(), (std::vector<std::string>{CursorAt(1), CursorAt(2), CursorAt(8), CursorAt(9)}));
}

TEST_F(InboxTest, AGapWithoutACursorLetsAnythingFollow) {
  Deliver(1, 2);
  ASSERT_TRUE(inbox().NoteGap(Gap("")).ok());
  EXPECT_EQ(inbox().cursor(), "");
  Deliver(50, 50);
  EXPECT_EQ(inbox().cursor(), CursorAt(50));
}

TEST_F(InboxTest, AGapIsOnRecordForEverAndTheCursorIsThatAfterIt) {
  Deliver(1, 2);
  ASSERT_TRUE(inbox().NoteGap(Gap(CursorAt(7))).ok());
  Reopen();
  EXPECT_EQ(inbox().cursor(), CursorAt(7));
  Deliver(8, 8);
  ASSERT_TRUE(inbox().SetHookRow(3).ok());
  ASSERT_TRUE(store_->Maintain(absl::InfiniteFuture()).ok());
  const auto status = inbox().Status();
  ASSERT_TRUE(status.ok()) << status.status();
  ASSERT_EQ(status->gaps_size(), 1);
  EXPECT_EQ(status->gaps(0).after_cursor(), CursorAt(2));
  EXPECT_EQ(status->gaps(0).next_cursor(), CursorAt(7));
  EXPECT_EQ(status->gaps(0).message(), "the brokers have lost some");
}

TEST_F(InboxTest, OfTwoGapsInOnePlaceTheLaterSaysWhereToGoOn) {
  Deliver(1, 2);
  ASSERT_TRUE(inbox().NoteGap(Gap(CursorAt(7))).ok());
  ASSERT_TRUE(inbox().NoteGap(Gap(CursorAt(9))).ok());
  Reopen();
  EXPECT_EQ(inbox().cursor(), CursorAt(9));
  EXPECT_EQ(inbox().Status()->gaps_size(), 2);
}

TEST_F(InboxTest, AfterReturnsNoMoreThanAskedForAndAboutOneMebibyte) {
  Deliver(1, 5);
  EXPECT_EQ(Cursors(2, 2), (std::vector<std::string>{CursorAt(3), CursorAt(4)}));
  EXPECT_TRUE(Cursors(5).empty());
  const std::string large(400000, 'x');
  const std::vector<muster::v1::Delivery> deliveries = {
      NewDelivery(6, "op-1", large), NewDelivery(7, "op-1", large), NewDelivery(8, "op-1", large),
      NewDelivery(9, "op-1", std::string(3 << 20, 'x')), NewDelivery(10)};
  ASSERT_TRUE(inbox().Append(deliveries, {}, TestTime()).ok());
  EXPECT_EQ(Cursors(5).size(), 2u);
  EXPECT_EQ(Cursors(8).size(), 1u);  // One at least, however large.
}

TEST_F(InboxTest, AReaderGoesOnBehindItsCursor) {
  Deliver(1, 5);
  EXPECT_EQ(*inbox().RowOf(""), 0u);
  EXPECT_EQ(*inbox().RowOf(CursorAt(0)), 0u);  // What the first delivery follows.
  EXPECT_EQ(*inbox().RowOf(CursorAt(3)), 3u);
  EXPECT_EQ(*inbox().RowOf(CursorAt(5)), 5u);
}

TEST_F(InboxTest, AReaderWithTheCursorOfAGapGoesOnBehindIt) {
  Deliver(1, 2);
  ASSERT_TRUE(inbox().NoteGap(Gap(CursorAt(7))).ok());
  EXPECT_EQ(*inbox().RowOf(CursorAt(7)), 2u);
  Deliver(8, 9);
  EXPECT_EQ(*inbox().RowOf(CursorAt(7)), 2u);
}

TEST_F(InboxTest, ACursorOfAnotherFeedIsRefused) {
  Deliver(1, 2);
  const absl::Status status = inbox().RowOf("another feed's").status();
  EXPECT_EQ(RejectedOf(status).reason(), muster::v1::ERROR_REASON_CURSOR_NOT_OURS) << status;
}

TEST_F(InboxTest, ACursorThatIsOlderThanWhatIsKeptIsRefused) {
  Deliver(1, 5);
  ASSERT_TRUE(inbox().SetHookRow(5).ok());
  ASSERT_TRUE(store_->Maintain(TestTime(1)).ok());
  const absl::Status status = inbox().RowOf(CursorAt(2)).status();
  EXPECT_TRUE(absl::IsOutOfRange(status)) << status;
  EXPECT_EQ(RejectedOf(status).reason(), muster::v1::ERROR_REASON_HISTORY_TRIMMED);
  EXPECT_EQ(*inbox().RowOf(CursorAt(4)), 4u);  // What the first kept one follows: nothing is missed.
  EXPECT_EQ(*inbox().RowOf(""), 4u);
}

TEST_F(InboxTest, TheHooksPlaceIsDurableAndNeverGoesBack) {
  Deliver(1, 5);
  ASSERT_TRUE(inbox().SetHookRow(3).ok());
  ASSERT_TRUE(inbox().SetHookRow(2).ok());
  EXPECT_EQ(inbox().hook_row(), 3u);
  EXPECT_TRUE(absl::IsInvalidArgument(inbox().SetHookRow(6)));
  Reopen();
  EXPECT_EQ(inbox().hook_row(), 3u);
}

TEST_F(InboxTest, MaintainRemovesOldDeliveriesButTheLast) {
  Deliver(1, 3, TestTime(0));
  Deliver(4, 5, TestTime(100));
  ASSERT_TRUE(inbox().SetHookRow(5).ok());
  ASSERT_TRUE(store_->Maintain(TestTime(100)).ok());
  EXPECT_EQ(Cursors(), (std::vector<std::string>{CursorAt(4), CursorAt(5)}));
  ASSERT_TRUE(store_->Maintain(TestTime(1000)).ok());
  EXPECT_EQ(Cursors(), (std::vector<std::string>{CursorAt(5)}));
  EXPECT_EQ(inbox().Status()->deliveries(), 1u);
  Reopen();
  EXPECT_EQ(inbox().cursor(), CursorAt(5));
  EXPECT_EQ(inbox().last_row(), 5u);
  Deliver(6, 6);
}

TEST_F(InboxTest, MaintainKeepsWhatTheHookHasNotSeen) {
  Deliver(1, 5);
  ASSERT_TRUE(inbox().SetHookRow(2).ok());
  ASSERT_TRUE(store_->Maintain(TestTime(1000)).ok());
  EXPECT_EQ(Cursors(), (std::vector<std::string>{CursorAt(3), CursorAt(4), CursorAt(5)}));
}

TEST_F(InboxTest, MaintainLeavesNoHoleWhereTheClockWasSetBack) {
  Deliver(1, 1, TestTime(0));
  Deliver(2, 2, TestTime(500));
  Deliver(3, 3, TestTime(1));
  Deliver(4, 4, TestTime(600));
  ASSERT_TRUE(inbox().SetHookRow(4).ok());
  ASSERT_TRUE(store_->Maintain(TestTime(100)).ok());
  EXPECT_EQ(Cursors(), (std::vector<std::string>{CursorAt(2), CursorAt(3), CursorAt(4)}));
}

TEST_F(InboxTest, StatusSaysWhatIsThere) {
  Deliver(1, 2, TestTime(0));
  Deliver(3, 3, TestTime(8));
  const auto status = inbox().Status();
  ASSERT_TRUE(status.ok());
  EXPECT_EQ(status->deliveries(), 3u);
  EXPECT_EQ(status->cursor(), CursorAt(3));
  EXPECT_EQ(FromProto(status->last_delivery_at()), TestTime(8));
}

TEST_F(InboxTest, WhoWaitsIsWokenByADelivery) {
  const uint64_t seen = inbox().revision().now();
  std::thread waiter([this, seen] { EXPECT_NE(inbox().revision().WaitBeyond(seen, absl::Minutes(5)), seen); });
  Deliver(1, 1);
  waiter.join();
}

TEST_F(InboxTest, WaitingEndsWithoutADelivery) {
  const uint64_t seen = inbox().revision().now();
  EXPECT_EQ(inbox().revision().WaitBeyond(seen, absl::Milliseconds(1)), seen);
}

}  // namespace
}  // namespace muster::agent
