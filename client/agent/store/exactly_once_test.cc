// An outbox and a broker with everything between them that goes wrong: requests and answers that are lost, late and out
// of order, a daemon that dies at any moment, and one that comes back with an old copy of its disk. What is accepted
// was applied once; what is rejected or dropped was not, and nothing was applied twice.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/agent/store/testing/model_broker.h"
#include "client/agent/store/testing/store_folder.h"
#include "common/testing/test_messages.h"

namespace muster::agent {
namespace {

class ExactlyOnceTest : public testing::Test {
 protected:
  ExactlyOnceTest() : random_(SeededRandom()), store_(folder_.Open()) {}

  uint64_t Below(uint64_t end) { return std::uniform_int_distribution<uint64_t>(0, end - 1)(random_); }
  bool OneIn(uint64_t n) { return Below(n) == 0; }
  absl::Time Now() { return TestTime(++seconds_); }

  void Reopen() {
    store_.reset();
    store_ = folder_.Open();
  }

  void Save() {
    const char* kind = OneIn(6) ? ModelBroker::kRefused : OneIn(6) ? ModelBroker::kRejected : "hold";
    const absl::Time now = Now();
    ASSERT_TRUE(store_->outbox().Save(NewSubmission(absl::StrCat(kind, " ", seconds_), "op-1", now), now).ok());
  }

  // Sends some of what is due. What is answered comes back now, later, or never.
  void Send() {
    const auto due = store_->outbox().ToSend(0, 1 + Below(8));
    ASSERT_TRUE(due.ok()) << due.status();
    for (const Outbox::Due& item : *due) {
      if (OneIn(10)) break;  // The connection broke.
      answers_.push_back(broker_.Receive(item.submission));
      if (OneIn(5)) answers_.pop_back();
    }
    if (OneIn(3)) std::shuffle(answers_.begin(), answers_.end(), random_);
  }

  void Receive() {
    const size_t count = std::min<size_t>(answers_.size(), 1 + Below(10));
    const std::vector<muster::v1::SubmissionAnswer> some(answers_.end() - static_cast<int64_t>(count), answers_.end());
    answers_.resize(answers_.size() - count);
    ASSERT_TRUE(store_->outbox().Take(some, Now()).ok());
  }

  void Drop() {
    const auto waiting = store_->outbox().List({v1::DELIVERY_STATE_SAVED_HERE}, 0, 100);
    ASSERT_TRUE(waiting.ok());
    if (waiting->empty()) return;
    const v1::OutboxItem& item = (*waiting)[Below(waiting->size())];
    if (item.refusal().reason() == muster::v1::ERROR_REASON_SUBMISSION_TOO_OLD) return;  // That is for Look.
    ASSERT_TRUE(store_->outbox().Drop(ByNumber(item.number()), "not needed", Now()).ok());
  }

  // What the broker has forgotten is held. A person looks whether it is there, and retries or drops it.
  void Look() {
    const auto waiting = store_->outbox().List({v1::DELIVERY_STATE_SAVED_HERE}, 0, 10000);
    ASSERT_TRUE(waiting.ok());
    for (const v1::OutboxItem& item : *waiting) {
      if (item.refusal().reason() != muster::v1::ERROR_REASON_SUBMISSION_TOO_OLD) continue;
      looked_at_.insert(item.submission_id());
      const auto whole = store_->outbox().Get(ByNumber(item.number()));
      ASSERT_TRUE(whole.ok()) << whole.status();
      if (broker_.applied(whole->submission().call_hold().reason()) > 0) {
        ASSERT_TRUE(store_->outbox().Drop(ByNumber(item.number()), "it is there", Now()).ok());
      } else {
        ASSERT_TRUE(store_->outbox().Retry(ByNumber(item.number()), Now()).ok());
      }
    }
  }

