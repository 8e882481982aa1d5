#include "server/broker/publisher.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "common/error_reason.h"
#include "gtest/gtest.h"
#include "server/broker/testing/publisher_test.h"

namespace muster {
namespace {

TEST_F(PublisherTest, ResumeFromEveryCursorGivesTheRest) {
  FeedWorld world(TestSeed(), 4);
  Open(&world, TinyQueues());
  PublishRandom(&world, 30);
  for (const std::string& agency_id : world.agency_ids()) {
    const std::vector<std::string>& feed = world.FeedOf(agency_id);
    for (uint64_t position = 0; position <= feed.size(); ++position) {
      FeedTestReader reader(publisher_.get(), agency_id, position);
      reader.ReadUntilCaughtUp();
      ASSERT_EQ(reader.notices(), Rest(feed, position)) << agency_id << " from " << position;
      ASSERT_EQ(reader.positions(), Positions(position, feed.size() - position));
    }
  }
}

TEST_F(PublisherTest, P2ResumingGivesWhatFollowsWithoutGapOrDuplicate) {
  FeedWorld world(TestSeed(), 4);
  Open(&world, TinyQueues());
  std::map<std::string, std::vector<std::string>> held;
  for (int round = 0; round < 40; ++round) {
    PublishRandom(&world, world.Random(0, 8));
    if (round % 10 == 9) Open(&world, TinyQueues());  // The broker restarts.
    for (const std::string& agency_id : world.agency_ids()) {
      if (world.Random(0, 2) == 0) continue;  // Off line.
      std::vector<std::string>& mine = held[agency_id];
      FeedTestReader reader(publisher_.get(), agency_id, mine.size());
      const size_t waiting = world.FeedOf(agency_id).size() - mine.size();
      if (waiting == 0) continue;
      const size_t wanted = world.Random(1, waiting);
      while (reader.notices().size() < wanted && reader.Step(world.Random(1, 5), world.Random(1, 400))) {
      }
      ASSERT_EQ(reader.positions(), Positions(mine.size(), reader.notices().size()));
      mine.insert(mine.end(), reader.notices().begin(), reader.notices().end());
    }
  }
  for (const std::string& agency_id : world.agency_ids()) {
    FeedTestReader reader(publisher_.get(), agency_id, held[agency_id].size());
    reader.ReadUntilCaughtUp();
    held[agency_id].insert(held[agency_id].end(), reader.notices().begin(), reader.notices().end());
    EXPECT_EQ(held[agency_id], world.FeedOf(agency_id));
  }
}

TEST_F(PublisherTest, LiveAndReplayedDeliveriesAreTheSame) {
  FeedWorld world(TestSeed(), 6);
  Publisher::Options roomy;
  roomy.reader_queue_max = 1 << 20;
  roomy.reader_queue_bytes_max = 1 << 30;
  Open(&world, roomy);
  std::vector<std::unique_ptr<FeedTestReader>> live;
  for (const std::string& agency_id : world.agency_ids()) {
    live.push_back(std::make_unique<FeedTestReader>(publisher_.get(), agency_id, kNow));
  }
  PublishRandom(&world, 100);
  ASSERT_EQ(publisher_->Stats().live_readers, world.agency_ids().size());
  ASSERT_EQ(publisher_->Stats().fallbacks, 0);
  for (size_t i = 0; i < live.size(); ++i) {
    const std::string& agency_id = world.agency_ids()[i];
    FeedTestReader replayed(publisher_.get(), agency_id, 0);
    live[i]->ReadUntil(world.FeedOf(agency_id).size());
    replayed.ReadUntil(world.FeedOf(agency_id).size());
    EXPECT_EQ(live[i]->notices(), world.FeedOf(agency_id));
    EXPECT_EQ(replayed.notices(), live[i]->notices());
    EXPECT_EQ(replayed.positions(), live[i]->positions());
  }
}

TEST_F(PublisherTest, SlowReaderFallsBackAndLosesNothing) {
  FeedWorld world(TestSeed(), 3);
  Open(&world, TinyQueues());
  FeedTestReader slow(publisher_.get(), "agency-0", kNow);
  PublishRandom(&world, 60);
  world.Publish(publisher_.get(), world.Notice({"agency-0"}));
  const PublisherStats stats = publisher_->Stats();
  EXPECT_EQ(stats.fallbacks, 1);
  EXPECT_EQ(stats.live_readers, 0);
  EXPECT_EQ(stats.catching_up_readers, 1);
  slow.ReadUntil(world.FeedOf("agency-0").size());
  EXPECT_EQ(slow.notices(), world.FeedOf("agency-0"));
  EXPECT_EQ(slow.positions(), Positions(0, slow.notices().size()));
  // It is live again, and what comes now reaches it straight.
  EXPECT_EQ(publisher_->Stats().live_readers, 1);
  world.Publish(publisher_.get(), world.Notice({"agency-0"}));
  EXPECT_EQ(slow.DrainNow(), 1);
  EXPECT_EQ(slow.caught_up_marks(), 1);
}

TEST_F(PublisherTest, AReaderOutsideTheAudienceGetsNothing) {
  FeedWorld world(TestSeed(), 4);
  Open(&world);
  FeedTestReader live(publisher_.get(), "outsider", kNow);
  PublishRandom(&world, 50);
  ASSERT_EQ(publisher_->Position("outsider"), 0);
  // One notice among many of others: neither live nor from the disk does another slip in.
  world.Publish(publisher_.get(), world.Notice({"outsider", "agency-1"}));
  PublishRandom(&world, 50);
  FeedTestReader replayed(publisher_.get(), "outsider", 0);
  for (FeedTestReader* reader : {&live, &replayed}) {
    reader->ReadUntil(1);
    reader->ReadUntilCaughtUp();
    EXPECT_EQ(reader->DrainNow(), 0);
    EXPECT_EQ(reader->notices(), world.FeedOf("outsider"));
  }
}

TEST_F(PublisherTest, AudiencesAreKnownAgainAfterARestart) {
  FeedWorld world(TestSeed(), 4);
  Open(&world);
  PublishRandom(&world, 20);
  Open(&world);
  for (const std::string& agency_id : world.agency_ids()) {
    EXPECT_EQ(publisher_->Position(agency_id), world.FeedOf(agency_id).size());
    FeedTestReader reader(publisher_.get(), agency_id, 0);
    reader.ReadUntilCaughtUp();
    EXPECT_EQ(reader.notices(), world.FeedOf(agency_id));
  }
}

TEST_F(PublisherTest, SubscriptionDuringPublishMissesNothing) {
  FeedWorld world(TestSeed(), 4);
  Open(&world, TinyQueues());
  std::vector<std::vector<Applied>> batches;
  for (int i = 0; i < 300; ++i) batches.push_back(world.RandomBatch(world.Random(1, 6)));
  const Audiences& audiences = world.audiences();

  std::vector<std::thread> readers;
  for (const std::string& agency_id : world.agency_ids()) {
    const std::vector<std::string>& feed = world.FeedOf(agency_id);
    readers.emplace_back([this, &agency_id, &feed] {
      std::mt19937 random(static_cast<uint32_t>(feed.size()));
      std::vector<std::string> held;
      while (held.size() < feed.size()) {
        FeedTestReader reader(publisher_.get(), agency_id, held.size());
        const size_t wanted = std::min<size_t>(feed.size() - held.size(), 1 + random() % 40);
        while (reader.notices().size() < wanted && reader.Step(1 + random() % 9)) {
        }
        ASSERT_EQ(reader.status(), absl::OkStatus());
        ASSERT_EQ(reader.positions(), Positions(held.size(), reader.notices().size()));
        held.insert(held.end(), reader.notices().begin(), reader.notices().end());
      }
      EXPECT_EQ(held, feed);
    });
  }
  Sequence sequence = 1;
  for (const std::vector<Applied>& batch : batches) {
    ASSERT_EQ(publisher_->Publish(sequence, batch, audiences), absl::OkStatus());
    sequence += batch.size();
  }
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(publisher_->Stats().live_readers + publisher_->Stats().catching_up_readers, 0);
}

TEST_F(PublisherTest, StalledReaderNeverStallsPublish) {
  FeedWorld world(TestSeed(), 1);
  const Publisher::Options options = TinyQueues();
  Open(&world, options);
  for (int i = 0; i < 20; ++i) world.Publish(publisher_.get(), world.Notice({"agency-0"}));
  FeedTestReader stalled_live(publisher_.get(), "agency-0", kNow);
  FeedTestReader stalled_in_history(publisher_.get(), "agency-0", 0);
  FeedTestReader healthy(publisher_.get(), "agency-0", 0);
  // Each publish returns though two readers never drain, and the third gets it all.
  for (int i = 0; i < 500; ++i) {
    world.Publish(publisher_.get(), world.Notice({"agency-0"}));
    healthy.ReadUntil(static_cast<size_t>(21 + i));
  }
  EXPECT_EQ(healthy.notices(), world.FeedOf("agency-0"));
  // They cost no more than their queues: half of one is the least that is read ahead.
  EXPECT_EQ(stalled_live.DrainNow(1'000, 1 << 20), options.reader_queue_max);
  const size_t ahead = stalled_in_history.DrainNow(1'000, 1 << 20);
  EXPECT_GT(ahead, options.reader_queue_max / 2);
  EXPECT_LE(ahead, options.reader_queue_max);
  // And when they move again they have lost nothing.
  stalled_live.ReadUntil(500);
  stalled_in_history.ReadUntil(520);
  EXPECT_EQ(stalled_live.notices(), Rest(world.FeedOf("agency-0"), 20));
  EXPECT_EQ(stalled_in_history.notices(), world.FeedOf("agency-0"));
}

TEST_F(PublisherTest, PublishDoesNotNeedTheCatchUpThread) {
  FeedWorld world(1, 1);
  Open(&world, TinyQueues(), /*start=*/false);
  world.Publish(publisher_.get(), world.Notice({"agency-0"}));
  FeedTestReader in_history(publisher_.get(), "agency-0", 0);
  FeedTestReader live(publisher_.get(), "agency-0", kNow);
  world.Publish(publisher_.get(), world.Notice({"agency-0"}));
  EXPECT_EQ(live.DrainNow(), 1);
  EXPECT_EQ(in_history.DrainNow(), 0);
  publisher_->Start();
  in_history.ReadUntilCaughtUp();
  EXPECT_EQ(in_history.notices(), world.FeedOf("agency-0"));
}

TEST_F(PublisherTest, CaughtUpIsSaidOnceWithTheLastOfWhatThereWas) {
  FeedWorld world(1, 1);
  Open(&world, TinyQueues());
  for (int i = 0; i < 30; ++i) world.Publish(publisher_.get(), world.Notice({"agency-0"}));
  FeedTestReader from_history(publisher_.get(), "agency-0", 0);
  FeedTestReader from_now(publisher_.get(), "agency-0", kNow);
  from_history.ReadUntilCaughtUp();
  from_now.ReadUntilCaughtUp();
  EXPECT_EQ(from_history.caught_up_after(), 30);
  EXPECT_EQ(from_now.caught_up_after(), 0);
  for (int i = 0; i < 30; ++i) world.Publish(publisher_.get(), world.Notice({"agency-0"}));
  from_history.ReadUntil(60);
  from_now.ReadUntil(30);
  EXPECT_EQ(from_history.caught_up_marks(), 1);
  EXPECT_EQ(from_now.caught_up_marks(), 1);
}

TEST_F(PublisherTest, CaughtUpIsNotSaidWhileSomeOfWhatThereWasStillWaits) {
  FeedWorld world(1, 1);
  Open(&world);
  for (int i = 0; i < 5; ++i) world.Publish(publisher_.get(), world.Notice({"agency-0"}));
  FeedTestReader reader(publisher_.get(), "agency-0", 0);
  ASSERT_TRUE(reader.Step(2));
  EXPECT_EQ(reader.caught_up_marks(), 0);
  EXPECT_EQ(reader.DrainNow(3), 3);
  EXPECT_EQ(reader.caught_up_marks(), 1);
}

TEST_F(PublisherTest, AWakeComesOncePerEmptyDrainAndNeverUnasked) {
  FeedWorld world(1, 1);
  Open(&world);
  FeedTestReader reader(publisher_.get(), "agency-0", kNow);
  world.Publish(publisher_.get(), world.Notice({"agency-0"}));
  EXPECT_EQ(reader.wakes(), 0);
  EXPECT_EQ(reader.DrainNow(), 1);
  world.Publish(publisher_.get(), world.Notice({"agency-0"}));
  EXPECT_EQ(reader.wakes(), 0);
  EXPECT_EQ(reader.DrainNow(), 1);
  EXPECT_EQ(reader.DrainNow(), 0);
  for (int i = 0; i < 5; ++i) world.Publish(publisher_.get(), world.Notice({"agency-0"}));
  EXPECT_EQ(reader.wakes(), 1);
  EXPECT_EQ(reader.DrainNow(), 5);
  EXPECT_EQ(reader.DrainNow(), 0);
  world.Publish(publisher_.get(), world.Notice({"someone-else"}));
  EXPECT_EQ(reader.wakes(), 1);
  publisher_->Stop();
  EXPECT_EQ(reader.wakes(), 2);
}

TEST_F(PublisherTest, ADrainKeepsToItsLimitsButAlwaysMoves) {
  FeedWorld world(1, 1);
  Open(&world);
  FeedTestReader reader(publisher_.get(), "agency-0", kNow);
  for (int i = 0; i < 10; ++i) world.Publish(publisher_.get(), world.Notice({"agency-0"}, 100));
  EXPECT_EQ(reader.DrainNow(3, 1'000), 3);
  EXPECT_EQ(reader.DrainNow(10, 300), 2);
  EXPECT_EQ(reader.DrainNow(10, 1), 1);
  EXPECT_EQ(reader.DrainNow(10, 600), 4);
}

TEST_F(PublisherTest, ANoticeGreaterThanTheQueueIsDelivered) {
  FeedWorld world(1, 1);
  Open(&world, TinyQueues());
  FeedTestReader live(publisher_.get(), "agency-0", kNow);
  for (const size_t bytes : {50, 5'000, 50, 50, 9'000, 9'000, 300, 300, 300, 50}) {
    world.Publish(publisher_.get(), world.Notice({"agency-0"}, bytes));
  }
  FeedTestReader replayed(publisher_.get(), "agency-0", 0);
  for (FeedTestReader* reader : {&live, &replayed}) {
    reader->ReadUntil(10);
    EXPECT_EQ(reader->notices(), world.FeedOf("agency-0"));
  }
}

TEST_F(PublisherTest, APositionAheadOfTheBrokerIsSaid) {
  FeedWorld world(1, 1);
  Open(&world);
  world.Publish(publisher_.get(), world.Notice({"agency-0"}));
  FeedTestReader reader(publisher_.get(), "agency-0", 2);
  EXPECT_FALSE(reader.Step());
  EXPECT_EQ(RejectedOf(reader.status()).reason(), v1::ERROR_REASON_BEHIND_CURSOR);
  EXPECT_EQ(publisher_->Stats().catching_up_readers, 0);
}

TEST_F(PublisherTest, StoppingEndsEveryReaderAfterWhatIsQueued) {
  FeedWorld world(1, 1);
  Open(&world);
  FeedTestReader reader(publisher_.get(), "agency-0", kNow);
  world.Publish(publisher_.get(), world.Notice({"agency-0"}));
  publisher_->Stop();
  FeedTestReader late(publisher_.get(), "agency-0", 0);
  EXPECT_EQ(reader.DrainNow(), 1);
  EXPECT_FALSE(reader.Step());
  EXPECT_FALSE(late.Step());
  EXPECT_EQ(RejectedOf(reader.status()).reason(), v1::ERROR_REASON_DRAINING);
  EXPECT_EQ(RejectedOf(late.status()).reason(), v1::ERROR_REASON_DRAINING);
}

TEST_F(PublisherTest, ACancelledReaderIsForgotten) {
  FeedWorld world(1, 1);
  Open(&world);
  auto owned = std::make_shared<int>(0);
  const std::weak_ptr<int> by_wake = owned;
  const std::shared_ptr<Subscriber> subscriber =
      publisher_->Subscribe("agency-0", kNow, [owned = std::move(owned)] { ++*owned; });
  world.Publish(publisher_.get(), world.Notice({"agency-0"}));
  subscriber->Cancel();
  subscriber->Cancel();
  EXPECT_TRUE(by_wake.expired());
  EXPECT_EQ(publisher_->Stats().live_readers, 0);
  world.Publish(publisher_.get(), world.Notice({"agency-0"}));
  std::vector<DeliveryRun> out;
  bool caught_up = false;
  EXPECT_EQ(subscriber->Drain(10, 1'000, &out, &caught_up), 0);
  EXPECT_EQ(subscriber->status().code(), absl::StatusCode::kCancelled);
}

TEST_F(PublisherTest, AStoreThatDisagreesWithTheStateIsRefused) {
  FeedWorld world(1, 1);
  Open(&world);
  world.Publish(publisher_.get(), world.Notice({"agency-0"}));
  world.Notice({"agency-0"});  // Applied, never stored.
  EXPECT_EQ(Publisher::Create(store_.get(), world.audiences(), "12345678", {}).status().code(),
            absl::StatusCode::kDataLoss);
}

TEST_F(PublisherTest, EventsArePublishedInOrderWithoutGaps) {
  FeedWorld world(1, 1);
  Open(&world);
  const std::vector<Applied> batch = world.Notice({"agency-0"});
  EXPECT_EQ(publisher_->Publish(2, batch, world.audiences()).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(publisher_->Publish(1, batch, world.audiences()), absl::OkStatus());
  EXPECT_EQ(publisher_->Publish(1, batch, world.audiences()).code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace muster
