#include "server/broker/feed_store.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/error_reason.h"
#include "common/sqlite.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/broker/testing/feed_world.h"
#include "server/log/testing/log_files.h"

namespace muster {
namespace {

using ::testing::ElementsAre;

std::unique_ptr<FeedStore> OpenStore(const TemporaryFolder& folder) {
  absl::StatusOr<std::unique_ptr<FeedStore>> store = FeedStore::Open(folder.path());
  EXPECT_EQ(store.status(), absl::OkStatus());
  return *std::move(store);
}

// The notices that a reader of `audiences` is given after `id`.
std::vector<std::string> ReadFor(FeedReader* reader, const std::vector<AudienceId>& audiences, FeedId id) {
  std::vector<std::string> notices;
  EXPECT_EQ(reader->ReadAfter(id, ~FeedId{0} >> 1, 1'000'000,
                              [&](FeedId, const FeedRow& row) {
                                const bool ours = std::count(audiences.begin(), audiences.end(), row.audience) > 0;
                                if (ours) notices.emplace_back(row.bytes);
                                return true;
                              }),
            absl::OkStatus());
  return notices;
}

// Every position of every agency finds exactly the rest of the feed, or is said to be trimmed when some of it is gone.
void ExpectEverySeekIsExact(FeedWorld* world, const FeedStore& store) {
  const std::unique_ptr<FeedReader> reader = *store.NewReader();
  for (const std::string& agency_id : world->agency_ids()) {
    const std::vector<AudienceId> audiences = world->audiences().Of(agency_id);
    const std::vector<std::string>& feed = world->FeedOf(agency_id);
    const size_t kept = ReadFor(reader.get(), audiences, store.trimmed_id()).size();
    for (uint64_t position = 0; position <= feed.size(); ++position) {
      const absl::StatusOr<FeedId> id = reader->Seek(audiences, position);
      if (feed.size() - position > kept) {
        EXPECT_EQ(id.status().code(), absl::StatusCode::kOutOfRange);
        EXPECT_EQ(RejectedOf(id.status()).reason(), v1::ERROR_REASON_HISTORY_TRIMMED);
        continue;
      }
      ASSERT_EQ(id.status(), absl::OkStatus()) << agency_id << " " << position;
      EXPECT_EQ(ReadFor(reader.get(), audiences, *id), Rest(feed, position));
    }
    EXPECT_EQ(RejectedOf(reader->Seek(audiences, feed.size() + 1).status()).reason(), v1::ERROR_REASON_BEHIND_CURSOR);
  }
}

TEST(FeedStoreTest, SeekIsExactForEveryPositionOfEveryAgencyWhateverIsTrimmed) {
  FeedWorld world(TestSeed(), 5);
  const TemporaryFolder folder;
  std::unique_ptr<FeedStore> store = OpenStore(folder);
  for (int round = 0; round < 6; ++round) {
    world.Append(store.get(), world.RandomBatch(world.Random(1, 30)));
    ASSERT_EQ(store->TrimTo(world.Random(10, 60)).status(), absl::OkStatus());
    ExpectEverySeekIsExact(&world, *store);
  }
  EXPECT_EQ(store->Verify(), absl::OkStatus());
}

TEST(FeedStoreTest, StoreReopenedAfterKillContinues) {
  FeedWorld world(TestSeed(), 3);
  const std::vector<Applied> before = world.RandomBatch(40);
  const std::vector<Applied> after = world.RandomBatch(40);
  const TemporaryFolder folder;
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const std::unique_ptr<FeedStore> store = OpenStore(folder);
    world.Append(store.get(), before);
    kill(getpid(), SIGKILL);
  }
  int how = 0;
  ASSERT_EQ(waitpid(child, &how, 0), child);
  ASSERT_TRUE(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);

