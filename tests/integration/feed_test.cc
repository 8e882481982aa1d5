// The feed over the wire: resuming, slow readers, trimmed history, and what a participant never sees.
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/lib/submit_stream.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/exercise.h"

namespace muster {
namespace {

std::vector<std::string> Bytes(const std::vector<v1::Delivery>& deliveries) {
  std::vector<std::string> bytes;
  for (const v1::Delivery& delivery : deliveries) bytes.push_back(delivery.SerializeAsString());
  return bytes;
}

class FeedTest : public IntegrationTest {
 protected:
  using IntegrationTest::IntegrationTest;

  // Sends `count` tallies of Kentucky, numbered from `first`, by a submit stream. Their entry ids in the order sent.
  std::vector<std::string> SubmitTallies(uint64_t first, uint64_t count) {
    std::vector<std::string> ids;
    std::atomic<uint64_t> accepted = 0;
    SubmitStream stream(As(kKentucky).connection(), {}, [&](const v1::SubmissionAnswer& result) {
      if (result.outcome().has_accepted()) ++accepted;
    });
    for (uint64_t i = 0; i < count; ++i) {
      const v1::Submission tally = KentuckyTally(first + i);
      ids.push_back(tally.record_tally().entry().entry_id());
      EXPECT_TRUE(stream.Submit(tally).ok());
    }
    const absl::Status finished = stream.Finish();
    EXPECT_TRUE(finished.ok()) << finished;
    EXPECT_EQ(accepted, count);
    return ids;
  }

