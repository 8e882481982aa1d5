// Reading the log from etcd: damage is told, what was trimmed is told apart from what is missing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "muster/cluster/v1/records.pb.h"
#include "server/etcd/etcd_event_log.h"
#include "tests/etcd/etcd_test_support.h"

namespace muster {
namespace {

using ::testing::HasSubstr;

// A log of ten batches of two events each, and a broker that leads.
class EtcdLogReadTest : public testing::Test {
 protected:
  static constexpr Sequence kLast = 20;

  EtcdLogReadTest() : prefix_(NewLog()), keys_(prefix_), leader_(OpenLeadingLog(prefix_)) {
    for (Sequence first = 1; first < kLast; first += 2) {
      const absl::Status status = leader_.log->Append(Events(first, 2));
      EXPECT_TRUE(status.ok()) << status;
    }
  }

  EtcdClient& client() { return *leader_.client; }
  EtcdEventLog& log() { return *leader_.log; }

  cluster::v1::LogBatch Batch(Sequence first) {
    cluster::v1::LogBatch batch;
    const absl::StatusOr<std::string> value = GetKey(client(), keys_.Batch(first));
    EXPECT_TRUE(value.ok() && batch.ParseFromString(*value)) << value.status();
    return batch;
  }
  void SetBatch(Sequence first, const cluster::v1::LogBatch& batch) {
    PutKey(client(), keys_.Batch(first), batch.SerializeAsString());
  }

  // Both ways of reading give what is before `sequence`, and then say that it is damaged.
  void ExpectDataLossAt(Sequence sequence) {
    Sequence read = 0;
    const absl::Status status = log().Read(1, [&](Sequence visited, absl::string_view) {
      read = visited;
      return absl::OkStatus();
    });
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(absl::StrCat("event is ", sequence)));
    EXPECT_LT(read, sequence);
    Sequence last = 0;
    std::string checksum = GenesisChecksum();
    absl::StatusOr<std::vector<StoredBatch>> batches;
    while ((batches = log().ReadAfter(last, checksum, 1)).ok() && !batches->empty()) {
      last = batches->back().first + batches->back().count - 1;
      checksum = batches->back().checksum;
    }
    EXPECT_TRUE(absl::IsDataLoss(batches.status())) << batches.status();
    EXPECT_EQ(last, read);
  }

