// Every write and every sync of a scripted scenario fails once. What the store said it had done must be there when it
// is opened again; what it did not say is there whole or not at all; and nothing else changes.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/agent/store/testing/store_folder.h"
#include "common/error_reason.h"
#include "common/sqlite_fault_vfs.h"
#include "common/status_macros.h"

namespace muster::agent {
namespace {

// Does things to a store, and knows what must be true of it afterwards.
class Scenario {
 public:
  // Until the first failure, which it returns.
  absl::Status Run(Store* store) {
    for (int i = 0; i < 3; ++i) MUSTER_RETURN_IF_ERROR(Save(store));
    MUSTER_RETURN_IF_ERROR(Deliver(store));
    MUSTER_RETURN_IF_ERROR(Accept(store, 1));
    MUSTER_RETURN_IF_ERROR(Renumber(store, 2));
    MUSTER_RETURN_IF_ERROR(store->Maintain(TestTime(-1)));
    MUSTER_RETURN_IF_ERROR(Save(store));
    MUSTER_RETURN_IF_ERROR(Deliver(store));
    MUSTER_RETURN_IF_ERROR(Put(store));
    MUSTER_RETURN_IF_ERROR(store->inbox().SetHookRow(2));
    MUSTER_RETURN_IF_ERROR(store->Maintain(TestTime(1000)));
    return absl::OkStatus();
  }

  // One more of each, so that a store is known to be of use again.
  absl::Status RunAgain(Store* store) {
    MUSTER_RETURN_IF_ERROR(Save(store));
    MUSTER_RETURN_IF_ERROR(Deliver(store));
    return Put(store);
  }

  void Check(Store* store) {
    ASSERT_TRUE(store->Verify().ok()) << store->Verify();
    CheckOutbox(store);
    CheckInbox(store);
    CheckMirror(store);
  }

 private:
  absl::Status Save(Store* store) {
    const absl::Time made_at = TestTime(static_cast<int64_t>(tried_ids_.size()));
    const muster::v1::Submission submission = NewSubmission("smoke", "op-1", made_at);
    tried_ids_.push_back(submission.submission_id());
    MUSTER_RETURN_IF_ERROR(store->outbox().Save(submission, TestTime()).status());
    saved_ = tried_ids_.size();
    return absl::OkStatus();
  }

  absl::Status Accept(Store* store, uint64_t number) {
    tried_accept_ = number;
    MUSTER_RETURN_IF_ERROR(store->outbox().Take({Accepted(tried_ids_[number - 1])}, TestTime()));
    accepted_ = number;
    return absl::OkStatus();
  }

  absl::Status Renumber(Store* store, uint64_t number) {
    const std::string before = store->outbox().outbox_id();
    MUSTER_RETURN_IF_ERROR(store->outbox().Take(
        {Objected(tried_ids_[number - 1], muster::v1::ERROR_REASON_OUTBOX_NUMBER_TAKEN)}, TestTime()));
    EXPECT_NE(store->outbox().outbox_id(), before);
    renumbered_id_ = store->outbox().outbox_id();
    return absl::OkStatus();
  }

  // With an answer that must be there exactly when the delivery is.
  absl::Status Deliver(Store* store) {
    ++tried_deliveries_;
    MUSTER_RETURN_IF_ERROR(store->inbox().Append({NewDelivery(tried_deliveries_)},
                                                 {{absl::StrCat("plan ", tried_deliveries_), "op-1", "plan", TestTime(),
                                                   static_cast<uint64_t>(tried_deliveries_)}},
                                                 TestTime()));
    delivered_ = tried_deliveries_;
    return absl::OkStatus();
  }

  absl::Status Put(Store* store) {
    MUSTER_RETURN_IF_ERROR(store->mirror().Put({"totals", "op-1", "totals", TestTime(), 0}));
    put_ = true;
    return absl::OkStatus();
  }

