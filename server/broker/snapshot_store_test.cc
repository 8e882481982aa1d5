#include "server/broker/snapshot_store.h"

#include <filesystem>
#include <memory>

#include "absl/strings/str_cat.h"
#include "common/sqlite.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/log/testing/log_files.h"
#include "server/state/testing/test_support.h"

namespace muster {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class SnapshotStoreTest : public testing::Test {
 protected:
  std::string PathOf(Sequence sequence) const {
    const std::string digits = absl::StrCat(sequence);
    return absl::StrCat(folder_.path(), "/snapshot-", std::string(20 - digits.size(), '0'), digits);
  }
  // The image of a broker that has registered agencies until event `sequence`.
  storage::v1::StateImage ImageAt(Sequence sequence) {
    while (world_.state().sequence() < sequence) {
      world_.MustSubmit(kRegistrar, RegisterAgency(absl::StrCat("agency-", world_.state().sequence())));
    }
    return world_.state().ToImage();
  }
  // The sequence of the newest undamaged snapshot; 0 when there is none.
  Sequence Newest() {
    damaged_.clear();
    const absl::StatusOr<std::optional<SnapshotStore::Snapshot>> snapshot = store_.LoadNewest(&damaged_);
    EXPECT_EQ(snapshot.status(), absl::OkStatus());
    return snapshot->has_value() ? (*snapshot)->image.sequence() : 0;
  }

  // Three operations that take reports, with an entry in each.
  void SetUpReporting() {
    world_.MustSubmit(kRegistrar, RegisterAgency("lead", "", /*may_lead=*/true));
    for (const char* id : {"op-1", "op-2", "op-3"}) {
      world_.MustSubmit("lead", CreateOperation({MakeSite("mo-1", "MO")}, id));
      world_.MustSubmit("lead", PublishPlan({MakeSection("situation", "Quiet")}, id));
      world_.MustSubmit("lead", SetPhase(v1::OPERATION_PHASE_ARMED, id));
      Report(id);
    }
  }
  void Report(absl::string_view operation_id) {
    const std::string entry_id = EntryId(world_.state().sequence());
    world_.MustSubmit(
        "lead", RecordTally(MakeEntry(entry_id, "lead", "mo-1", v1::TALLY_CATEGORY_ARREST_BUYER, 1), operation_id));
  }
  // The newest snapshot as a start finds it. Counts the bodies that are read.
  std::unique_ptr<State> Load() {
    absl::StatusOr<std::optional<SnapshotStore::Snapshot>> snapshot = store_.LoadNewest(&damaged_);
    EXPECT_EQ(snapshot.status(), absl::OkStatus());
    auto state = std::make_unique<State>();
    state->FromImage((*snapshot)->image, [this, load = (*snapshot)->load](const std::string& id) {
      ++bodies_read_;
      return load(id);
    });
    return state;
  }
  int64_t Count(absl::string_view sql) {
    const auto db = SqliteDatabase::Open(OperationStore::PathIn(folder_.path()), {});
    return db.ok() ? (*db)->QueryInt64(sql).value_or(-1) : -1;
  }
  // How many operations the snapshot of that event wrote.
  int64_t RowsAt(Sequence sequence) {
    return Count(absl::StrCat("SELECT count(*) FROM operation WHERE sequence = ", sequence));
  }
  void Execute(absl::string_view sql) {
    const auto db = SqliteDatabase::Open(OperationStore::PathIn(folder_.path()), {});
    ASSERT_EQ(db.status(), absl::OkStatus());
    ASSERT_EQ((*db)->Exec(sql), absl::OkStatus());
  }

