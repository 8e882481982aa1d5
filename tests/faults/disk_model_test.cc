#include "tests/faults/disk_model.h"

#include <cerrno>
#include <filesystem>

#include "gtest/gtest.h"

namespace muster {
namespace {

using Keep = DiskModel::Keep;
using Files = std::map<std::string, std::string>;

class DiskModelTest : public testing::Test {
 protected:
  DiskModelTest() : root_("/disk"), disk_(root_), random_(7) {}

  void Do(DiskOperation::Kind kind, const std::string& path, const std::string& data = "", uint64_t offset = 0,
          int error = 0) {
    disk_.Apply({kind, error, offset, path.empty() ? root_ : root_ + "/" + path,
                 kind == DiskOperation::kRename ? root_ + "/" + data : data});
  }
  Files After(Keep keep) { return disk_.AfterPowerCut(keep, &random_); }

  const std::string root_;
  DiskModel disk_;
  std::mt19937 random_;
};

TEST_F(DiskModelTest, SyncedContentAndNameStay) {
  Do(DiskOperation::kCreate, "a");
  Do(DiskOperation::kWrite, "a", "one");
  Do(DiskOperation::kSync, "a");
  Do(DiskOperation::kSync, "");
  EXPECT_EQ(After(Keep::kNothing), (Files{{"a", "one"}}));
}

TEST_F(DiskModelTest, ContentThatWasNotSyncedMayGo) {
  Do(DiskOperation::kCreate, "a");
  Do(DiskOperation::kSync, "");
  Do(DiskOperation::kWrite, "a", "one");
  EXPECT_EQ(After(Keep::kNothing), (Files{{"a", ""}}));
  EXPECT_EQ(After(Keep::kAll), (Files{{"a", "one"}}));
}

TEST_F(DiskModelTest, ANameGoesWithoutASyncOfItsFolder) {
  Do(DiskOperation::kCreate, "a");
  Do(DiskOperation::kWrite, "a", "one");
  Do(DiskOperation::kSync, "a");
  EXPECT_EQ(After(Keep::kNothing), Files());
}

TEST_F(DiskModelTest, WhatLiesInAFolderGoesWithIt) {
  Do(DiskOperation::kMkdir, "folder");
  Do(DiskOperation::kCreate, "folder/a");
  Do(DiskOperation::kSync, "folder/a");
  Do(DiskOperation::kSync, "folder");
  EXPECT_EQ(After(Keep::kNothing), Files());
  Do(DiskOperation::kSync, "");
  EXPECT_EQ(After(Keep::kNothing), (Files{{"folder/", ""}, {"folder/a", ""}}));
}

TEST_F(DiskModelTest, ARenameThatWasNotSyncedMayBeUndone) {
  Do(DiskOperation::kCreate, "new");
  Do(DiskOperation::kSync, "");
  Do(DiskOperation::kRename, "new", "a");
  EXPECT_EQ(After(Keep::kNothing), (Files{{"new", ""}}));
  Do(DiskOperation::kSync, "");
  EXPECT_EQ(After(Keep::kNothing), (Files{{"a", ""}}));
}

TEST_F(DiskModelTest, WhatAFailedSyncLostNoLaterSyncBringsBack) {
  Do(DiskOperation::kCreate, "a");
  Do(DiskOperation::kSync, "");
  Do(DiskOperation::kWrite, "a", "one");
  Do(DiskOperation::kSync, "a", "", 0, EIO);
  Do(DiskOperation::kSync, "a");
  EXPECT_EQ(After(Keep::kNothing), (Files{{"a", ""}}));
  EXPECT_EQ(After(Keep::kAll), (Files{{"a", "one"}})) << "the process itself still reads it";
}

TEST_F(DiskModelTest, SomeOfTheBlocksMayBeThere) {
  Do(DiskOperation::kCreate, "a");
  Do(DiskOperation::kSync, "");
  Do(DiskOperation::kWrite, "a", std::string(4096 * 8, 'x'));
  bool torn = false;
  for (int i = 0; i < 20; ++i) {
    const std::string content = After(Keep::kSome)["a"];
    torn |= content.find('\0') != std::string::npos;
  }
  EXPECT_TRUE(torn);
}

TEST_F(DiskModelTest, AFailedWriteWritesNothing) {
  Do(DiskOperation::kCreate, "a");
  Do(DiskOperation::kSync, "");
  Do(DiskOperation::kWrite, "a", "one", 0, ENOSPC);
  EXPECT_EQ(After(Keep::kAll), (Files{{"a", ""}}));
}

TEST_F(DiskModelTest, TruncationIsAChangeLikeAnyOther) {
  Do(DiskOperation::kCreate, "a");
  Do(DiskOperation::kWrite, "a", "12345");
  Do(DiskOperation::kSync, "a");
  Do(DiskOperation::kSync, "");
  Do(DiskOperation::kTruncate, "a", "", 2);
  EXPECT_EQ(After(Keep::kNothing), (Files{{"a", "12345"}}));
  EXPECT_EQ(After(Keep::kAll), (Files{{"a", "12"}}));
}

TEST_F(DiskModelTest, ATreeIsWrittenAsItIs) {
  const std::string folder = testing::TempDir() + "disk_model_test_tree";
  ASSERT_TRUE(WriteTree({{"folder/", ""}, {"folder/a", "one"}}, folder).ok());
  DiskModel model(folder);
  model.Load();
  EXPECT_EQ(model.AfterPowerCut(Keep::kNothing, &random_), (Files{{"folder/", ""}, {"folder/a", "one"}}));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace muster