  void CheckOutbox(Store* store) {
    const auto items = store->outbox().List({}, 0, 100);
    ASSERT_TRUE(items.ok()) << items.status();
    size_t kept = 0;
    for (const v1::OutboxItem& item : *items) {
      ++kept;
      ASSERT_LE(item.number(), tried_ids_.size());
      EXPECT_EQ(item.submission_id(), tried_ids_[item.number() - 1]);
      if (item.state() == v1::DELIVERY_STATE_ACCEPTED) {
        EXPECT_EQ(item.number(), tried_accept_);
      }
      if (item.number() == accepted_) {
        EXPECT_EQ(item.state(), v1::DELIVERY_STATE_ACCEPTED);
      }
    }
    // Only an accepted one may have been removed.
    EXPECT_GE(kept + accepted_, saved_);
    // What failed and is not there never was: its number goes to the next.
    saved_ = items->empty() ? 0 : items->back().number();
    tried_ids_.resize(saved_);
    if (!renumbered_id_.empty()) {
      EXPECT_EQ(store->outbox().outbox_id(), renumbered_id_);
    }
    CheckNumbers(store);
  }

  // In each outbox the numbers rise without gaps, behind what is settled.
  static void CheckNumbers(Store* store) {
    const auto due = store->outbox().ToSend(0, 100);
    ASSERT_TRUE(due.ok()) << due.status();
    std::string outbox_id;
    uint64_t number = 0;
    for (const Outbox::Due& item : *due) {
      const muster::v1::OutboxNumber& place = item.submission.outbox_number();
      if (place.outbox_id() != outbox_id) number = place.confirmed_through();
      outbox_id = place.outbox_id();
      EXPECT_EQ(place.number(), ++number);
    }
  }

  void CheckInbox(Store* store) {
    const int there = static_cast<int>(store->inbox().last_row());
    EXPECT_GE(there, delivered_);
    EXPECT_LE(there, tried_deliveries_);
    EXPECT_EQ(store->inbox().cursor(), there == 0 ? "" : CursorAt(there));
    for (int i = 1; i <= tried_deliveries_; ++i) {
      const auto plan = store->mirror().Get(absl::StrCat("plan ", i));
      ASSERT_TRUE(plan.ok()) << plan.status();
      EXPECT_EQ(plan->has_value(), i <= there) << "delivery " << i;
    }
    // It goes on where the store says, as from a broker that has everything.
    tried_deliveries_ = delivered_ = there;
  }

  void CheckMirror(Store* store) const {
    if (!put_) return;
    const auto totals = store->mirror().Get("totals");
    ASSERT_TRUE(totals.ok()) << totals.status();
    EXPECT_TRUE(totals->has_value());
  }

  std::vector<std::string> tried_ids_;
  size_t saved_ = 0;
  uint64_t tried_accept_ = 0;
  uint64_t accepted_ = 0;
  std::string renumbered_id_;
  int tried_deliveries_ = 0;
  int delivered_ = 0;
  bool put_ = false;
};

class StoreFaultsTest : public testing::Test {
 protected:
  // Fails the n-th operation and all after it by `fail`, for n = 1, 2 ... until the scenario, opening and closing
  // included, needs no more than n - 1. Returns how many it needed.
  int FailEach(const std::function<void(SqliteFaultVfs*, int64_t)>& fail) {
    for (int nth = 1;; ++nth) {
      StoreFolder folder;
      Scenario scenario;
      SqliteFaultVfs vfs(absl::StrCat("store_faults_", nth));
      fail(&vfs, nth);
      bool survived = false;
      {
        auto store = folder.TryOpen(StoreFolder::Key(), vfs.name());
        if (store.ok()) {
          const absl::Status status = scenario.Run(store->get());
          survived = status.ok();
          if (!survived) CheckFailure(store->get(), status);
        }
      }
      const bool done = survived && OperationsOf(vfs) < nth;
      vfs.Heal();
      auto store = folder.TryOpen();
      EXPECT_TRUE(store.ok()) << "after failure " << nth << ": " << store.status();
      if (!store.ok()) return nth;
      scenario.Check(store->get());
      EXPECT_TRUE(scenario.RunAgain(store->get()).ok()) << "after failure " << nth;
      scenario.Check(store->get());
      if (testing::Test::HasFailure()) ADD_FAILURE() << "with failure " << nth;
      if (done || testing::Test::HasFailure()) return nth - 1;
    }
  }

  // A full disk may be tried again; anything else is for good.
  void CheckFailure(Store* store, const absl::Status& status) {
    if (absl::IsResourceExhausted(status)) {
      EXPECT_TRUE(store->failed().ok()) << store->failed();
      return;
    }
    EXPECT_TRUE(absl::IsUnknown(status)) << status;
    EXPECT_TRUE(absl::IsUnknown(store->failed()));
    EXPECT_TRUE(absl::IsUnknown(store->outbox().Save(NewSubmission(), TestTime()).status()));
  }

