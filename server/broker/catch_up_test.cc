// What readers who catch up are given, and what readers alike share.
#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "common/error_reason.h"
#include "gtest/gtest.h"
#include "server/broker/testing/deliveries.h"
#include "server/broker/testing/publisher_test.h"

namespace muster {
namespace {

TEST_F(PublisherTest, HistoryTrimmedUnderASlowReaderIsSaidAndTrimmingOthersIsNot) {
  FeedWorld world(1, 0);
  Open(&world, TinyQueues());
  FeedTestReader loser(publisher_.get(), "a", kNow);
  FeedTestReader spared(publisher_.get(), "b", kNow);
  for (int i = 0; i < 10; ++i) world.Publish(publisher_.get(), world.Notice({"a", "b"}));
  for (int i = 0; i < 10; ++i) world.Publish(publisher_.get(), world.Notice({"a"}));
  for (int i = 0; i < 3; ++i) world.Publish(publisher_.get(), world.Notice({"a", "b"}));
  spared.ReadUntil(10);
  ASSERT_EQ(*store_->TrimTo(3), 20);
  spared.ReadUntil(13);
  EXPECT_EQ(spared.notices(), world.FeedOf("b"));
  while (loser.Step()) {
  }
  EXPECT_EQ(RejectedOf(loser.status()).reason(), v1::ERROR_REASON_HISTORY_TRIMMED);
  // What was queued before is given all the same.
  EXPECT_EQ(loser.notices().size(), TinyQueues().reader_queue_max);
}

TEST_F(PublisherTest, ASlowReaderGoesOnWhenOnlyOthersHistoryWasTrimmed) {
  FeedWorld world(1, 0);
  Open(&world, TinyQueues(), /*start=*/false);
  for (int i = 0; i < 3; ++i) world.Publish(publisher_.get(), world.Notice({"slow"}));
  for (int i = 0; i < 20; ++i) world.Publish(publisher_.get(), world.Notice({"other"}));
  for (int i = 0; i < 3; ++i) world.Publish(publisher_.get(), world.Notice({"slow"}));
  // The thread that has read the first page, up to the 11th notice, waits here while more is trimmed.
  absl::Notification read, trimmed;
  const std::shared_ptr<Subscriber> slow = publisher_->Subscribe("slow", 0, [&read, &trimmed] {
    if (!read.HasBeenNotified()) read.Notify();
    trimmed.WaitForNotification();
  });
  std::vector<DeliveryRun> runs;
  bool caught_up = false;
  ASSERT_EQ(slow->Drain(1, 1'000, &runs, &caught_up), 0u);
  publisher_->Start();
  read.WaitForNotification();
  EXPECT_EQ(*store_->TrimTo(6), 20u);
  trimmed.Notify();
  for (size_t count = 0; count < 6 && slow->status().ok();) {
    count += slow->Drain(1, 1'000, &runs, &caught_up);
    std::this_thread::yield();
  }
  EXPECT_EQ(slow->status(), absl::OkStatus());
  EXPECT_EQ(DecodeDeliveries(runs).size(), 6u);
  EXPECT_EQ(DecodeDeliveries(runs).back().notice, world.FeedOf("slow").back());
  slow->Cancel();
}

TEST_F(PublisherTest, HistoryOfNoticesThatFillTheQueueIsReadToTheEnd) {
  FeedWorld world(TestSeed(), 1);
  Open(&world, TinyQueues());
  for (int i = 0; i < 2'000; ++i) {
    world.Publish(publisher_.get(),
                  world.Notice({"agency-0"}, world.Random(50, 2 * TinyQueues().reader_queue_bytes_max)));
  }
  FeedTestReader reader(publisher_.get(), "agency-0", 0);
  while (reader.notices().size() < 2'000 && reader.Step(1)) {
  }
  EXPECT_EQ(reader.notices(), world.FeedOf("agency-0"));
}

TEST_F(PublisherTest, TrimmedHistoryIsSaid) {
  FeedWorld world(1, 0);
  Open(&world);
  for (int i = 0; i < 5; ++i) world.Publish(publisher_.get(), world.Notice({"trimmed"}));
  for (int i = 0; i < 5; ++i) world.Publish(publisher_.get(), world.Notice({"kept"}));
  world.Publish(publisher_.get(), world.Notice({"trimmed", "kept"}));
  ASSERT_EQ(*store_->TrimTo(6), 5);
  for (uint64_t position = 0; position < 5; ++position) {
    FeedTestReader reader(publisher_.get(), "trimmed", position);
    EXPECT_FALSE(reader.Step());
    EXPECT_EQ(reader.status().code(), absl::StatusCode::kOutOfRange);
    EXPECT_EQ(RejectedOf(reader.status()).reason(), v1::ERROR_REASON_HISTORY_TRIMMED);
  }
  FeedTestReader rest(publisher_.get(), "trimmed", 5);
  rest.ReadUntilCaughtUp();
  EXPECT_EQ(rest.notices().size(), 1);
  FeedTestReader whole(publisher_.get(), "kept", 0);
  whole.ReadUntilCaughtUp();
  EXPECT_EQ(whole.notices(), world.FeedOf("kept"));
}

TEST_F(PublisherTest, WhatIsStoredButNotYetPublishedIsNotReplayed) {
  FeedWorld world(1, 1);
  Open(&world);
  world.Publish(publisher_.get(), world.Notice({"agency-0"}));
  // As Publish does, up to the moment when it takes the lock.
  world.Append(store_.get(), world.Notice({"agency-0"}));
  FeedTestReader reader(publisher_.get(), "agency-0", 0);
  reader.ReadUntilCaughtUp();
  EXPECT_EQ(reader.notices().size(), 1);
}

TEST_F(PublisherTest, ReadersOfTheSameAudiencesShareWhatIsEncodedForThem) {
  FeedWorld world(1, 0);
  Open(&world);
  world.Publish(publisher_.get(), world.Notice({"like", "alike", "more"}));
  world.Publish(publisher_.get(), world.Notice({"more"}));
  const auto blocks = [this, &world](std::optional<uint64_t> after) {
    std::vector<std::unique_ptr<FeedTestReader>> readers;
    for (const char* agency_id : {"like", "alike", "more"}) {
      readers.push_back(std::make_unique<FeedTestReader>(publisher_.get(), agency_id, after));
      if (after == kNow) readers.back()->ReadUntilCaughtUp();
    }
    if (after == kNow) world.Publish(publisher_.get(), world.Notice({"like", "alike", "more"}));
    std::vector<const DeliveryBlock*> given;
    for (const auto& reader : readers) given.push_back(reader->Take().at(0).block.get());
    return given;
  };
  for (const std::optional<uint64_t> after : {kNow, std::optional<uint64_t>(0)}) {
    const std::vector<const DeliveryBlock*> given = blocks(after);
    EXPECT_EQ(given[0], given[1]);
    EXPECT_NE(given[0], given[2]);
  }
}

TEST_F(PublisherTest, ReadersWhoCatchUpFromDifferentPlacesComeToShareWhatIsRead) {
  FeedWorld world(1, 0);
  Open(&world, TinyQueues());
  for (int i = 0; i < 60; ++i) world.Publish(publisher_.get(), world.Notice({"a", "b"}));
  FeedTestReader first(publisher_.get(), "a", 10);
  FeedTestReader second(publisher_.get(), "b", 4);
  first.ReadUntil(20);
  std::set<const DeliveryBlock*> of_first, of_second;
  for (auto [reader, blocks] : {std::pair(&first, &of_first), std::pair(&second, &of_second)}) {
    while (reader->caught_up_marks() == 0) {
      for (const DeliveryRun& run : reader->Take()) blocks->insert(run.block.get());
    }
  }
  std::vector<const DeliveryBlock*> shared;
  std::set_intersection(of_first.begin(), of_first.end(), of_second.begin(), of_second.end(),
                        std::back_inserter(shared));
  EXPECT_GE(shared.size(), 3u);
  EXPECT_EQ(first.notices(), Rest(world.FeedOf("a"), 10));
  EXPECT_EQ(second.notices(), Rest(world.FeedOf("b"), 4));
}

TEST_F(PublisherTest, ABatchGreaterThanABlockIsDeliveredInOrder) {
  FeedWorld world(TestSeed(), 2);
  Open(&world);
  FeedTestReader live(publisher_.get(), "agency-0", kNow);
  live.ReadUntilCaughtUp();
  std::vector<Applied> batch;
  for (int i = 0; i < 3'000; ++i) {
    batch.push_back(world.Notice({i % 3 == 0 ? "agency-1" : "agency-0"}, world.Random(20, 1'000))[0]);
  }
  world.Publish(publisher_.get(), batch);
  live.ReadUntil(2'000);
  FeedTestReader replayed(publisher_.get(), "agency-0", 0);
  replayed.ReadUntilCaughtUp();
  EXPECT_EQ(live.notices(), world.FeedOf("agency-0"));
  EXPECT_EQ(replayed.notices(), world.FeedOf("agency-0"));
  EXPECT_EQ(publisher_->Stats().fallbacks, 0);
}

}  // namespace
}  // namespace muster
