#include "server/broker/feed_store.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <memory>
#include <set>
#include <string>
#include <thread>
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
                              [&](FeedId, const FeedRow& row, const FeedReader::Block&) {
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

TEST(FeedStoreTest, StoreReopenedAfterKillGoesOnFromWhatWasWritten) {
  FeedWorld world(TestSeed(), 3);
  const std::vector<Applied> before = world.RandomBatch(40);
  const std::vector<Applied> after = world.RandomBatch(40);
  const std::vector<Applied> lost = FeedWorld(TestSeed(), 3).RandomBatch(5);
  const TemporaryFolder folder;
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const std::unique_ptr<FeedStore> store = OpenStore(folder);
    world.Append(store.get(), before);
    if (!store->Sync().ok()) abort();
    world.Append(store.get(), lost);  // Stays in memory.
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
    return [&seen, last](FeedId id, const FeedRow&, const FeedReader::Block&) {
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
  EXPECT_THAT(store->ranks(), ElementsAre(5));
  world.Append(store.get(), world.Notice({"agency-0"}));
  EXPECT_EQ(store->last_id(), 6);
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

// Three segments of one notice each.
std::string FileOfThreeSegments(const TemporaryFolder& folder) {
  const std::string notice(200'000, 'n');
  const std::unique_ptr<FeedStore> store = OpenStore(folder);
  for (uint64_t i = 1; i <= 3; ++i) EXPECT_EQ(store->Append(i, {{i, 0, i, notice}}), absl::OkStatus());
  EXPECT_EQ(store->Verify(), absl::OkStatus());
  return folder.path() + "/feed.db";
}

void Execute(const std::string& path, absl::string_view sql) {
  ASSERT_EQ((*SqliteDatabase::Open(path, {}))->Exec(sql), absl::OkStatus());
}

TEST(FeedStoreTest, NoticesMissingAtTheBeginningOrAfterTheLastMilestoneAreDataLoss) {
  for (const char* id : {"1", "2"}) {
    const TemporaryFolder folder;
    Execute(FileOfThreeSegments(folder), absl::StrCat("DELETE FROM segment WHERE first_id=", id));
    EXPECT_EQ(FeedStore::Open(folder.path()).status().code(), absl::StatusCode::kDataLoss);
  }
}

TEST(FeedStoreTest, ADamagedNoticeIsFoundByVerifyAndShownToNobody) {
  const TemporaryFolder folder;
  Execute(FileOfThreeSegments(folder),
          "UPDATE segment SET bytes = CAST(replace(CAST(bytes AS TEXT), 'nnn', 'nXn') AS BLOB) WHERE first_id = 2");
  const std::unique_ptr<FeedStore> store = OpenStore(folder);
  std::vector<FeedId> seen;
  const absl::Status read =
      (*store->NewReader())->ReadAfter(0, 3, 100, [&seen](FeedId id, const FeedRow&, const FeedReader::Block&) {
        seen.push_back(id);
        return true;
      });
  EXPECT_EQ(read.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(seen, ElementsAre(1));
  EXPECT_EQ(store->Verify().code(), absl::StatusCode::kDataLoss);
}

TEST(FeedStoreTest, VerifyFindsADamagedMilestoneAndADamagedPage) {
  const TemporaryFolder folder;
  FeedWorld world(TestSeed(), 4);
  {
    const std::unique_ptr<FeedStore> store = OpenStore(folder);
    for (int i = 0; i < 12; ++i) world.Append(store.get(), world.RandomBatch(1'000));
    ASSERT_EQ(store->Verify(), absl::OkStatus());
  }
  const std::string path = folder.path() + "/feed.db";
  const std::string bytes = ReadFile(path);
  Execute(path, "UPDATE milestone SET ranks_crc = ranks_crc + 1 WHERE number = 2");
  EXPECT_EQ(OpenStore(folder)->Verify().code(), absl::StatusCode::kDataLoss);

  WriteFile(path, bytes);
  Execute(path, "UPDATE milestone SET through_id = through_id + 1 WHERE number = 2");
  EXPECT_EQ(OpenStore(folder)->Verify().code(), absl::StatusCode::kDataLoss);

  std::string damaged = bytes;
  for (size_t i = bytes.size() / 2; i < bytes.size() / 2 + 12; ++i) damaged[i] = '\x7f';
  WriteFile(path, damaged);
  const absl::StatusOr<std::unique_ptr<FeedStore>> store = FeedStore::Open(folder.path());
  EXPECT_EQ(store.ok() ? (*store)->Verify().code() : store.status().code(), absl::StatusCode::kDataLoss);
}

TEST(FeedStoreTest, SeekAndReadAreExactAcrossMilestonesWhateverIsTrimmed) {
  FeedWorld world(TestSeed(), 4);
  const TemporaryFolder folder;
  const std::unique_ptr<FeedStore> store = OpenStore(folder);
  const std::unique_ptr<FeedReader> reader = *store->NewReader();  // One, so that what it keeps must stay true.
  for (int round = 0; round < 6; ++round) {
    world.Append(store.get(), world.RandomBatch(world.Random(2'000, 6'000)));
    ASSERT_EQ(store->TrimTo(world.Random(5'000, 20'000)).status(), absl::OkStatus());
    for (const std::string& agency_id : world.agency_ids()) {
      const std::vector<AudienceId> audiences = world.audiences().Of(agency_id);
      const std::vector<std::string>& feed = world.FeedOf(agency_id);
      const size_t kept = ReadFor(reader.get(), audiences, store->trimmed_id()).size();
      for (int i = 0; i < 10; ++i) {
        const uint64_t position = world.Random(0, feed.size());
        const absl::StatusOr<FeedId> id = reader->Seek(audiences, position);
        if (feed.size() - position > kept) {
          EXPECT_EQ(id.status().code(), absl::StatusCode::kOutOfRange);
        } else {
          ASSERT_EQ(id.status(), absl::OkStatus()) << agency_id << " " << position;
          EXPECT_EQ(ReadFor(reader.get(), audiences, *id), Rest(feed, position));
        }
      }
      EXPECT_EQ(reader->Seek(audiences, feed.size() + 1).status().code(), absl::StatusCode::kUnavailable);
    }
  }
  EXPECT_EQ(store->Verify(), absl::OkStatus());
}

TEST(FeedStoreTest, NeighboursShareABlock) {
  const TemporaryFolder folder;
  const std::unique_ptr<FeedStore> store = OpenStore(folder);
  ASSERT_EQ(store->Append(2, {{1, 0, 1, "a"}, {2, 0, 2, "bc"}}), absl::OkStatus());
  const std::unique_ptr<FeedReader> reader = *store->NewReader();
  std::vector<FeedReader::Block> blocks;
  for (int i = 0; i < 2; ++i) {
    const auto visit = [&](FeedId, const FeedRow& row, const FeedReader::Block& block) {
      EXPECT_GE(row.bytes.data(), block->data());
      EXPECT_LE(row.bytes.data() + row.bytes.size(), block->data() + block->size());
      blocks.push_back(block);
      return true;
    };
    ASSERT_EQ(reader->ReadAfter(0, 2, 10, visit), absl::OkStatus());
  }
  ASSERT_EQ(blocks.size(), 4u);
  EXPECT_EQ(std::set<FeedReader::Block>(blocks.begin(), blocks.end()).size(), 1u);
}

TEST(FeedStoreTest, AReaderBesideTheWriterMissesNothing) {
  const TemporaryFolder folder;
  const std::unique_ptr<FeedStore> store = OpenStore(folder);
  const std::unique_ptr<FeedReader> reader = *store->NewReader();
  constexpr uint64_t kNotices = 30'000;
  std::atomic<FeedId> appended = 0;
  std::thread writer([&] {
    const std::string notice(100, 'n');
    for (uint64_t i = 1; i <= kNotices; ++i) {
      ASSERT_EQ(store->Append(i, {{i, 0, i, notice}}), absl::OkStatus());
      appended = i;
    }
  });
  FeedId read = 0;
  while (read < kNotices) {
    const FeedId through = appended;
    const auto visit = [&read](FeedId id, const FeedRow& row, const FeedReader::Block&) {
      EXPECT_EQ(id, ++read);
      EXPECT_EQ(row.rank, id);
      return true;
    };
    ASSERT_EQ(reader->ReadAfter(read, through, 1'000, visit), absl::OkStatus());
    EXPECT_EQ(*reader->Seek({0}, read), read);
  }
  writer.join();
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
