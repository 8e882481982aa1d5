// What protects the log when brokers disagree about who leads, and when answers are lost.
#include "server/etcd/etcd_event_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <thread>

#include "absl/strings/str_cat.h"
#include "tests/etcd/etcd_test_support.h"
#include "tests/etcd/relay.h"

namespace muster {
namespace {

using ::testing::HasSubstr;

// The log as somebody finds it who opens it now: the bytes of its events in order.
std::vector<std::string> Contents(const std::string& prefix) {
  const TestLog reader = OpenLog(prefix);
  const absl::StatusOr<std::vector<EncodedEvent>> events = ReadAll(*reader.log);
  EXPECT_TRUE(events.ok()) << events.status();
  std::vector<std::string> bytes;
  if (events.ok()) {
    for (const EncodedEvent& event : *events) bytes.push_back(event.bytes);
  }
  return bytes;
}

// How long an append waits for an answer that is kept from it. The tests let things happen meanwhile.
constexpr absl::Duration kAnswerWait = absl::Milliseconds(1500);

// A leading log whose first member of etcd is behind a relay.
struct RelayedLog {
  std::unique_ptr<Relay> relay = std::make_unique<Relay>(SharedEtcd().endpoints()[0]);
  TestLog opened;
};

RelayedLog OpenRelayed(const std::string& prefix) {
  RelayedLog relayed;
  EtcdOptions options = SharedEtcd().client_options();
  options.endpoints[0] = relayed.relay->endpoint();
  relayed.opened.client = MakeClient(options);
  EtcdEventLog::Options log_options;
  log_options.prefix = prefix;
  log_options.attempt_timeout = kAnswerWait;
  relayed.opened.log = std::make_unique<EtcdEventLog>(relayed.opened.client.get(), log_options, SystemClock());
  relayed.opened.log->SetTerm(TakeLead(*relayed.opened.client, prefix));
  const absl::StatusOr<bool> there = relayed.opened.log->Refresh();
  EXPECT_TRUE(there.ok() && *there) << there.status();
  return relayed;
}

TEST(EtcdEventLogTest, ARetriedTransactionGivesTheFirstResult) {
  const std::string prefix = NewLog();
  RelayedLog relayed = OpenRelayed(prefix);
  relayed.relay->HoldAnswers();
  const absl::Status status = relayed.opened.log->Append({{1, "once"}, {2, "only"}});
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(relayed.opened.log->last_sequence(), 2u);
  EXPECT_TRUE(relayed.opened.log->Append({{3, "next"}}).ok());
  EXPECT_THAT(Contents(prefix), testing::ElementsAre("once", "only", "next"));
}

TEST(EtcdEventLogTest, AnAppendThatOthersHaveBuiltUponIsOkAndTheNextOneIsAborted) {
  const std::string prefix = NewLog();
  RelayedLog relayed = OpenRelayed(prefix);
  relayed.relay->HoldAnswers();
  absl::Status status;
  std::thread appending([&] { status = relayed.opened.log->Append({{1, "first"}}); });
  const auto other = MakeClient();
  ASSERT_TRUE(Eventually([&] { return GetKey(*other, EtcdLogKeys(prefix).Batch(1)).status(); }));
  TestLog next = OpenLeadingLog(prefix);
  const absl::Status went_on = next.log->Append({{2, "second"}});
  appending.join();
  EXPECT_TRUE(went_on.ok()) << went_on;
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_TRUE(absl::IsAborted(relayed.opened.log->Append({{2, "mine"}})));
  EXPECT_THAT(Contents(prefix), testing::ElementsAre("first", "second"));
}

TEST(EtcdEventLogTest, TheFateOfABatchThatWasTrimmedMeanwhileIsUnknown) {
  const std::string prefix = NewLog();
  RelayedLog relayed = OpenRelayed(prefix);
  relayed.relay->HoldAnswers();
  absl::Status status;
  std::thread appending([&] { status = relayed.opened.log->Append({{1, "first"}}); });
  const auto other = MakeClient();
  ASSERT_TRUE(Eventually([&] { return GetKey(*other, EtcdLogKeys(prefix).Batch(1)).status(); }));
  TestLog next = OpenLeadingLog(prefix);
  const absl::Status went_on = next.log->Append({{2, "second"}});
  const absl::Status trimmed = next.log->Trim(1);
  appending.join();
  EXPECT_TRUE(went_on.ok() && trimmed.ok()) << went_on << trimmed;
  EXPECT_TRUE(absl::IsUnknown(status)) << status;
}

TEST(EtcdEventLogTest, WhenSpaceRunsOutAfterALostAnswerWhatWasDoneIsOk) {
  const std::string prefix = NewLog();
  RelayedLog relayed = OpenRelayed(prefix);
  relayed.relay->HoldAnswers();
  absl::Status status;
  std::thread appending([&] { status = relayed.opened.log->Append({{1, "first"}}); });
  const auto other = MakeClient();
  ASSERT_TRUE(Eventually([&] { return GetKey(*other, EtcdLogKeys(prefix).Batch(1)).status(); }));
  RaiseNoSpace();
  appending.join();
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_TRUE(absl::IsResourceExhausted(relayed.opened.log->Append({{2, "second"}})));
  EXPECT_TRUE(other->RecoverSpace(kCallWait).ok());
  EXPECT_TRUE(relayed.opened.log->Append({{2, "second"}}).ok());
  EXPECT_THAT(Contents(prefix), testing::ElementsAre("first", "second"));
}

TEST(EtcdEventLogTest, ADeposedLeadersAppendIsAbortedAndWritesNothing) {
  const std::string prefix = NewLog();
  TestLog old_leader = OpenLeadingLog(prefix);
  ASSERT_TRUE(old_leader.log->Append({{1, "a"}}).ok());
  // The tail is still what the old leader knows: the fence alone stops it.
  TestLog leader = OpenLeadingLog(prefix);
  const absl::Status status = old_leader.log->Append({{2, "stale"}});
  EXPECT_TRUE(absl::IsAborted(status)) << status;
  EXPECT_TRUE(absl::IsNotFound(GetKey(*leader.client, EtcdLogKeys(prefix).Batch(2)).status()));
  EXPECT_EQ(old_leader.log->last_sequence(), 1u);
  EXPECT_TRUE(leader.log->Append({{2, "b"}}).ok());
  EXPECT_TRUE(absl::IsAborted(old_leader.log->Append({{2, "stale"}})));
  EXPECT_THAT(Contents(prefix), testing::ElementsAre("a", "b"));
}

TEST(EtcdEventLogTest, ALeaderWhoseKeyIsGoneCannotAppend) {
  const std::string prefix = NewLog();
  TestLog leader = OpenLeadingLog(prefix);
  ASSERT_TRUE(leader.log->Append({{1, "a"}}).ok());
  DeleteKey(*leader.client, EtcdLogKeys(prefix).Leader());
  EXPECT_TRUE(absl::IsAborted(leader.log->Append({{2, "b"}})));
  EXPECT_THAT(Contents(prefix), testing::ElementsAre("a"));
}

TEST(EtcdEventLogTest, WithoutATermNothingIsAppendedThoughNobodyLeads) {
  const std::string prefix = NewLog();
  const TestLog nobody = OpenLog(prefix);
  nobody.log->SetTerm(0);
  EXPECT_TRUE(absl::IsAborted(nobody.log->Append({{1, "a"}})));
  EXPECT_THAT(Contents(prefix), testing::IsEmpty());
}

TEST(EtcdEventLogTest, TwoLogsOfOneTermCannotBothAppendAfterOneTail) {
  const std::string prefix = NewLog();
  const TestLog one = OpenLog(prefix);
  const TestLog two = OpenLog(prefix);
  const int64_t term = TakeLead(*one.client, prefix);
  one.log->SetTerm(term);
  two.log->SetTerm(term);
  ASSERT_TRUE(two.log->Refresh().ok());
  ASSERT_TRUE(one.log->Append({{1, "one"}}).ok());
  EXPECT_TRUE(absl::IsAborted(two.log->Append({{1, "two"}})));
  EXPECT_THAT(Contents(prefix), testing::ElementsAre("one"));
}

TEST(EtcdEventLogTest, ANewTermKnowsWhatWasAppendedBefore) {
  const std::string prefix = NewLog();
  TestLog before = OpenLeadingLog(prefix);
  const TestLog after = OpenLog(prefix);
  ASSERT_TRUE(before.log->Append({{1, "a"}}).ok());
  after.log->SetTerm(TakeLead(*after.client, prefix));
  EXPECT_TRUE(absl::IsInvalidArgument(after.log->Append({{1, "again"}})));
  EXPECT_TRUE(after.log->Append({{2, "b"}}).ok());
  EXPECT_GT(after.log->tail().term(), before.log->tail().term());
}

TEST(EtcdEventLogTest, WhereNoLogIsNoneIsBegunByAnAppend) {
  const std::string prefix = NewPrefix();
  TestLog leader = OpenLeadingLog(prefix);
  EXPECT_TRUE(absl::IsFailedPrecondition(leader.log->Append({{1, "a"}})));
  ASSERT_TRUE(leader.log->Begin({{1, "roster"}}).ok());
  EXPECT_TRUE(leader.log->Append({{2, "a"}}).ok());
  EXPECT_THAT(Contents(prefix), testing::ElementsAre("roster", "a"));
}

TEST(EtcdEventLogTest, ALogIsBegunOnce) {
  const std::string prefix = NewLog();
  TestLog leader = OpenLeadingLog(prefix);
  EXPECT_TRUE(absl::IsAlreadyExists(leader.log->Begin({{1, "roster"}})));
  EXPECT_TRUE(absl::IsAlreadyExists(leader.log->BeginAfter(leader.log->tail())));
  // Batches of a log whose tail somebody took away must not become those of another.
  ASSERT_TRUE(leader.log->Append({{1, "a"}}).ok());
  DeleteKey(*leader.client, EtcdLogKeys(prefix).Tail());
  EXPECT_TRUE(absl::IsAlreadyExists(OpenLog(prefix).log->Begin({{1, "roster"}})));
}

TEST(EtcdEventLogTest, ALogBegunAfterACopyGoesOnWhereTheCopyEnds) {
  const std::string prefix = NewPrefix();
  const StoredBatch copied = MakeBatch(Events(1, 7), GenesisChecksum());
  cluster::v1::LogTail tail;
  tail.set_last_sequence(7);
  tail.set_checksum(copied.checksum);
  ASSERT_TRUE(OpenLog(prefix).log->BeginAfter(tail).ok());
  TestLog leader = OpenLeadingLog(prefix);
  EXPECT_EQ(*leader.log->FirstHeld(), 8u);
  ASSERT_TRUE(leader.log->Append(Events(8, 2)).ok());
  const auto batches = leader.log->ReadAfter(7, copied.checksum, 1 << 20);
  ASSERT_TRUE(batches.ok()) << batches.status();
  ASSERT_EQ(batches->size(), 1u);
  EXPECT_FALSE(CheckBatch(batches->front(), 8, copied.checksum).has_value());
  EXPECT_TRUE(absl::IsOutOfRange(leader.log->ReadAfter(3, copied.checksum, 1 << 20).status()));
}

TEST(EtcdEventLogTest, BatchesHaveTheChecksumsOfTheEmbeddedLog) {
  TestLog leader = OpenLeadingLog(NewLog());
  ASSERT_TRUE(leader.log->Append(Events(1, 3)).ok());
  ASSERT_TRUE(leader.log->Append(Events(4, 2)).ok());
  const StoredBatch first = MakeBatch(Events(1, 3), GenesisChecksum());
  const StoredBatch second = MakeBatch(Events(4, 2), first.checksum);
  const auto batches = leader.log->ReadAfter(0, GenesisChecksum(), 1 << 20);
  ASSERT_TRUE(batches.ok() && batches->size() == 2) << batches.status();
  EXPECT_EQ((*batches)[0].bytes, first.bytes);
  EXPECT_EQ((*batches)[1].checksum, second.checksum);
  EXPECT_EQ(leader.log->tail().checksum(), second.checksum);
}

TEST(EtcdEventLogTest, ABatchAtTheLimitsFitsIntoARequest) {
  TestLog leader = OpenLeadingLog(NewLog());
  const EventLog::Limits limits = leader.log->limits();
  std::vector<EncodedEvent> events;
  for (Sequence sequence = 1; sequence <= limits.batch_events_max; ++sequence) {
    events.push_back({sequence, std::string(limits.batch_bytes_max / limits.batch_events_max, 'x')});
  }
  const absl::Status status = leader.log->Append(events);
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_TRUE(ReadAll(*leader.log).ok());
}

TEST(EtcdEventLogTest, ABatchThatFitsIntoNoRequestIsRefusedAndTheNextOneWorks) {
  EtcdEventLog::Options options;
  options.limits = {/*batch_events_max=*/1024, /*batch_bytes_max=*/4 << 20};
  TestLog leader = OpenLeadingLog(NewLog(), options);
  const absl::Status status = leader.log->Append({{1, std::string(2 << 20, 'x')}});
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  EXPECT_TRUE(leader.log->Append({{1, "x"}}).ok());
}

TEST(EtcdEventLogTest, WhenNothingCanBeSentTheAppendEndsAsUnknownInTime) {
  EtcdOptions options = SharedEtcd().client_options();
  options.endpoints = {"127.0.0.1:1"};
  const auto client = MakeClient(options);
  EtcdEventLog::Options log_options;
  log_options.append_patience = absl::Milliseconds(200);
  EtcdEventLog log(client.get(), log_options, SystemClock());
  log.SetTerm(7);
  const absl::Status status = log.Append({{1, "a"}});
  EXPECT_TRUE(absl::IsUnknown(status)) << status;
  EXPECT_THAT(std::string(log.Append({{1, "a"}}).message()), HasSubstr("must lead anew"));
}

}  // namespace
}  // namespace muster