  // Once a copy has been restored, another is made only when nothing is to be sent: see outbox.h.
  void CopyDisk() {
    const auto due = store_->outbox().ToSend(0, 1);
    ASSERT_TRUE(due.ok()) << due.status();
    if (restored_ && !due->empty()) return;
    store_.reset();
    std::filesystem::remove_all(folder_.root() + "/copy");
    std::filesystem::copy(folder_.state_dir(), folder_.root() + "/copy");
    store_ = folder_.Open();
  }

  // Back to the copy: what was saved since is lost, and its numbers are given out again.
  void RestoreDisk() {
    if (!std::filesystem::exists(folder_.root() + "/copy")) return;
    store_.reset();
    std::filesystem::remove_all(folder_.state_dir());
    std::filesystem::copy(folder_.root() + "/copy", folder_.state_dir());
    answers_.clear();
    store_ = folder_.Open();
    restored_ = true;
  }

  // Everything goes well from now on.
  void Settle() {
    for (int round = 0; round < 1000; ++round) {
      Look();
      const auto due = store_->outbox().ToSend(0, 100);
      ASSERT_TRUE(due.ok()) << due.status();
      if (due->empty()) return;
      answers_.clear();
      for (const Outbox::Due& item : *due) answers_.push_back(broker_.Receive(item.submission));
      ASSERT_TRUE(store_->outbox().Take(answers_, Now()).ok());
    }
    FAIL() << "what is in the outbox is never settled";
  }

  void Check() {
    for (const auto& [reason, times] : broker_.all_applied()) EXPECT_EQ(times, 1) << reason;
    const auto items = store_->outbox().List({}, 0, 100000);
    ASSERT_TRUE(items.ok()) << items.status();
    int accepted = 0;
    for (const v1::OutboxItem& item : *items) {
      const auto whole = store_->outbox().Get(ByNumber(item.number()));
      ASSERT_TRUE(whole.ok()) << whole.status();
      const std::string& reason = whole->submission().call_hold().reason();
      EXPECT_NE(item.state(), v1::DELIVERY_STATE_SAVED_HERE);
      const bool is_accepted = item.state() == v1::DELIVERY_STATE_ACCEPTED;
      accepted += is_accepted ? 1 : 0;
      // A person dropped or retried it, having looked.
      if (looked_at_.count(item.submission_id()) > 0 && item.state() == v1::DELIVERY_STATE_DROPPED) continue;
      EXPECT_EQ(broker_.applied(reason), is_accepted ? 1 : 0) << reason << ": " << item.ShortDebugString();
    }
    EXPECT_GT(accepted, 0);
  }

  void Step() {
    switch (Below(12)) {
      case 0:
      case 1:
      case 2:
        return Save();
      case 3:
      case 4:
      case 5:
      case 6:
        return Send();
      case 7:
      case 8:
      case 9:
        return Receive();
      case 10:
        return Drop();
      default:
        return OneIn(2) ? Reopen() : Look();
    }
  }

  std::mt19937_64 random_;
  StoreFolder folder_;
  std::unique_ptr<Store> store_;
  ModelBroker broker_;
  std::vector<muster::v1::SubmissionAnswer> answers_;
  std::set<std::string> looked_at_;
  bool restored_ = false;
  int64_t seconds_ = 0;
};

TEST_F(ExactlyOnceTest, WhateverHappensBetweenTheOutboxAndTheBroker) {
  for (int i = 0; i < 2000; ++i) {
    Step();
    ASSERT_FALSE(HasFailure()) << "at step " << i;
  }
  Settle();
  Check();
}

TEST_F(ExactlyOnceTest, ThoughTheDiskIsRestoredFromOldCopies) {
  for (int i = 0; i < 2000; ++i) {
    Step();
    if (OneIn(100)) CopyDisk();
    if (OneIn(200)) RestoreDisk();
    ASSERT_FALSE(HasFailure()) << "at step " << i;
  }
  Settle();
  Check();
}

}  // namespace
}  // namespace muster::agent
