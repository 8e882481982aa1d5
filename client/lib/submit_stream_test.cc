// SubmitStream over fake wires: batches, breaks, refusals that pass.
#include "client/lib/submit_stream.h"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/lib/testing/fake_connection.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster {
namespace {

using Results = std::vector<v1::SubmissionAnswer>;

v1::SubmissionAnswer Accept(const std::string& id) {
  v1::SubmissionAnswer result;
  result.set_submission_id(id);
  result.mutable_outcome()->mutable_accepted();
  return result;
}

v1::SubmissionAnswer Refuse(const std::string& id, absl::StatusCode code) {
  v1::SubmissionAnswer result;
  result.set_submission_id(id);
  result.mutable_refusal()->set_code(static_cast<int>(code));
  return result;
}

std::optional<Results> AcceptAll(const v1::StreamSubmitRequest& request) {
  Results results;
  for (const v1::Submission& submission : request.submissions()) results.push_back(Accept(submission.submission_id()));
  return results;
}

v1::Submission Make(const std::string& id) {
  v1::Submission submission;
  submission.set_submission_id(id);
  return submission;
}

// Counts results by id. The stream calls it one at a time.
struct Collector {
  std::map<std::string, int> results;
  std::map<std::string, int> refusals;

  SubmitStream::ResultCallback callback() {
    return [this](const v1::SubmissionAnswer& result) {
      ++results[result.submission_id()];
      if (result.has_refusal()) ++refusals[result.submission_id()];
    };
  }
};

TEST(SubmitStreamTest, EverySubmissionGetsOneResult) {
  const auto connection = std::make_shared<FakeConnection>();
  size_t largest = 0;
  connection->wires = {[&](const v1::StreamSubmitRequest& request) {
    largest = std::max(largest, static_cast<size_t>(request.submissions_size()));
    return AcceptAll(request);
  }};
  Collector collector;
  SubmitStream stream(connection, {.in_flight_max = 64, .batch_max = 16}, collector.callback());
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(stream.Submit(Make(absl::StrCat("s", i))).ok());
  ASSERT_TRUE(stream.Finish().ok());
  EXPECT_EQ(collector.results.size(), 500u);
  for (const auto& [id, count] : collector.results) EXPECT_EQ(count, 1) << id;
  EXPECT_LE(largest, 16u);
}

TEST(SubmitStreamTest, WhatHasNoResultIsSentAgainWithTheSameIdAfterABreak) {
  const auto connection = std::make_shared<FakeConnection>();
  std::set<std::string> first;
  std::set<std::string> second;
  connection->wires = {[&](const v1::StreamSubmitRequest& request) -> std::optional<Results> {
                         for (const auto& submission : request.submissions()) first.insert(submission.submission_id());
                         return std::nullopt;  // Taken, and never answered.
                       },
                       [&](const v1::StreamSubmitRequest& request) -> std::optional<Results> {
                         for (const auto& submission : request.submissions()) second.insert(submission.submission_id());
                         return AcceptAll(request);
                       }};
  Collector collector;
  SubmitStream stream(connection, {}, collector.callback());
  for (const char* id : {"a", "b", "c"}) ASSERT_TRUE(stream.Submit(Make(id)).ok());
  ASSERT_TRUE(stream.Finish().ok());
  EXPECT_THAT(second, testing::ElementsAre("a", "b", "c"));
  EXPECT_TRUE(first.count("a") == 1);
  EXPECT_EQ(stream.reconnects(), 1);
  EXPECT_EQ(collector.results.size(), 3u);
  EXPECT_EQ(connection->broker(), 1u);
}

TEST(SubmitStreamTest, ARefusalThatPassesIsSentAgainAndNotReported) {
  const auto connection = std::make_shared<FakeConnection>();
  int times = 0;
  connection->wires = {[&](const v1::StreamSubmitRequest& request) -> std::optional<Results> {
    if (++times <= 3)
      return Results{Refuse(request.submissions(0).submission_id(), absl::StatusCode::kResourceExhausted)};
    return AcceptAll(request);
  }};
  Collector collector;
  SubmitStream stream(connection, {}, collector.callback());
  ASSERT_TRUE(stream.Submit(Make("a")).ok());
  ASSERT_TRUE(stream.Finish().ok());
  EXPECT_EQ(times, 4);
  EXPECT_EQ(collector.results["a"], 1);
  EXPECT_TRUE(collector.refusals.empty());
}

// Like a broker's queue: takes `room` submissions of a message, refuses the rest for now, and rejects what comes after
// the hole that this leaves.
TEST(SubmitStreamTest, NoNumberedSubmissionIsLostWhenAFullQueueLeavesAGap) {
  const auto connection = std::make_shared<FakeConnection>();
  uint64_t highest = 0;
  int refused = 0;
  int gaps = 0;
  std::vector<std::string> accepted;
  connection->wires = {[&](const v1::StreamSubmitRequest& request) -> std::optional<Results> {
    Results results;
    for (int i = 0; i < request.submissions_size(); ++i) {
      const v1::Submission& submission = request.submissions(i);
      if (submission.outbox_number().number() > highest + 1) {
        ++gaps;
        v1::SubmissionAnswer& gap = results.emplace_back();
        gap.set_submission_id(submission.submission_id());
        gap.mutable_outcome()->mutable_rejected()->set_reason(v1::ERROR_REASON_OUTBOX_GAP);
      } else if (highest % 4 == 3 && refused < 12) {
        ++refused;
        results.push_back(Refuse(submission.submission_id(), absl::StatusCode::kResourceExhausted));
      } else {
        highest = submission.outbox_number().number();
        accepted.push_back(submission.submission_id());
        results.push_back(Accept(submission.submission_id()));
      }
    }
    return results;
  }};
  std::vector<std::string> reported;
  int rejected = 0;
  SubmitStream stream(connection, {.in_flight_max = 64, .batch_max = 4}, [&](const v1::SubmissionAnswer& answer) {
    reported.push_back(answer.submission_id());
    rejected += answer.outcome().has_rejected() || answer.has_refusal();
  });
  for (uint64_t number = 1; number <= 40; ++number) {
    v1::Submission submission = Make(absl::StrCat("s", number));
    submission.mutable_outbox_number()->set_number(number);
    ASSERT_TRUE(stream.Submit(std::move(submission)).ok());
  }
  ASSERT_TRUE(stream.Finish().ok());
  EXPECT_GT(refused, 0);
  EXPECT_GT(gaps, 0);
  EXPECT_EQ(accepted.size(), 40u);
  EXPECT_EQ(reported, accepted);
  EXPECT_EQ(rejected, 0);
}

TEST(SubmitStreamTest, ARefusalThatWillNotPassIsTheResult) {
  const auto connection = std::make_shared<FakeConnection>();
  connection->wires = {[](const v1::StreamSubmitRequest& request) -> std::optional<Results> {
    return Results{Refuse(request.submissions(0).submission_id(), absl::StatusCode::kPermissionDenied)};
  }};
  Collector collector;
  SubmitStream stream(connection, {}, collector.callback());
  ASSERT_TRUE(stream.Submit(Make("a")).ok());
  ASSERT_TRUE(stream.Finish().ok());
  EXPECT_EQ(collector.refusals["a"], 1);
}

TEST(SubmitStreamTest, TheSameIdSentTwiceGetsTwoResults) {
  const auto connection = std::make_shared<FakeConnection>();
  connection->wires = {AcceptAll};
  Collector collector;
  SubmitStream stream(connection, {}, collector.callback());
  ASSERT_TRUE(stream.Submit(Make("a")).ok());
  ASSERT_TRUE(stream.Submit(Make("a")).ok());
  ASSERT_TRUE(stream.Finish().ok());
  EXPECT_EQ(collector.results["a"], 2);
}

TEST(SubmitStreamTest, GivesUpWhenNothingIsAnsweredForTheDeadline) {
  ConnectionOptions options = FakeConnection::QuickOptions();
  options.deadline = absl::Milliseconds(20);
  const auto connection = std::make_shared<FakeConnection>(options);
  connection->wires = {[](const v1::StreamSubmitRequest&) { return std::optional<Results>(); }};
  Collector collector;
  SubmitStream stream(connection, {}, collector.callback());
  ASSERT_TRUE(stream.Submit(Make("a")).ok());
  EXPECT_EQ(stream.Finish().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(stream.in_flight(), 1u);
  EXPECT_TRUE(collector.results.empty());
}

TEST(SubmitStreamTest, ABrokerThatNoLongerAcceptsUsEndsItAtOnce) {
  const auto connection = std::make_shared<FakeConnection>();
  connection->wires = {[](const v1::StreamSubmitRequest&) { return std::optional<Results>(); }};
  connection->wire_break = absl::UnauthenticatedError("revoked");
  Collector collector;
  SubmitStream stream(connection, {}, collector.callback());
  ASSERT_TRUE(stream.Submit(Make("a")).ok());
  EXPECT_EQ(stream.Finish().code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(stream.Submit(Make("b")).code(), absl::StatusCode::kUnauthenticated);
}

TEST(SubmitStreamTest, CancelEndsAFinishThatWaits) {
  const auto connection = std::make_shared<FakeConnection>();
  connection->wires = {[](const v1::StreamSubmitRequest&) { return std::optional<Results>(Results{}); }};
  Collector collector;
  SubmitStream stream(connection, {}, collector.callback());
  ASSERT_TRUE(stream.Submit(Make("a")).ok());
  std::thread canceller([&stream] { stream.Cancel(); });
  EXPECT_EQ(stream.Finish().code(), absl::StatusCode::kCancelled);
  canceller.join();
}

}  // namespace
}  // namespace muster
