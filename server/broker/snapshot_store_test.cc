#include "server/broker/snapshot_store.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
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
    const absl::StatusOr<std::optional<storage::v1::StateImage>> image = store_.LoadNewest(&damaged_);
    EXPECT_EQ(image.status(), absl::OkStatus());
    return image->has_value() ? (*image)->sequence() : 0;
  }

  World world_;
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
