// A log in etcd, and its mirror on a disk.
#include "server/cluster/mirrored_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "absl/strings/str_cat.h"
#include "common/sqlite_fault_vfs.h"
#include "tests/etcd/etcd_test_support.h"

namespace muster {
namespace {

using testing::HasSubstr;

EncodedEvent Event(Sequence sequence) { return {sequence, absl::StrCat("event ", sequence)}; }

class MirroredLogTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = WhyNoEtcd(); !why.empty()) GTEST_SKIP() << why;
    prefix_ = NewLog();
  }

  // A broker's mirror in the folder `name`.
  std::unique_ptr<MirroredLog> Mirror(const std::string& name, EtcdEventLog* log) {
    LocalLog::Options options;
    options.sqlite_vfs = vfs_.name();
    absl::StatusOr<std::unique_ptr<LocalLog>> local =
        LocalLog::Open(absl::StrCat(folder_.path(), "/", name), std::move(options));
    EXPECT_TRUE(local.ok()) << local.status();
    return std::make_unique<MirroredLog>(*std::move(local), log);
  }
  // Appends the event `sequence`, as the leader.
  absl::Status Append(MirroredLog* log, Sequence sequence) {
    const EncodedEvent event = Event(sequence);
    return log->Append(absl::MakeConstSpan(&event, 1));
  }

  SqliteFaultVfs vfs_{"mirror"};
  TemporaryFolder folder_;
  std::string prefix_;
};

TEST_F(MirroredLogTest, WhatTheLeaderAppendsAFollowerPullsWordForWord) {
  TestLog leading = OpenLeadingLog(prefix_);
  TestLog following = OpenLog(prefix_);
  const auto leader = Mirror("leader", leading.log.get());
  const auto follower = Mirror("follower", following.log.get());
  for (Sequence i = 1; i <= 20; ++i) ASSERT_EQ(Append(leader.get(), i), absl::OkStatus());
  ASSERT_EQ(follower->Pull(), absl::OkStatus());
  EXPECT_EQ(follower->last_sequence(), 20u);
  ASSERT_EQ(follower->Read(1,
                           [](Sequence sequence, absl::string_view bytes) {
                             EXPECT_EQ(bytes, Event(sequence).bytes);
                             return absl::OkStatus();
                           }),
            absl::OkStatus());
}

TEST_F(MirroredLogTest, AMirrorOfAnotherLogIsDataLoss) {
  TestLog leading = OpenLeadingLog(prefix_);
  const auto leader = Mirror("leader", leading.log.get());
  ASSERT_EQ(Append(leader.get(), 1), absl::OkStatus());
  const std::string other_prefix = NewLog();
  TestLog other_leading = OpenLeadingLog(other_prefix);
  const auto other = Mirror("other", other_leading.log.get());
  const EncodedEvent different = {1, "another first event"};
  ASSERT_EQ(other->Append(absl::MakeConstSpan(&different, 1)), absl::OkStatus());
  ASSERT_EQ(Append(other.get(), 2), absl::OkStatus());
  {
    const auto copy = Mirror("copy", leading.log.get());
    ASSERT_EQ(copy->Pull(), absl::OkStatus());
  }
  TestLog wrong = OpenLog(other_prefix);
  const auto copy = Mirror("copy", wrong.log.get());
  const absl::Status status = copy->Pull();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
}

TEST_F(MirroredLogTest, AMirrorThatIsAheadOfEtcdIsDataLoss) {
  TestLog leading = OpenLeadingLog(prefix_);
  {
    const auto leader = Mirror("leader", leading.log.get());
    for (Sequence i = 1; i <= 3; ++i) ASSERT_EQ(Append(leader.get(), i), absl::OkStatus());
  }
  TestLog shorter = OpenLog(NewLog());
  const absl::Status status = Mirror("leader", shorter.log.get())->Pull();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(status.message(), HasSubstr("mirror holds 3 events"));
}

// A disk that has failed once may have lost what it says it has: the broker must open it anew.
TEST_F(MirroredLogTest, AMirrorThatFailedIsNoPassingTrouble) {
  TestLog leading = OpenLeadingLog(prefix_);
  TestLog following = OpenLog(prefix_);
  const auto leader = Mirror("leader", leading.log.get());
  const auto follower = Mirror("follower", following.log.get());
  ASSERT_EQ(Append(leader.get(), 1), absl::OkStatus());
  vfs_.FailSyncs(1, SQLITE_IOERR_FSYNC);
  EXPECT_TRUE(absl::IsInternal(follower->Pull()));
  vfs_.Heal();
  EXPECT_TRUE(absl::IsInternal(follower->Pull()));
}

TEST_F(MirroredLogTest, AFullDiskIsPassingTrouble) {
  TestLog leading = OpenLeadingLog(prefix_);
  TestLog following = OpenLog(prefix_);
  const auto leader = Mirror("leader", leading.log.get());
  const auto follower = Mirror("follower", following.log.get());
  ASSERT_EQ(Append(leader.get(), 1), absl::OkStatus());
  vfs_.FailWrites(1, SQLITE_FULL);
  EXPECT_TRUE(absl::IsResourceExhausted(follower->Pull()));
  vfs_.Heal();
  EXPECT_EQ(follower->Pull(), absl::OkStatus());
}

// It is in etcd, so it stands; that it is not here is for Pull to mend.
TEST_F(MirroredLogTest, WhatIsInEtcdAndNotInTheMirrorIsOfUnknownFate) {
  TestLog leading = OpenLeadingLog(prefix_);
  const auto leader = Mirror("leader", leading.log.get());
  vfs_.FailWrites(1, SQLITE_FULL);
  EXPECT_TRUE(absl::IsUnknown(Append(leader.get(), 1)));
  vfs_.Heal();
  EXPECT_EQ(leader->last_sequence(), 0u);
  ASSERT_EQ(leader->Pull(), absl::OkStatus());
  EXPECT_EQ(leader->last_sequence(), 1u);
}

}  // namespace
}  // namespace muster
