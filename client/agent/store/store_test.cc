#include "client/agent/store/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/agent/store/testing/store_folder.h"
#include "common/sqlite.h"

namespace muster::agent {
namespace {

using testing::HasSubstr;

v1::EnrollmentBundle Bundle(const std::string& key) {
  v1::EnrollmentBundle bundle;
  bundle.add_brokers("broker:7443");
  bundle.set_trust_domain("muster.example");
  bundle.set_key(key);
  return bundle;
}

class StoreTest : public testing::Test {
 protected:
  StoreFolder folder_;
};

TEST_F(StoreTest, TheFolderAndItsFilesAreForTheirOwnerAlone) {
  const std::unique_ptr<Store> store = folder_.Open();
  struct stat info = {};
  ASSERT_EQ(stat(folder_.state_dir().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0700u);
  for (const auto& entry : std::filesystem::directory_iterator(folder_.state_dir())) {
    ASSERT_EQ(stat(entry.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0077, 0u) << entry.path();
  }
}

TEST_F(StoreTest, AFolderThatCannotBeMadeIsRefused) {
  Store::Options options;
  options.state_dir = folder_.root() + "/none/state";
  EXPECT_TRUE(absl::IsFailedPrecondition(Store::Open(options, StoreFolder::Key()).status()));
}

TEST_F(StoreTest, ASecondProcessIsToldWhoHasIt) {
  const std::unique_ptr<Store> store = folder_.Open();
  const absl::Status status = folder_.TryOpen().status();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_THAT(std::string(status.message()),
              HasSubstr(absl::StrCat("another muster-agent has it open (pid ", getpid())));
}

TEST_F(StoreTest, ItCanBeOpenedAgainOnceItIsClosed) {
  folder_.Open().reset();
  EXPECT_TRUE(folder_.TryOpen().ok());
}

TEST_F(StoreTest, AnotherKeyDoesNotOpenItAndHarmsNothing) {
  ASSERT_TRUE(folder_.Open()->outbox().Save(NewSubmission(), TestTime()).ok());
  const absl::Status status = folder_.TryOpen(StoreFolder::Key('x')).status();
  EXPECT_TRUE(absl::IsPermissionDenied(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("the key of x"));
  EXPECT_TRUE(folder_.Open()->outbox().Get(ByNumber(1)).ok());
}

TEST_F(StoreTest, AfterAChangeOfKeyOnlyTheNewOneOpens) {
  {
    const std::unique_ptr<Store> store = folder_.Open();
    ASSERT_TRUE(store->outbox().Save(NewSubmission(), TestTime()).ok());
    ASSERT_TRUE(store->ChangeUnlockKey(StoreFolder::Key('n')).ok());
    ASSERT_TRUE(store->outbox().Save(NewSubmission(), TestTime()).ok());
  }
  EXPECT_TRUE(absl::IsPermissionDenied(folder_.TryOpen().status()));
  const auto store = folder_.TryOpen(StoreFolder::Key('n'));
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_TRUE((*store)->outbox().Get(ByNumber(1)).ok());
  EXPECT_TRUE((*store)->outbox().Get(ByNumber(2)).ok());
}

TEST_F(StoreTest, NothingIsLeftOfTheOldWrappedKey) {
  folder_.Open().reset();
  std::string old;
  {
    const auto db = SqliteDatabase::Open(folder_.database(), {});
    ASSERT_TRUE(db.ok());
    auto select = (*db)->Prepare("SELECT sealed_key FROM store");
    ASSERT_TRUE(select.ok() && *select->Step());
    old = std::string(select->ColumnBlob(0));
  }
  const auto found_in = [&] {
    std::string names;
    for (const auto& [name, bytes] : folder_.Files()) {
      if (bytes.find(old) != std::string::npos) absl::StrAppend(&names, name, " ");
    }
    return names;
  };
  ASSERT_EQ(found_in(), "agent.db ");  // The search would find it.
  const std::unique_ptr<Store> store = folder_.Open();
  ASSERT_TRUE(store->ChangeUnlockKey(StoreFolder::Key('n')).ok());
  EXPECT_EQ(found_in(), "");
}

TEST_F(StoreTest, AnEmptyDatabaseBesideAFullWriteAheadLogIsNotTakenForANewOne) {
  folder_.Open().reset();
  std::filesystem::resize_file(folder_.database(), 0);
  // As a crash leaves it.
  std::filesystem::copy_file("/proc/self/exe", folder_.database() + "-wal");
  const absl::Status status = folder_.TryOpen().status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_TRUE(std::filesystem::exists(folder_.database() + "-wal"));
}

TEST_F(StoreTest, ADamagedDatabaseIsRefusedWithAdvice) {
  folder_.Open().reset();
  std::filesystem::resize_file(folder_.database(), 5000);
  const absl::Status status = folder_.TryOpen().status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("backup"));
}

TEST_F(StoreTest, ADatabaseOfANewerVersionIsLeftAlone) {
  folder_.Open().reset();
  folder_.Tamper("UPDATE store SET format = 2");
  EXPECT_TRUE(absl::IsFailedPrecondition(folder_.TryOpen().status()));
}

// ---- Identity ----

TEST_F(StoreTest, ThereIsNoIdentityBeforeTheFirst) {
  const std::unique_ptr<Store> store = folder_.Open();
  EXPECT_FALSE(store->identity()->has_value());
  EXPECT_EQ(store->agency_id(), "");
}

TEST_F(StoreTest, AnIdentityIsReplacedAsOneAndOutlivesTheProcess) {
  {
    const std::unique_ptr<Store> store = folder_.Open();
    ASSERT_TRUE(store->SetIdentity(Bundle("one"), "ky-ag").ok());
    ASSERT_TRUE(store->SetIdentity(Bundle("two"), "ky-ag").ok());
    EXPECT_EQ(store->agency_id(), "ky-ag");
  }
  const std::unique_ptr<Store> store = folder_.Open();
  EXPECT_EQ(store->agency_id(), "ky-ag");
  const auto identity = store->identity();
  ASSERT_TRUE(identity.ok() && identity->has_value());
  EXPECT_EQ((*identity)->SerializeAsString(), Bundle("two").SerializeAsString());
}

TEST_F(StoreTest, AnotherAgencysIdentityIsRefused) {
  const std::unique_ptr<Store> store = folder_.Open();
  ASSERT_TRUE(store->SetIdentity(Bundle("one"), "ky-ag").ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(store->SetIdentity(Bundle("two"), "mo-ag")));
  EXPECT_EQ((*store->identity())->key(), "one");
  EXPECT_EQ(store->agency_id(), "ky-ag");
}

// ---- What somebody with the disk may do ----

class TamperTest : public StoreTest {
 protected:
  TamperTest() {
    const std::unique_ptr<Store> store = folder_.Open();
    std::vector<std::string> ids;
    for (const char* text : {"one", "two"}) {
      ids.push_back(store->outbox().Save(NewSubmission(text), TestTime())->submission_id());
    }
    EXPECT_TRUE(store->outbox().Take({Accepted(ids[0])}, TestTime()).ok());
    const std::vector<MirrorAnswer> answers = {{"plan", "op-1", "first", TestTime(), 1},
                                               {"board", "op-1", "other", TestTime(), 1}};
    EXPECT_TRUE(store->inbox().Append(NewDeliveries(1, 3), answers, TestTime()).ok());
    EXPECT_TRUE(store->inbox().NoteGap({}).ok());
    EXPECT_TRUE(store->SetIdentity(Bundle("one"), "ky-ag").ok());
    EXPECT_TRUE(store->Verify().ok()) << store->Verify();
  }

  // Exchanges `column` of two rows of `table`.
  void Swap(const std::string& table, const std::string& column, const std::string& where_one,
            const std::string& where_other) {
    folder_.Tamper(absl::StrCat("CREATE TEMP TABLE kept AS SELECT ", column, " AS v FROM ", table, " WHERE ", where_one,
                                "; UPDATE ", table, " SET ", column, " = (SELECT ", column, " FROM ", table, " WHERE ",
                                where_other, ") WHERE ", where_one, "; UPDATE ", table, " SET ", column,
                                " = (SELECT v FROM kept) WHERE ", where_other));
  }
};

TEST_F(TamperTest, ExchangedSubmissionsAreNoticed) {
  Swap("outbox", "submission", "number = 1", "number = 2");
  const std::unique_ptr<Store> store = folder_.Open();
  EXPECT_TRUE(absl::IsDataLoss(store->outbox().Get(ByNumber(1)).status()));
  EXPECT_TRUE(absl::IsDataLoss(store->outbox().ToSend(0, 10).status()));
  EXPECT_THAT(std::string(store->Verify().message()), HasSubstr("outbox/1"));
}

TEST_F(TamperTest, ExchangedItemsAreNoticed) {
  Swap("outbox", "item", "number = 1", "number = 2");
  const std::unique_ptr<Store> store = folder_.Open();
  EXPECT_TRUE(absl::IsDataLoss(store->outbox().List({}, 0, 10).status()));
}

TEST_F(TamperTest, AChangedStateIsNoticed) {
  folder_.Tamper("UPDATE outbox SET state = 1, due = 1 WHERE number = 1");
  const std::unique_ptr<Store> store = folder_.Open();
  EXPECT_TRUE(absl::IsDataLoss(store->outbox().ToSend(0, 10).status()));
}

TEST_F(TamperTest, ExchangedDeliveriesAreNoticed) {
  Swap("inbox", "delivery", "row = 1", "row = 2");
  const std::unique_ptr<Store> store = folder_.Open();
  EXPECT_TRUE(absl::IsDataLoss(store->inbox().After(0, 10).status()));
  EXPECT_THAT(std::string(store->Verify().message()), HasSubstr("inbox/1"));
}

TEST_F(TamperTest, AChangedCursorIsNoticed) {
  folder_.Tamper("UPDATE inbox SET cursor = x'00' WHERE row = 2");
  EXPECT_TRUE(absl::IsDataLoss(folder_.Open()->inbox().After(0, 10).status()));
}

TEST_F(TamperTest, ExchangedAnswersAreNoticed) {
  Swap("mirror", "response", "stored = 1", "stored = 2");
  const std::unique_ptr<Store> store = folder_.Open();
  EXPECT_TRUE(absl::IsDataLoss(store->mirror().Get("plan").status()));
  EXPECT_TRUE(absl::IsDataLoss(store->Verify()));
}

TEST_F(TamperTest, AnAnswerMadeToLookFreshIsNoticed) {
  folder_.Tamper("UPDATE mirror SET inbox_row = 1000");
  EXPECT_TRUE(absl::IsDataLoss(folder_.Open()->mirror().Get("plan").status()));
}

TEST_F(TamperTest, AChangedIdentityIsNoticed) {
  folder_.Tamper("UPDATE identity SET bundle = agency");
  EXPECT_TRUE(absl::IsDataLoss(folder_.TryOpen().status()));
}

TEST_F(TamperTest, AChangedGapIsNoticed) {
  folder_.Tamper("UPDATE gaps SET after_row = 1");
  const std::unique_ptr<Store> store = folder_.Open();
  EXPECT_TRUE(absl::IsDataLoss(store->inbox().Status().status()));
  EXPECT_TRUE(absl::IsDataLoss(store->Verify()));
}

// ---- Housekeeping ----

TEST_F(StoreTest, MaintainEmptiesTheWriteAheadLog) {
  const std::unique_ptr<Store> store = folder_.Open();
  ASSERT_TRUE(store->outbox().Save(NewSubmission(), TestTime()).ok());
  ASSERT_GT(std::filesystem::file_size(folder_.database() + "-wal"), 0u);
  ASSERT_TRUE(store->Maintain(TestTime()).ok());
  EXPECT_EQ(std::filesystem::file_size(folder_.database() + "-wal"), 0u);
}

TEST_F(StoreTest, TheWriteAheadLogStaysSmallWithoutMaintain) {
  const std::unique_ptr<Store> store = folder_.Open();
  for (int i = 0; i < 60; ++i) {
    ASSERT_TRUE(store->outbox().Save(NewSubmission(std::string(200000, 'x')), TestTime()).ok());
    EXPECT_LT(std::filesystem::file_size(folder_.database() + "-wal"), 5u << 20);
  }
  EXPECT_EQ(store->outbox().List({}, 0, 100)->size(), 60u);
}

TEST_F(StoreTest, MaintainGoesThroughMoreThanOneBatch) {
  const std::unique_ptr<Store> store = folder_.Open();
  ASSERT_TRUE(store->inbox().Append(NewDeliveries(1, 1200), {}, TestTime()).ok());
  ASSERT_TRUE(store->inbox().SetHookRow(1200).ok());
  EXPECT_TRUE(store->Verify().ok());
  ASSERT_TRUE(store->Maintain(TestTime(1)).ok());
  EXPECT_EQ(store->inbox().Status()->deliveries(), 1u);
}

TEST_F(StoreTest, ManyThreadsSaveEachNumberOnce) {
  const std::unique_ptr<Store> store = folder_.Open();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&store] {
      for (int i = 0; i < 25; ++i) {
        EXPECT_TRUE(store->outbox().Save(NewSubmission(), TestTime()).ok());
        EXPECT_TRUE(store->outbox().Counts().ok());
      }
    });
  }
  for (int i = 1; i <= 50; ++i) EXPECT_TRUE(store->inbox().Append({NewDelivery(i)}, {}, TestTime()).ok());
  for (std::thread& thread : threads) thread.join();
  const auto items = store->outbox().List({}, 0, 1000);
  ASSERT_TRUE(items.ok());
  ASSERT_EQ(items->size(), 100u);
  for (size_t i = 0; i < 100; ++i) EXPECT_EQ((*items)[i].number(), i + 1);
}

}  // namespace
}  // namespace muster::agent
