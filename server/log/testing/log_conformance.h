// What every EventLog must do, as a suite of tests to run over each of them.
//
// Included once by a test program, which instantiates LogConformanceTest with its kinds of log.
#ifndef MUSTER_SERVER_LOG_TESTING_LOG_CONFORMANCE_H_
#define MUSTER_SERVER_LOG_TESTING_LOG_CONFORMANCE_H_

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "server/log/event_log.h"
#include "server/log/testing/log_files.h"

namespace muster {

// What the logs under test are opened with.
inline constexpr EventLog::Limits kConformanceLimits = {/*batch_events_max=*/64, /*batch_bytes_max=*/100'000};

// A log, and what the tests do to it from outside.
class LogHarness {
 public:
  virtual ~LogHarness() = default;
  virtual EventLog* log() = 0;
  virtual void Reopen() = 0;
  virtual void MakeNextAppendRefused() = 0;
  virtual void MakeNextAppendUnknown() = 0;
  virtual void Heal() = 0;
};

struct LogKind {
  std::string name;
  std::function<std::unique_ptr<LogHarness>()> make;  // Makes a new, empty log.
};

class LogConformanceTest : public testing::TestWithParam<LogKind> {
 protected:
  LogConformanceTest() : harness_(GetParam().make()) {}
  EventLog& log() { return *harness_->log(); }

  void Append(size_t count, size_t bytes = 100) {
    const absl::Status status = log().Append(Events(log().last_sequence() + 1, count, bytes));
    ASSERT_TRUE(status.ok()) << status;
  }

  // The log holds the events 1 to `last`, each with its own bytes.
  void ExpectHolds(Sequence last, size_t bytes = 100) {
    EXPECT_EQ(log().last_sequence(), last);
    const absl::StatusOr<std::vector<EncodedEvent>> events = ReadAll(log());
    ASSERT_TRUE(events.ok()) << events.status();
    ASSERT_EQ(events->size(), last);
    for (Sequence sequence = 1; sequence <= last; ++sequence) {
      EXPECT_EQ((*events)[sequence - 1].sequence, sequence);
      EXPECT_EQ((*events)[sequence - 1].bytes, EventBytes(sequence, bytes));
    }
  }

  std::unique_ptr<LogHarness> harness_;
};

TEST_P(LogConformanceTest, ANewLogIsEmpty) {
  EXPECT_EQ(log().last_sequence(), 0u);
  ExpectHolds(0);
}

TEST_P(LogConformanceTest, WhatIsAppendedIsReadInOrder) {
  Append(1);
  Append(5);
  Append(64);
  ExpectHolds(70);
}

TEST_P(LogConformanceTest, AnEventMayBeEmptyOrHoldAnyByte) {
  const std::string odd("\0\xff\n'", 4);
  ASSERT_TRUE(log().Append({{1, ""}, {2, odd}, {3, ""}}).ok());
  harness_->Reopen();
  const absl::StatusOr<std::vector<EncodedEvent>> events = ReadAll(log());
  ASSERT_TRUE(events.ok()) << events.status();
  ASSERT_EQ(events->size(), 3u);
  EXPECT_EQ((*events)[0].bytes, "");
  EXPECT_EQ((*events)[1].bytes, odd);
  EXPECT_EQ((*events)[2].bytes, "");
}

TEST_P(LogConformanceTest, ReadStartsAtAnyEventAlsoInsideABatch) {
  Append(3);
  Append(4);
  Append(2);
  for (Sequence first = 1; first <= 10; ++first) {
    const absl::StatusOr<std::vector<EncodedEvent>> events = ReadAll(log(), first);
    ASSERT_TRUE(events.ok()) << events.status();
    ASSERT_EQ(events->size(), 10 - first) << "from " << first;
    if (!events->empty()) {
      EXPECT_EQ(events->front().sequence, first);
    }
  }
}

TEST_P(LogConformanceTest, ReadOutsideTheLogIsOutOfRange) {
  Append(3);
  EXPECT_TRUE(absl::IsOutOfRange(ReadAll(log(), 0).status()));
  EXPECT_TRUE(absl::IsOutOfRange(ReadAll(log(), 5).status()));
  EXPECT_TRUE(ReadAll(log(), 4).ok());
}

TEST_P(LogConformanceTest, AnErrorOfTheVisitorStopsTheReadAndIsReturned) {
  Append(10);
  int visits = 0;
  const absl::Status status = log().Read(2, [&](Sequence sequence, absl::string_view) {
    ++visits;
    return sequence == 4 ? absl::CancelledError("enough") : absl::OkStatus();
  });
  EXPECT_EQ(status, absl::CancelledError("enough"));
  EXPECT_EQ(visits, 3);
}

TEST_P(LogConformanceTest, AVisitorMayReadTheLogToo) {
  Append(3);
  int visits = 0;
  const absl::Status status = log().Read(1, [&](Sequence, absl::string_view) {
    ++visits;
    return ReadAll(log()).status();
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(visits, 3);
}

TEST_P(LogConformanceTest, EventsAppendedDuringAReadAreNotPartOfIt) {
  Append(3);
  int visits = 0;
  const absl::Status status = log().Read(1, [&](Sequence, absl::string_view) {
    Append(1);
    ++visits;
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(visits, 3);
  ExpectHolds(6);
}

TEST_P(LogConformanceTest, ABatchMustBeConsecutiveFromTheEnd) {
  Append(2);
  EXPECT_TRUE(absl::IsInvalidArgument(log().Append({})));
  EXPECT_TRUE(absl::IsInvalidArgument(log().Append(Events(2, 1))));
  EXPECT_TRUE(absl::IsInvalidArgument(log().Append(Events(4, 1))));
  EXPECT_TRUE(absl::IsInvalidArgument(log().Append({{3, "a"}, {5, "b"}})));
  EXPECT_TRUE(absl::IsInvalidArgument(log().Append({{3, "a"}, {3, "b"}})));
  ExpectHolds(2);
  Append(1);
  ExpectHolds(3);
}

TEST_P(LogConformanceTest, ABatchAtTheLimitsIsTakenAndOneBeyondIsNot) {
  ASSERT_EQ(log().limits().batch_events_max, kConformanceLimits.batch_events_max);
  ASSERT_EQ(log().limits().batch_bytes_max, kConformanceLimits.batch_bytes_max);
  EXPECT_TRUE(absl::IsInvalidArgument(log().Append(Events(1, kConformanceLimits.batch_events_max + 1))));
  EXPECT_TRUE(absl::IsInvalidArgument(log().Append({{1, std::string(kConformanceLimits.batch_bytes_max + 1, 'x')}})));
  EXPECT_EQ(log().last_sequence(), 0u);
  EXPECT_TRUE(log().Append({{1, std::string(kConformanceLimits.batch_bytes_max, 'x')}}).ok());
  EXPECT_TRUE(log().Append(Events(2, kConformanceLimits.batch_events_max)).ok());
}

TEST_P(LogConformanceTest, ReopeningKeepsEverything) {
  for (size_t i = 1; i <= 20; ++i) {
    Append(i);
    if (i % 4 == 0) harness_->Reopen();
  }
  ExpectHolds(210);
}

TEST_P(LogConformanceTest, ARefusedAppendWritesNothingAndTheNextOneWorks) {
  Append(2);
  harness_->MakeNextAppendRefused();
  const absl::Status status = log().Append(Events(3, 2));
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  ExpectHolds(2);
  harness_->Heal();
  Append(3);
  ExpectHolds(5);
  harness_->Reopen();
  ExpectHolds(5);
}

TEST_P(LogConformanceTest, AfterAnUnknownFateNothingIsAppendedUntilReopened) {
  Append(2);
  harness_->MakeNextAppendUnknown();
  EXPECT_TRUE(absl::IsUnknown(log().Append(Events(3, 2))));
  harness_->Heal();
  EXPECT_TRUE(absl::IsUnknown(log().Append(Events(3, 2))));
  EXPECT_TRUE(absl::IsUnknown(log().Append(Events(5, 2))));
  harness_->Reopen();
  // The batch is there as a whole or not at all.
  const Sequence last = log().last_sequence();
  EXPECT_TRUE(last == 2 || last == 4) << last;
  Append(2);
  ExpectHolds(last + 2);
}

TEST_P(LogConformanceTest, ReadersSeeOnlyWholeHistoryWhileEventsAreAppended) {
  std::atomic<bool> done = false;
  std::atomic<int> reads = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!done.load() || reads.load() < 3) {
        const Sequence at_least = log().last_sequence();
        const absl::StatusOr<std::vector<EncodedEvent>> events = ReadAll(log());
        ASSERT_TRUE(events.ok()) << events.status();
        ASSERT_GE(events->size(), at_least);
        for (size_t j = 0; j < events->size(); ++j) ASSERT_EQ((*events)[j].bytes, EventBytes(j + 1, 100));
        reads.fetch_add(1);
      }
    });
  }
  for (int i = 0; i < 60; ++i) Append(5);
  done.store(true);
  for (std::thread& reader : readers) reader.join();
  ExpectHolds(300);
}

}  // namespace muster

#endif  // MUSTER_SERVER_LOG_TESTING_LOG_CONFORMANCE_H_