  int64_t OperationsOf(const SqliteFaultVfs& vfs) const { return count_syncs_ ? vfs.syncs() : vfs.writes(); }

  bool count_syncs_ = false;
};

TEST_F(StoreFaultsTest, NothingSavedIsLostWhicheverWriteFails) {
  const int points = FailEach([](SqliteFaultVfs* vfs, int64_t nth) { vfs->FailWrites(nth, SQLITE_IOERR_WRITE); });
  EXPECT_GT(points, 50);
  std::cout << points << " writes failed\n";
}

TEST_F(StoreFaultsTest, NothingSavedIsLostWhicheverWriteFindsTheDiskFull) {
  const int points = FailEach([](SqliteFaultVfs* vfs, int64_t nth) { vfs->FailWrites(nth, SQLITE_FULL); });
  EXPECT_GT(points, 50);
  std::cout << points << " writes found the disk full\n";
}

TEST_F(StoreFaultsTest, NothingSavedIsLostWhicheverSyncFails) {
  count_syncs_ = true;
  const int points = FailEach([](SqliteFaultVfs* vfs, int64_t nth) { vfs->FailSyncs(nth, SQLITE_IOERR_FSYNC); });
  EXPECT_GT(points, 15);
  std::cout << points << " syncs failed\n";
}

TEST_F(StoreFaultsTest, AFullDiskIsForgottenOnceThereIsRoom) {
  StoreFolder folder;
  SqliteFaultVfs vfs("store_faults_full");
  auto store = folder.TryOpen(StoreFolder::Key(), vfs.name());
  ASSERT_TRUE(store.ok()) << store.status();
  const muster::v1::Submission submission = NewSubmission();
  vfs.FailWrites(2, SQLITE_FULL);
  EXPECT_EQ(RejectedOf((*store)->outbox().Save(submission, TestTime()).status()).reason(),
            muster::v1::ERROR_REASON_STORAGE_FULL);
  EXPECT_TRUE((*store)->outbox().List({}, 0, 10)->empty());
  vfs.Heal();
  EXPECT_EQ((*store)->outbox().Save(submission, TestTime())->number(), 1u);
  EXPECT_TRUE((*store)->failed().ok());
}

TEST_F(StoreFaultsTest, AFailedSyncIsNeverTriedAgain) {
  StoreFolder folder;
  SqliteFaultVfs vfs("store_faults_sync");
  auto store = folder.TryOpen(StoreFolder::Key(), vfs.name());
  ASSERT_TRUE(store.ok()) << store.status();
  ASSERT_TRUE((*store)->outbox().Save(NewSubmission(), TestTime()).ok());  // So that closing had something to copy.
  vfs.FailSyncs(1, SQLITE_IOERR_FSYNC);
  EXPECT_TRUE(absl::IsUnknown((*store)->outbox().Save(NewSubmission(), TestTime()).status()));
  vfs.Heal();
  const int64_t syncs = vfs.syncs();
  EXPECT_TRUE(absl::IsUnknown((*store)->outbox().Save(NewSubmission(), TestTime()).status()));
  EXPECT_TRUE(absl::IsUnknown((*store)->inbox().Append({NewDelivery(1)}, {}, TestTime())));
  EXPECT_TRUE(absl::IsUnknown((*store)->Maintain(TestTime())));
  store->reset();
  EXPECT_EQ(vfs.syncs(), syncs);
  EXPECT_TRUE(folder.Open()->Verify().ok());
}

TEST_F(StoreFaultsTest, EverySaveIsSyncedBeforeItReturns) {
  StoreFolder folder;
  SqliteFaultVfs vfs("store_faults_count");
  auto store = folder.TryOpen(StoreFolder::Key(), vfs.name());
  ASSERT_TRUE(store.ok()) << store.status();
  for (int i = 1; i <= 3; ++i) {
    int64_t before = vfs.syncs();
    ASSERT_TRUE((*store)->outbox().Save(NewSubmission(), TestTime()).ok());
    EXPECT_GT(vfs.syncs(), before);
    before = vfs.syncs();
    ASSERT_TRUE((*store)->inbox().Append({NewDelivery(i)}, {}, TestTime()).ok());
    EXPECT_GT(vfs.syncs(), before);
  }
}

}  // namespace
}  // namespace muster::agent