  World world_;
  int bodies_read_ = 0;
  const TemporaryFolder folder_;
  SnapshotStore store_{folder_.path(), 2};
  std::vector<std::string> damaged_;
};

TEST_F(SnapshotStoreTest, EmptyFolderHasNone) {
  EXPECT_EQ(Newest(), 0u);
  EXPECT_THAT(*store_.List(), IsEmpty());
  EXPECT_TRUE(absl::IsNotFound(store_.Load(1).status()));
}

TEST_F(SnapshotStoreTest, WhatIsSavedIsLoaded) {
  const storage::v1::StateImage image = ImageAt(7);
  ASSERT_EQ(store_.Save(image), absl::OkStatus());
  EXPECT_EQ(EncodeDeterministically(*store_.Load(7)), EncodeDeterministically(image));
  State restored;
  restored.FromImage(*store_.Load(7));
  EXPECT_EQ(restored.Digest(), world_.state().Digest());
}

TEST_F(SnapshotStoreTest, WhatChangedGivesTheWholeStateWithoutWritingTheRestAgain) {
  SetUpReporting();
  ASSERT_EQ(store_.SaveChanges(world_.state().TakeChanges().ToImage(), 0), absl::OkStatus());
  EXPECT_EQ(RowsAt(world_.state().sequence()), 3);
  for (int i = 0; i < 4; ++i) {
    const Sequence base = world_.state().sequence();
    if (i != 2) Report("op-1");
    if (i == 2) world_.MustSubmit(kRegistrar, RegisterAgency("newcomer"));
    ASSERT_EQ(store_.SaveChanges(world_.state().TakeChanges().ToImage(), base), absl::OkStatus());
    EXPECT_EQ(RowsAt(world_.state().sequence()), i == 2 ? 0 : 1);
    const absl::StatusOr<storage::v1::StateImage> loaded = store_.Load(world_.state().sequence());
    ASSERT_EQ(loaded.status(), absl::OkStatus());
    State whole;
    whole.FromImage(*loaded);
    EXPECT_EQ(whole.Digest(), world_.state().Digest());
    EXPECT_EQ(Load()->Digest(), world_.state().Digest());
  }
  // Of the rows of op-1, those that neither of the two snapshots needs are gone, with at most one left for the next.
  EXPECT_LE(Count("SELECT count(*) FROM operation"), 2 + 3);
}

TEST_F(SnapshotStoreTest, WhatIsTakenIsTheStateOfThatMomentWhenItIsMadeAnImageLater) {
  SetUpReporting();
  const std::string first = world_.operation("op-1").ledger().entries().begin()->second->entry().entry_id();
  const std::string before = EncodeDeterministically(world_.state().ToImage());
  State::Changes changes = world_.state().TakeChanges();
  world_.MustSubmit("lead", CorrectTally(first, {}, "counted twice", "op-1"));
  Report("op-1");
  EXPECT_NE(EncodeDeterministically(world_.state().ToImage()), before);
  EXPECT_EQ(EncodeDeterministically(std::move(changes).ToImage()), before);
}

TEST_F(SnapshotStoreTest, ABodyIsReadWhenItIsAskedForAndNotBefore) {
  SetUpReporting();
  ASSERT_EQ(store_.SaveChanges(world_.state().TakeChanges().ToImage(), 0), absl::OkStatus());
  const std::unique_ptr<State> loaded = Load();
  EXPECT_EQ(bodies_read_, 0);
  EXPECT_EQ(loaded->operations().size(), 3u);
  EXPECT_EQ(loaded->FindOperation("op-1")->participants().size(), 1u);
  EXPECT_EQ(loaded->FindOperation("op-1")->ledger().entries().size(), 1u);
  EXPECT_EQ(loaded->FindOperation("op-1")->ledger().entries().size(), 1u);
  EXPECT_EQ(bodies_read_, 1);
  EXPECT_EQ(loaded->Digest(), world_.state().Digest());
  EXPECT_EQ(bodies_read_, 3);
}

TEST_F(SnapshotStoreTest, WhatFailedToBeSavedIsSavedWithTheNext) {
  SetUpReporting();
  ASSERT_EQ(store_.SaveChanges(world_.state().TakeChanges().ToImage(), 0), absl::OkStatus());
  const Sequence base = world_.state().sequence();
  Report("op-1");
  Report("op-2");
  std::filesystem::create_directory(folder_.path() + "/new-snapshot");  // In the way of the file.
  EXPECT_FALSE(store_.SaveChanges(world_.state().TakeChanges().ToImage(), base).ok());
  std::filesystem::remove(folder_.path() + "/new-snapshot");
  Report("op-2");
  ASSERT_EQ(store_.SaveChanges(world_.state().TakeChanges().ToImage(), base), absl::OkStatus());
  EXPECT_EQ(Load()->Digest(), world_.state().Digest());
}

TEST_F(SnapshotStoreTest, AnOlderSnapshotStaysWholeAndCanBeGoneOnFrom) {
  SetUpReporting();
  ASSERT_EQ(store_.SaveChanges(world_.state().TakeChanges().ToImage(), 0), absl::OkStatus());
  const Sequence base = world_.state().sequence();
  const std::string digest = world_.state().Digest();
  Report("op-1");
  ASSERT_EQ(store_.SaveChanges(world_.state().TakeChanges().ToImage(), base), absl::OkStatus());
  std::filesystem::remove(PathOf(world_.state().sequence()));
  const std::unique_ptr<State> older = Load();
  EXPECT_EQ(older->Digest(), digest);
  for (Sequence next = base + 1; next <= world_.state().sequence(); ++next) {
    Replay(older.get(), world_.events()[next - 1]);
  }
  ASSERT_EQ(store_.SaveChanges(older->TakeChanges().ToImage(), base), absl::OkStatus());
  EXPECT_EQ(Load()->Digest(), world_.state().Digest());
}

TEST_F(SnapshotStoreTest, WhatIsNewerThanTheBaseGoesBeforeItsOperationsDo) {
  SetUpReporting();
  ASSERT_EQ(store_.SaveChanges(world_.state().TakeChanges().ToImage(), 0), absl::OkStatus());
  const Sequence base = world_.state().sequence();
  Report("op-1");
  // It was saved, and nobody was told so: a file of the same name stands for it in a store that knows only the base.
  ASSERT_EQ(store_.SaveChanges(world_.state().TakeChanges().ToImage(), base), absl::OkStatus());
  const Sequence untold = world_.state().sequence();
  Report("op-2");
  ASSERT_EQ(store_.SaveChanges(world_.state().TakeChanges().ToImage(), base), absl::OkStatus());
  EXPECT_FALSE(std::filesystem::exists(PathOf(untold)));
  EXPECT_EQ(Newest(), world_.state().sequence());
}

TEST_F(SnapshotStoreTest, ASnapshotIsSavedThoughAnOldOneCannotBeRemoved) {
  SetUpReporting();
  ASSERT_EQ(store_.SaveChanges(world_.state().TakeChanges().ToImage(), 0), absl::OkStatus());
  const Sequence base = world_.state().sequence();
  // A folder has the name of a snapshot that is too old to be kept, and is not removed as a file is.
  ASSERT_TRUE(std::filesystem::create_directory(PathOf(1)));
  ASSERT_TRUE(std::filesystem::create_directory(PathOf(2)));
  Report("op-1");
  EXPECT_EQ(store_.SaveChanges(world_.state().TakeChanges().ToImage(), base), absl::OkStatus());
  EXPECT_EQ(Newest(), world_.state().sequence());
}

TEST_F(SnapshotStoreTest, ADamagedHeadIsPassedOverAndADamagedBodyFound) {
  SetUpReporting();
  ASSERT_EQ(store_.SaveChanges(world_.state().TakeChanges().ToImage(), 0), absl::OkStatus());
  const Sequence at = world_.state().sequence();
  Execute("UPDATE operation SET body = (SELECT body FROM operation WHERE id = 'op-1') WHERE id = 'op-2'");
  EXPECT_TRUE(absl::IsDataLoss(store_.Load(at).status()));
  EXPECT_EQ(Newest(), at);
  const std::unique_ptr<State> loaded = Load();
  EXPECT_EQ(loaded->FindOperation("op-1")->ledger().entries().size(), 1u);
  EXPECT_DEATH(loaded->FindOperation("op-2")->ledger(), "operation op-2 is damaged");
  EXPECT_FALSE(std::filesystem::exists(OperationStore::PathIn(folder_.path())));  // The next start replays.
  EXPECT_EQ(Newest(), 0u);

  ASSERT_EQ(store_.Save(world_.state().ToImage()), absl::OkStatus());
  Execute("UPDATE operation SET head = body WHERE id = 'op-2'");
  EXPECT_EQ(Newest(), 0u);
  ASSERT_EQ(store_.Save(world_.state().ToImage()), absl::OkStatus());
  Execute("DELETE FROM operation WHERE id = 'op-2'");
  EXPECT_EQ(Newest(), 0u);
  WriteFile(OperationStore::PathIn(folder_.path()), std::string(50'000, 'x'));
  EXPECT_EQ(Newest(), 0u);
  ASSERT_EQ(store_.Save(world_.state().ToImage()), absl::OkStatus());  // Nothing is in the way of a whole one.
  EXPECT_EQ(Load()->Digest(), world_.state().Digest());
}

TEST_F(SnapshotStoreTest, ACopyIsWholeWithoutTheOriginal) {
  SetUpReporting();
  ASSERT_EQ(store_.SaveChanges(world_.state().TakeChanges().ToImage(), 0), absl::OkStatus());
  const Sequence base = world_.state().sequence();
  Report("op-1");
  ASSERT_EQ(store_.SaveChanges(world_.state().TakeChanges().ToImage(), base), absl::OkStatus());
  const TemporaryFolder copy;
  ASSERT_EQ(store_.CopyTo(copy.path(), world_.state().sequence()), absl::OkStatus());
  EXPECT_EQ(EncodeDeterministically(*SnapshotStore(copy.path(), 1).Load(world_.state().sequence())),
            EncodeDeterministically(world_.state().ToImage()));
  EXPECT_TRUE(absl::IsNotFound(store_.CopyTo(copy.path(), 1)));
}

TEST_F(SnapshotStoreTest, TheNewestAreKept) {
  for (const Sequence sequence : {1u, 3u, 4u, 9u}) ASSERT_EQ(store_.Save(ImageAt(sequence)), absl::OkStatus());
  EXPECT_THAT(*store_.List(), ElementsAre(4, 9));
  EXPECT_EQ(Newest(), 9u);
}

TEST_F(SnapshotStoreTest, AtLeastOneIsKeptAndItIsReplacedByItself) {
  SnapshotStore store(folder_.path(), 0);
  for (const Sequence sequence : {2u, 3u, 3u}) ASSERT_EQ(store.Save(ImageAt(sequence)), absl::OkStatus());
  EXPECT_THAT(*store.List(), ElementsAre(3));
}

TEST_F(SnapshotStoreTest, FileThatWasNotFinishedIsNoSnapshot) {
  ASSERT_EQ(store_.Save(ImageAt(2)), absl::OkStatus());
  const std::string whole = ReadFile(PathOf(2));
  WriteFile(absl::StrCat(folder_.path(), "/new-snapshot"), whole.substr(0, whole.size() / 2));
  EXPECT_EQ(Newest(), 2u);
  ASSERT_EQ(store_.Save(ImageAt(3)), absl::OkStatus());  // Nor is it in the way.
  EXPECT_EQ(Newest(), 3u);
}

TEST_F(SnapshotStoreTest, EveryTruncationIsPassedOver) {
  ASSERT_EQ(store_.Save(ImageAt(2)), absl::OkStatus());
  ASSERT_EQ(store_.Save(ImageAt(5)), absl::OkStatus());
  const std::string whole = ReadFile(PathOf(5));
  for (size_t length = 0; length < whole.size(); ++length) {
    WriteFile(PathOf(5), whole.substr(0, length));
    ASSERT_EQ(Newest(), 2u) << length;
    ASSERT_THAT(damaged_, ElementsAre(PathOf(5)));
  }
}

TEST_F(SnapshotStoreTest, EveryChangedByteIsFound) {
  ASSERT_EQ(store_.Save(ImageAt(3)), absl::OkStatus());
  const std::string whole = ReadFile(PathOf(3));
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 0x10);
    WriteFile(PathOf(3), changed);
    ASSERT_TRUE(absl::IsDataLoss(store_.Load(3).status())) << at;
  }
}

TEST_F(SnapshotStoreTest, SnapshotUnderAnothersNameIsDamaged) {
  ASSERT_EQ(store_.Save(ImageAt(3)), absl::OkStatus());
  std::filesystem::rename(PathOf(3), PathOf(8));
  EXPECT_EQ(Newest(), 0u);
  EXPECT_THAT(damaged_, ElementsAre(PathOf(8)));
}

TEST_F(SnapshotStoreTest, OtherFilesInTheFolderAreNotSnapshots) {
  ASSERT_EQ(store_.Save(ImageAt(2)), absl::OkStatus());
  for (const char* name : {"snapshot-", "snapshot-9", "snapshot-00000000000000000009.old", "feed.db", "snapshots"}) {
    WriteFile(absl::StrCat(folder_.path(), "/", name), "x");
  }
  EXPECT_THAT(*store_.List(), ElementsAre(2));
  EXPECT_EQ(Newest(), 2u);
}

TEST_F(SnapshotStoreTest, FolderThatIsGoneIsAnError) {
  EXPECT_FALSE(SnapshotStore(folder_.path() + "/nowhere", 1).List().ok());
  EXPECT_FALSE(SnapshotStore(folder_.path() + "/nowhere", 1).Save(ImageAt(2)).ok());
}

}  // namespace
}  // namespace muster