  const std::string prefix_;
  const EtcdLogKeys keys_;
  TestLog leader_;
};

TEST_F(EtcdLogReadTest, AMissingBatchIsDataLoss) {
  DeleteKey(client(), keys_.Batch(9));
  ExpectDataLossAt(9);
}

TEST_F(EtcdLogReadTest, AMissingLastBatchIsDataLoss) {
  DeleteKey(client(), keys_.Batch(19));
  ExpectDataLossAt(19);
}

TEST_F(EtcdLogReadTest, ADamagedEventIsDataLoss) {
  cluster::v1::LogBatch batch = Batch(5);
  (*batch.mutable_bytes())[batch.bytes().size() - 1] ^= 1;
  SetBatch(5, batch);
  ExpectDataLossAt(6);
}

TEST_F(EtcdLogReadTest, AValueThatIsNoBatchIsDataLoss) {
  PutKey(client(), keys_.Batch(5), "\xff\xff");
  ExpectDataLossAt(5);
}

TEST_F(EtcdLogReadTest, ASoundBatchThatWasNotWrittenAfterTheOneBeforeIsDataLoss) {
  const StoredBatch forged = MakeBatch(Events(7, 2, 50), GenesisChecksum());
  cluster::v1::LogBatch batch;
  batch.set_count(forged.count);
  batch.set_checksum(forged.checksum);
  batch.set_bytes(forged.bytes);
  SetBatch(7, batch);
  ExpectDataLossAt(7);
}

TEST_F(EtcdLogReadTest, ASoundBatchBeyondTheEndIsDataLoss) {
  const std::string checksum = log().tail().checksum();
  const StoredBatch forged = MakeBatch(Events(21, 2), checksum);
  cluster::v1::LogBatch batch;
  batch.set_count(forged.count);
  batch.set_checksum(forged.checksum);
  batch.set_bytes(forged.bytes);
  SetBatch(21, batch);
  EXPECT_TRUE(absl::IsDataLoss(log().ReadAfter(kLast, checksum, 1 << 20).status()));
  EXPECT_EQ(log().ReadAfter(18, Batch(17).checksum(), 1 << 20)->size(), 1u);
}

TEST_F(EtcdLogReadTest, AnotherLogIsDataLossThoughItIsAsLong) {
  EXPECT_TRUE(absl::IsDataLoss(log().ReadAfter(kLast, GenesisChecksum(), 1 << 20).status()));
  EXPECT_TRUE(absl::IsDataLoss(log().ReadAfter(10, GenesisChecksum(), 1 << 20).status()));
}

TEST_F(EtcdLogReadTest, ALogThatEndsEarlierThanItDidIsDataLoss) {
  const TestLog before = OpenLog(prefix_);
  cluster::v1::LogTail tail = log().tail();
  tail.set_last_sequence(18);
  tail.set_checksum(Batch(17).checksum());
  PutKey(client(), keys_.Tail(), tail.SerializeAsString());
  EXPECT_TRUE(absl::IsDataLoss(before.log->Refresh().status()));
  EXPECT_TRUE(absl::IsDataLoss(before.log->ReadAfter(20, Batch(19).checksum(), 1).status()));
  EXPECT_EQ(before.log->last_sequence(), kLast);
  DeleteKey(client(), keys_.Tail());
  EXPECT_TRUE(absl::IsDataLoss(before.log->Refresh().status()));
}

TEST_F(EtcdLogReadTest, ReadAfterGivesAboutAsMuchAsIsAskedFor) {
  const absl::StatusOr<std::vector<StoredBatch>> one = log().ReadAfter(0, GenesisChecksum(), 1);
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_EQ(one->size(), 1u);
  const absl::StatusOr<std::vector<StoredBatch>> all = log().ReadAfter(0, GenesisChecksum(), 1 << 20);
  ASSERT_TRUE(all.ok()) << all.status();
  EXPECT_EQ(all->size(), 10u);
  const absl::StatusOr<std::vector<StoredBatch>> none = log().ReadAfter(kLast, log().tail().checksum(), 1);
  EXPECT_TRUE(none.ok() && none->empty()) << none.status();
}

TEST_F(EtcdLogReadTest, ALongLogIsReadInManyPages) {
  for (Sequence first = 21; first <= 100; ++first) ASSERT_TRUE(log().Append(Events(first, 1)).ok());
  const absl::StatusOr<std::vector<EncodedEvent>> events = ReadAll(log());
  ASSERT_TRUE(events.ok()) << events.status();
  EXPECT_EQ(events->size(), 100u);
  EXPECT_EQ(log().ReadAfter(0, GenesisChecksum(), 1 << 20)->size(), 90u);
}

TEST_F(EtcdLogReadTest, AReadEndsWhereTheLogEndedWhenItWasLastLookedAt) {
  const TestLog reader = OpenLog(prefix_);
  ASSERT_TRUE(log().Append(Events(21, 1)).ok());
  EXPECT_EQ(ReadAll(*reader.log)->size(), kLast);
  ASSERT_TRUE(reader.log->Refresh().ok());
  EXPECT_EQ(ReadAll(*reader.log)->size(), kLast + 1);
}

TEST_F(EtcdLogReadTest, TrimDeletesWholeBatchesAndKeepsWhatFollows) {
  // 11 is the first of the batch (11, 12), which therefore stays.
  ASSERT_TRUE(log().Trim(11).ok());
  EXPECT_EQ(*log().FirstHeld(), 11u);
  EXPECT_EQ(log().last_sequence(), kLast);
  EXPECT_TRUE(absl::IsOutOfRange(ReadAll(log(), 10).status()));
  EXPECT_TRUE(absl::IsOutOfRange(log().ReadAfter(8, GenesisChecksum(), 1).status()));
  for (Sequence first : {Sequence{11}, Sequence{12}, Sequence{13}, Sequence{20}}) {
    const absl::StatusOr<std::vector<EncodedEvent>> events = ReadAll(log(), first);
    ASSERT_TRUE(events.ok()) << first << ": " << events.status();
    EXPECT_EQ(events->size(), kLast + 1 - first);
    EXPECT_EQ(events->front().bytes, EventBytes(first, 100));
  }
  ASSERT_TRUE(log().Append(Events(21, 1)).ok());
  EXPECT_EQ(ReadAll(log(), 11)->size(), 11u);
}

TEST_F(EtcdLogReadTest, TrimKeepsTheLastBatchWhateverItIsAskedFor) {
  ASSERT_TRUE(log().Trim(1000).ok());
  EXPECT_EQ(*log().FirstHeld(), 19u);
  ASSERT_TRUE(log().Trim(1000).ok());
  ASSERT_TRUE(log().Append(Events(21, 1)).ok());
  EXPECT_EQ(ReadAll(log(), 19)->size(), 3u);
}

TEST_F(EtcdLogReadTest, ADamagedEventIsToldAlsoInTheFirstBatchThatIsHeld) {
  ASSERT_TRUE(log().Trim(10).ok());
  cluster::v1::LogBatch batch = Batch(11);
  (*batch.mutable_bytes())[batch.bytes().size() - 1] ^= 1;
  SetBatch(11, batch);
  EXPECT_TRUE(absl::IsDataLoss(ReadAll(log(), 11).status()));
}

TEST_F(EtcdLogReadTest, ADeposedLeaderTrimsNothing) {
  const TestLog next = OpenLeadingLog(prefix_);
  EXPECT_TRUE(absl::IsAborted(log().Trim(10)));
  EXPECT_EQ(*log().FirstHeld(), 1u);
  EXPECT_TRUE(next.log->Trim(10).ok());
  EXPECT_EQ(*next.log->FirstHeld(), 11u);
}

TEST_F(EtcdLogReadTest, TrimHasEtcdForgetWhatWasOverwritten) {
  etcdserverpb::RangeRequest request;
  request.set_key(keys_.Tail());
  const absl::StatusOr<etcdserverpb::RangeResponse> now = client().Range(request, kCallWait);
  ASSERT_TRUE(now.ok()) << now.status();
  ASSERT_TRUE(log().Append(Events(21, 1)).ok());
  request.set_revision(now->header().revision());
  EXPECT_TRUE(client().Range(request, kCallWait).ok());
  ASSERT_TRUE(log().Trim(0).ok());
  EXPECT_TRUE(absl::IsOutOfRange(client().Range(request, kCallWait).status()));
}

}  // namespace
}  // namespace muster
