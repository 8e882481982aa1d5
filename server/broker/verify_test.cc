#include "server/broker/verify.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "common/sqlite.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/broker/snapshot_store.h"
#include "server/broker/testing/broker_world.h"
#include "server/log/local_log.h"
#include "server/log/testing/log_files.h"

namespace muster {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A data folder with a local log of a world's events, three a batch.
class VerifyTest : public testing::Test {
 protected:
  VerifyTest() { SetUpOperation(&world_); }

  Sequence world_end() const { return world_.events().size(); }

  void Store(Sequence last) {
    absl::StatusOr<std::unique_ptr<LocalLog>> log = LocalLog::Open(folder_.path(), {});
    ASSERT_EQ(log.status(), absl::OkStatus());
    while ((*log)->last_sequence() < last) {
      const Sequence first = (*log)->last_sequence() + 1;
      CopyEvents(world_, first, std::min(first + 2, last), log->get());
    }
  }
  void Append(const v1::Event& event) {
    absl::StatusOr<std::unique_ptr<LocalLog>> log = LocalLog::Open(folder_.path(), {});
    ASSERT_EQ(log.status(), absl::OkStatus());
    ASSERT_EQ((*log)->Append({{(*log)->last_sequence() + 1, event.SerializeAsString()}}), absl::OkStatus());
  }
  storage::v1::StateImage ImageAt(Sequence last) {
    State state;
    for (Sequence sequence = 1; sequence <= last; ++sequence) Replay(&state, world_.events()[sequence - 1]);
    return state.ToImage();
  }
  void SaveSnapshot(const storage::v1::StateImage& image) {
    ASSERT_EQ(SnapshotStore(folder_.path(), 100).Save(image), absl::OkStatus());
  }
  DataReport Verify() {
    const absl::StatusOr<DataReport> report = VerifyData(folder_.path());
    EXPECT_EQ(report.status(), absl::OkStatus());
    return report.value_or(DataReport());
  }

  World world_;
  const TemporaryFolder folder_;
};

TEST_F(VerifyTest, SoundFolderHasNoFindingsAndTheStatesDigest) {
  Store(world_end());
  SaveSnapshot(ImageAt(4));
  SaveSnapshot(ImageAt(world_end()));
  const DataReport report = Verify();
  EXPECT_THAT(report.findings, IsEmpty());
  EXPECT_EQ(report.log.events, world_end());
  EXPECT_EQ(report.snapshots_checked, 2u);
  EXPECT_EQ(report.state_digest, world_.state().Digest());
}

TEST_F(VerifyTest, FirstBadRecordIsNamed) {
  Store(world_end());
  {
    const auto db = SqliteDatabase::Open(LocalLog::DatabasePath(folder_.path()), {});
    ASSERT_EQ(db.status(), absl::OkStatus());
    for (const char* row : {"7", "13"}) {
      ASSERT_EQ((*db)->Exec(absl::StrCat("UPDATE batches SET bytes = (SELECT bytes FROM batches WHERE "
                                         "first_sequence = 1) WHERE first_sequence = ",
                                         row)),
                absl::OkStatus());
    }
  }
  const DataReport report = Verify();
  ASSERT_THAT(report.findings, ElementsAre(HasSubstr("event 7 is the first that cannot be trusted (row 7")));
  EXPECT_EQ(report.log.events, 6u);
  State state;
  state.FromImage(ImageAt(6));
  EXPECT_EQ(report.state_digest, state.Digest());  // Of what is sound.
}

TEST_F(VerifyTest, SnapshotThatDisagreesIsFound) {
  Store(world_end());
  storage::v1::StateImage image = ImageAt(9);
  image.mutable_agencies(1)->mutable_agency()->set_name("Somebody else");
  SaveSnapshot(ImageAt(5));
  SaveSnapshot(image);
  const DataReport report = Verify();
  EXPECT_THAT(report.findings, ElementsAre(HasSubstr("the snapshot of event 9 differs from what the log gives")));
  EXPECT_EQ(report.snapshots_checked, 2u);
}

TEST_F(VerifyTest, DamagedSnapshotIsFound) {
  Store(world_end());
  SaveSnapshot(ImageAt(9));
  const std::string path = absl::StrCat(folder_.path(), "/snapshot-00000000000000000009");
  WriteFile(path, ReadFile(path) + "x");
  EXPECT_THAT(Verify().findings, ElementsAre(HasSubstr(absl::StrCat("snapshot ", path, " is damaged"))));
}

TEST_F(VerifyTest, SnapshotOfWhatTheLogLostIsFound) {
  Store(8);
  SaveSnapshot(ImageAt(10));
  EXPECT_THAT(Verify().findings,
              ElementsAre(HasSubstr("there is a snapshot of event 10, but the sound log ends at 8")));
}

TEST_F(VerifyTest, RecordOfNewerRulesIsFound) {
  Store(6);
  v1::Event newer;
  newer.set_sequence(7);
  newer.set_rules_version(kRulesVersion + 1);
  Append(newer);
  EXPECT_THAT(Verify().findings, ElementsAre(HasSubstr("event 7 was decided by rules version 3")));
}

TEST_F(VerifyTest, FolderWithoutALogIsNotFound) {
  EXPECT_TRUE(absl::IsNotFound(VerifyData(folder_.path()).status()));
  EXPECT_TRUE(absl::IsNotFound(VerifyData(folder_.path() + "/nowhere").status()));
}

}  // namespace
}  // namespace muster