  std::vector<v1::Delivery> MustReadFeed(absl::string_view agency_id, const std::string& after = "") {
    auto feed = FeedOf(As(agency_id).connection(), after);
    EXPECT_TRUE(feed.ok()) << feed.status();
    return feed.ok() ? *std::move(feed) : std::vector<v1::Delivery>();
  }
};

TEST_F(FeedTest, ResumesFromEveryCursorAcrossARestart) {
  SetUpExercise();
  SubmitTallies(1, 10);
  const std::vector<std::string> whole = Bytes(MustReadFeed(kKentucky));
  const std::vector<v1::Delivery> deliveries = MustReadFeed(kKentucky);
  ASSERT_GE(deliveries.size(), 12u);
  for (const bool killed : {true, false}) {
    Disconnect();
    if (killed) {
      broker_.Kill();
    } else {
      ASSERT_EQ(broker_.Stop().value_or(-1), 0);
    }
    ASSERT_TRUE(Start());
    EXPECT_EQ(Bytes(MustReadFeed(kKentucky)), whole) << "byte for byte, from the beginning";
    for (size_t i = 0; i < deliveries.size(); ++i) {
      const std::vector<std::string> rest(whole.begin() + static_cast<ptrdiff_t>(i) + 1, whole.end());
      EXPECT_EQ(Bytes(MustReadFeed(kKentucky, deliveries[i].cursor())), rest) << "after delivery " << i;
    }
  }
}

TEST_F(FeedTest, ACursorOfAnotherBrokerIsRefused) {
  TestBroker other;
  ASSERT_TRUE(other.Start().ok());
  const auto position = other.ClientOf(kLead).GetFeedCursor();
  ASSERT_TRUE(position.ok()) << position.status();
  const auto feed = FeedOf(As(kLead).connection(), position->cursor());
  EXPECT_EQ(feed.status().code(), absl::StatusCode::kDataLoss) << feed.status();
  EXPECT_EQ(ReasonOf(feed.status()), v1::ERROR_REASON_CURSOR_NOT_OURS);
}

class SlowReader : public FeedTest {
 protected:
  SlowReader() : FeedTest({.limits = "reader_queue_max = 100", .snapshot = ""}) {}
};

TEST_F(SlowReader, StallsNobodyAndLaterGetsEverythingInOrder) {
  SetUpExercise();
  // Flow control lets no more than a window through while nobody reads.
  const std::unique_ptr<FeedStream> stream = As(kLead).connection()->OpenFeed({});
  v1::SubscribeResponse response;
  ASSERT_TRUE(stream->Read(&response));
  WatchedFeed quick(broker_.Connect(OperatorOf(kAuditor)));
  ASSERT_TRUE(quick.WaitUntilOpen());

  constexpr uint64_t kTallies = 5000;
  const std::vector<std::string> sent = SubmitTallies(1, kTallies);
  EXPECT_GE(broker_.Metric("muster_reader_fallbacks_total"), 1) << "the reader was not slow enough to test anything";
  EXPECT_FALSE(quick.ended());

  std::vector<v1::Delivery> deliveries(response.deliveries().begin(), response.deliveries().end());
  while (EntriesIn({deliveries.back()}) != std::vector<std::string>{sent.back()} && stream->Read(&response)) {
    for (const v1::Delivery& delivery : response.deliveries()) {
      ASSERT_EQ(delivery.previous_cursor(), deliveries.back().cursor()) << "after " << deliveries.size();
      deliveries.push_back(delivery);
    }
  }
  EXPECT_EQ(EntriesIn(deliveries), sent);
  stream->Cancel();
  while (stream->Read(&response)) {
  }
  (void)stream->Finish();
}

class TrimmedHistory : public FeedTest {
 protected:
  TrimmedHistory() : FeedTest({.limits = "history_notices_max = 20", .snapshot = ""}) {}
};

TEST_F(TrimmedHistory, SaysSoAndASnapshotsCursorGoesOnWithoutAGap) {
  SetUpExercise();
  const std::string early = MustReadFeed(kLead).front().cursor();
  SubmitTallies(1, 200);
  for (const std::string& cursor : {std::string(), early}) {
    absl::Status trimmed;
    EXPECT_TRUE(Eventually([&] {
      trimmed = FeedOf(As(kLead).connection(), cursor).status();
      return !trimmed.ok();
    })) << "history is trimmed when the broker is idle";
    EXPECT_EQ(trimmed.code(), absl::StatusCode::kOutOfRange) << trimmed;
    EXPECT_EQ(ReasonOf(trimmed), v1::ERROR_REASON_HISTORY_TRIMMED) << trimmed;
  }

  // The way on: the current state, and the feed from the cursor in that answer.
  v1::ListTallyEntriesRequest list;
  list.set_operation_id(kTestOperation);
  list.mutable_page()->set_page_size(1000);
  const auto snapshot = As(kLead).ListTallyEntries(list);
  ASSERT_TRUE(snapshot.ok()) << snapshot.status();
  EXPECT_EQ(snapshot->entries_size(), 200);
  Subscription feed(As(kLead).connection(), {.after_cursor = snapshot->cursor()});
  const std::vector<std::string> after = SubmitTallies(1000, 3);
  std::vector<v1::Delivery> deliveries;
  while (deliveries.size() < 3) {
    const auto next = feed.Next(kPatience);
    ASSERT_TRUE(next.ok()) << next.status();
    if (next->has_value()) deliveries.push_back(**next);
  }
  EXPECT_EQ(EntriesIn(deliveries), after);
  EXPECT_EQ(deliveries[0].previous_cursor(), snapshot->cursor());
}

TEST_F(FeedTest, AParticipantsTranscriptHoldsNothingOfAnother) {
  SetUpExercise();
  SubmitTallies(1, 5);
  Accept(As(kDakota), DakotaTally(100));
  Accept(As(kLead), AmendPlan(1, v1::SECTION_CHANGE_MATERIAL,
                              {MakeSection("ky", "Kentucky's second thought.", {v1::ROLE_PARTICIPANT}, {"ky-1"})}));
  Accept(As(kLead), RevokeCertificate(kKentucky, std::string(64, 'b')));
  const std::vector<v1::Delivery> transcript = MustReadFeed(kDakota);
  EXPECT_EQ(EntriesIn(transcript), std::vector<std::string>{EntryId(100)});
  std::string all;
  for (const v1::Delivery& delivery : transcript) absl::StrAppend(&all, delivery.notice().DebugString());
  EXPECT_TRUE(absl::StrContains(all, "nd-1")) << "its own things are in it";
  for (const char* theirs : {"ky-1", "ky-ago", "Kentucky", "united-audit", "mo-1"}) {
    EXPECT_FALSE(absl::StrContains(all, theirs)) << theirs << " in\n" << all;
  }
  // The others do see it: the search above can fail.
  std::string lead;
  for (const v1::Delivery& delivery : MustReadFeed(kLead)) absl::StrAppend(&lead, delivery.notice().DebugString());
  for (const char* seen : {"ky-1", "ky-ago", "Kentucky"}) EXPECT_TRUE(absl::StrContains(lead, seen)) << seen;
}

TEST_F(FeedTest, FromNowOnBeginsWithWhatComesNext) {
  SetUpExercise();
  Accept(As(kKentucky), KentuckyTally(1));
  v1::SubscribeRequest request;
  request.set_from_now(true);
  const std::unique_ptr<FeedStream> stream = As(kLead).connection()->OpenFeed(request);
  v1::SubscribeResponse response;
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_TRUE(response.caught_up());
  EXPECT_EQ(response.deliveries_size(), 0);
  Accept(As(kKentucky), KentuckyTally(2));
  ASSERT_TRUE(stream->Read(&response));
  ASSERT_EQ(response.deliveries_size(), 1);
  EXPECT_EQ(response.deliveries(0).notice().tally_entry().entry().entry_id(), EntryId(2));
  stream->Cancel();
  while (stream->Read(&response)) {
  }
  (void)stream->Finish();
}

}  // namespace
}  // namespace muster