  const std::unique_ptr<FeedStore> store = OpenStore(folder);
  ASSERT_EQ(store->last_sequence(), 40);
  world.SkipTo(41);
  world.Append(store.get(), after);
  EXPECT_EQ(store->last_sequence(), 80);
  EXPECT_EQ(store->Verify(), absl::OkStatus());
  ExpectEverySeekIsExact(&world, *store);
}

TEST(FeedStoreTest, ABatchWithoutNoticesIsRememberedAcrossReopening) {
  const TemporaryFolder folder;
  ASSERT_EQ(OpenStore(folder)->Append(7, {}), absl::OkStatus());
  const std::unique_ptr<FeedStore> store = OpenStore(folder);
  EXPECT_EQ(store->last_sequence(), 7);
  EXPECT_EQ(store->last_id(), 0);
}

TEST(FeedStoreTest, AnEventIsAppendedOnce) {
  const TemporaryFolder folder;
  const std::unique_ptr<FeedStore> store = OpenStore(folder);
  const FeedRow row{3, 0, 1, "notice"};
  ASSERT_EQ(store->Append(3, {row}), absl::OkStatus());
  EXPECT_EQ(store->Append(3, {row}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(store->last_id(), 1);
}

TEST(FeedStoreTest, ReadingStopsAtTheBoundsAndWhereTheVisitorSays) {
  const TemporaryFolder folder;
  const std::unique_ptr<FeedStore> store = OpenStore(folder);
  std::vector<FeedRow> rows;
  for (uint64_t rank = 1; rank <= 9; ++rank) rows.push_back({rank, 0, rank, "notice"});
  ASSERT_EQ(store->Append(9, rows), absl::OkStatus());
  const std::unique_ptr<FeedReader> reader = *store->NewReader();
  std::vector<FeedId> seen;
  const auto see_until = [&seen](FeedId last) {
    seen.clear();
    return [&seen, last](FeedId id, const FeedRow&) {
      seen.push_back(id);
      return id != last;
    };
  };
  ASSERT_EQ(reader->ReadAfter(2, 5, 100, see_until(0)), absl::OkStatus());
  EXPECT_THAT(seen, ElementsAre(3, 4, 5));
  ASSERT_EQ(reader->ReadAfter(2, 9, 2, see_until(0)), absl::OkStatus());
  EXPECT_THAT(seen, ElementsAre(3, 4));
  ASSERT_EQ(reader->ReadAfter(6, 9, 100, see_until(7)), absl::OkStatus());
  EXPECT_THAT(seen, ElementsAre(7));
}

TEST(FeedStoreTest, TrimmingEverythingKeepsCounting) {
  FeedWorld world(1, 1);
  const TemporaryFolder folder;
  {
    const std::unique_ptr<FeedStore> store = OpenStore(folder);
    for (int i = 0; i < 5; ++i) world.Append(store.get(), world.Notice({"agency-0"}));
    EXPECT_EQ(*store->TrimTo(0), 5);
    EXPECT_EQ(*store->TrimTo(0), 0);
  }
  const std::unique_ptr<FeedStore> store = OpenStore(folder);
  EXPECT_EQ(store->last_id(), 5);
  world.Append(store.get(), world.Notice({"agency-0"}));
  EXPECT_EQ(store->last_id(), 6);
  EXPECT_EQ(*(*store->NewReader())->RankAt(0, 5), 5);
  ExpectEverySeekIsExact(&world, *store);
}

TEST(FeedStoreTest, ATrimIsBoundedSoThatTheCallerIsNotHeldUp) {
  const TemporaryFolder folder;
  const std::unique_ptr<FeedStore> store = OpenStore(folder);
  std::vector<FeedRow> rows;
  for (uint64_t rank = 1; rank <= 25'000; ++rank) rows.push_back({1, 0, rank, "n"});
  ASSERT_EQ(store->Append(1, rows), absl::OkStatus());
  EXPECT_EQ(*store->TrimTo(1'000), 10'000);
  EXPECT_EQ(*store->TrimTo(1'000), 10'000);
  EXPECT_EQ(*store->TrimTo(1'000), 4'000);
  EXPECT_EQ(store->trimmed_id(), 24'000);
}

TEST(FeedStoreTest, SyncPutsEverythingIntoTheDatabaseFileItself) {
  FeedWorld world(TestSeed(), 3);
  const TemporaryFolder folder;
  const std::unique_ptr<FeedStore> store = OpenStore(folder);
  world.Append(store.get(), world.RandomBatch(50));
  ASSERT_EQ(store->Sync(), absl::OkStatus());
  // A power cut may take the write-ahead log, which commits do not sync.
  const TemporaryFolder copy;
  WriteFile(copy.path() + "/feed.db", ReadFile(folder.path() + "/feed.db"));
  const std::unique_ptr<FeedStore> survivor = OpenStore(copy);
  EXPECT_EQ(survivor->last_sequence(), 50);
  EXPECT_EQ(survivor->last_id(), store->last_id());
  ExpectEverySeekIsExact(&world, *survivor);
}

TEST(FeedStoreTest, AFileThatIsNoFeedIsDataLoss) {
  const TemporaryFolder folder;
  WriteFile(folder.path() + "/feed.db", std::string(20'000, 'x'));
  EXPECT_EQ(FeedStore::Open(folder.path()).status().code(), absl::StatusCode::kDataLoss);
}

TEST(FeedStoreTest, AFeedOfAnotherFormatIsDataLoss) {
  const TemporaryFolder folder;
  OpenStore(folder).reset();
  ASSERT_EQ((*SqliteDatabase::Open(folder.path() + "/feed.db", {}))->Exec("PRAGMA user_version = 99"),
            absl::OkStatus());
  EXPECT_EQ(FeedStore::Open(folder.path()).status().code(), absl::StatusCode::kDataLoss);
}

TEST(FeedStoreTest, NoticesMissingAtEitherEndAreDataLoss) {
  for (const char* id : {"1", "3"}) {
    const TemporaryFolder folder;
    ASSERT_EQ(OpenStore(folder)->Append(3, {{1, 0, 1, "a"}, {2, 0, 2, "b"}, {3, 0, 3, "c"}}), absl::OkStatus());
    ASSERT_EQ(
        (*SqliteDatabase::Open(folder.path() + "/feed.db", {}))->Exec(absl::StrCat("DELETE FROM notice WHERE id=", id)),
        absl::OkStatus());
    EXPECT_EQ(FeedStore::Open(folder.path()).status().code(), absl::StatusCode::kDataLoss);
  }
}

TEST(FeedStoreTest, VerifyFindsAMissingNoticeAndADamagedPage) {
  const TemporaryFolder folder;
  ASSERT_EQ(OpenStore(folder)->Append(3, {{1, 0, 1, "a"}, {2, 0, 2, "b"}, {3, 0, 3, "c"}}), absl::OkStatus());
  const std::string path = folder.path() + "/feed.db";
  std::string bytes = ReadFile(path);
  ASSERT_EQ((*SqliteDatabase::Open(path, {}))->Exec("DELETE FROM notice WHERE id = 2"), absl::OkStatus());
  EXPECT_EQ(OpenStore(folder)->Verify().code(), absl::StatusCode::kDataLoss);

  // In the index (page 3), which Open does not look at.
  const size_t index_page = 2 * 8192;
  ASSERT_GT(bytes.size(), index_page + 8192);
  for (size_t i = index_page + 8192 - 12; i < index_page + 8192; ++i) bytes[i] = '\x7f';
  WriteFile(path, bytes);
  const absl::StatusOr<std::unique_ptr<FeedStore>> store = FeedStore::Open(folder.path());
  EXPECT_EQ(store.ok() ? (*store)->Verify().code() : store.status().code(), absl::StatusCode::kDataLoss);
}

TEST(FeedStoreTest, RemoveLeavesNothingAndIsHarmlessTwice) {
  const TemporaryFolder folder;
  ASSERT_EQ(OpenStore(folder)->Append(1, {{1, 0, 1, "a"}}), absl::OkStatus());
  ASSERT_EQ(FeedStore::Remove(folder.path()), absl::OkStatus());
  ASSERT_EQ(FeedStore::Remove(folder.path()), absl::OkStatus());
  EXPECT_EQ(OpenStore(folder)->last_sequence(), 0);
}

}  // namespace
}  // namespace muster
