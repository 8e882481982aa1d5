// Random changes, in random order, with the store closed and opened in between, against plain models.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/agent/store/testing/outbox_oracle.h"
#include "client/agent/store/testing/store_folder.h"
#include "common/testing/test_messages.h"

namespace muster::agent {
namespace {

using muster::v1::ErrorReason;

class RandomTest : public testing::Test {
 protected:
  RandomTest() : random_(SeededRandom()), store_(folder_.Open()) {}

  uint64_t Below(uint64_t end) { return std::uniform_int_distribution<uint64_t>(0, end - 1)(random_); }
  absl::Time Now() { return TestTime(++seconds_); }

  void Reopen() {
    store_.reset();
    store_ = folder_.Open();
    ASSERT_TRUE(store_->Verify().ok()) << store_->Verify();
  }

  std::mt19937_64 random_;
  StoreFolder folder_;
  std::unique_ptr<Store> store_;
  int64_t seconds_ = 0;
};

class OutboxRandomTest : public RandomTest {
 protected:
  OutboxRandomTest() : oracle_(store_->outbox().outbox_id()) {}

  void Reopen() {
    RandomTest::Reopen();
    opened_with_ = oracle_.size();
  }

  uint64_t AnyNumber() { return 1 + Below(oracle_.size()); }
  const std::string& IdOf(uint64_t number) { return oracle_.at(number).submission.submission_id(); }

  void SaveOne() {
    const absl::Time now = Now();
    const muster::v1::Submission submission = NewSubmission(absl::StrCat("hold ", seconds_), "op-1", now);
    const auto item = store_->outbox().Save(submission, now);
    ASSERT_TRUE(item.ok()) << item.status();
    EXPECT_EQ(item->number(), oracle_.Save(submission, now));
  }

  void Repeat() {
    const uint64_t number = AnyNumber();
    if (oracle_.at(number).removed) return;
    muster::v1::Submission submission = oracle_.at(number).submission;
    const auto item = store_->outbox().Save(submission, Now());
    ASSERT_TRUE(item.ok()) << item.status();
    EXPECT_EQ(item->number(), number);
    submission.mutable_call_hold()->set_reason("something else");
    EXPECT_TRUE(absl::IsAlreadyExists(store_->outbox().Save(submission, Now()).status()));
  }

  // One answer about `number`, and what it does to the oracle. Renumbering is told by `renumber_from`.
  muster::v1::SubmissionAnswer Answer(uint64_t number, absl::Time now, uint64_t* renumber_from) {
    const OutboxOracle::Item& item = oracle_.at(number);
    switch (Below(8)) {
      case 0:
      case 1:
        oracle_.Decide(number, v1::DELIVERY_STATE_ACCEPTED, now);
        return Accepted(item.submission.submission_id());
      case 2:
        oracle_.Decide(number, v1::DELIVERY_STATE_REJECTED, now);
        return Rejected(item.submission.submission_id(), muster::v1::ERROR_REASON_WRONG_PHASE);
      case 3:
        oracle_.Decide(number, item.drop_reason.empty() ? v1::DELIVERY_STATE_REJECTED : v1::DELIVERY_STATE_DROPPED,
                       now);
        return Rejected(item.submission.submission_id(), muster::v1::ERROR_REASON_WITHDRAWN);
      case 4:
        oracle_.Refuse(number, muster::v1::ERROR_REASON_NOT_PERMITTED);
        return Refused(item.submission.submission_id(), muster::v1::ERROR_REASON_NOT_PERMITTED);
      case 5:
        return Objected(item.submission.submission_id(), muster::v1::ERROR_REASON_OUTBOX_GAP);
      case 6:
        if (number <= opened_with_) {
          oracle_.Hold(number);
        } else if (item.due()) {
          *renumber_from = number;
        }
        return Objected(item.submission.submission_id(), muster::v1::ERROR_REASON_SUBMISSION_TOO_OLD);
      default:
        if (item.due()) *renumber_from = number;
        return Objected(item.submission.submission_id(), muster::v1::ERROR_REASON_OUTBOX_NUMBER_TAKEN);
    }
  }

  void TakeSome() {
    std::vector<muster::v1::SubmissionAnswer> answers;
    const absl::Time now = Now();
    uint64_t renumber_from = 0;
    // A taken number ends the batch: the new outbox's id is not known before.
    for (uint64_t i = Below(5); renumber_from == 0; --i) {
      const uint64_t number = AnyNumber();
      if (!oracle_.at(number).removed) answers.push_back(Answer(number, now, &renumber_from));
      if (i == 0) break;
    }
    const absl::Status status = store_->outbox().Take(answers, now);
    ASSERT_TRUE(status.ok()) << status;
    if (renumber_from != 0) oracle_.Renumber(renumber_from, store_->outbox().outbox_id());
  }

  void DropOne() {
    const uint64_t number = AnyNumber();
    const absl::Time now = Now();
    const absl::Status status = store_->outbox().Drop(ById(IdOf(number)), "not needed", now).status();
    if (oracle_.at(number).removed) {
      EXPECT_TRUE(absl::IsNotFound(status));
    } else if (oracle_.at(number).settled()) {
      EXPECT_TRUE(absl::IsFailedPrecondition(status));
    } else {
      EXPECT_TRUE(status.ok()) << status;
      oracle_.Drop(number, "not needed", now);
    }
  }

  void RetryOne() {
    const uint64_t number = AnyNumber();
    const absl::Time now = Now();
    const auto made = store_->outbox().Retry(ByNumber(number), now);
    const OutboxOracle::Item item = oracle_.at(number);
    if (item.removed) {
      EXPECT_TRUE(absl::IsNotFound(made.status()));
      return;
    }
    if (item.state == v1::DELIVERY_STATE_ACCEPTED) {
      EXPECT_TRUE(absl::IsFailedPrecondition(made.status()));
      return;
    }
    if (!item.due() && item.retried_as != 0 && oracle_.at(item.retried_as).removed) {
      EXPECT_TRUE(absl::IsNotFound(made.status()));
      return;
    }
    ASSERT_TRUE(made.ok()) << made.status();
    if (item.due() || item.retried_as != 0) {
      EXPECT_EQ(made->number(), item.due() ? number : item.retried_as);
      return;
    }
    muster::v1::Submission again = item.submission;
    again.set_submission_id(made->submission_id());
    EXPECT_EQ(made->number(), oracle_.Save(again, now));
    if (!item.settled()) oracle_.Drop(number, absl::StrCat("sent anew as item ", made->number()), now);
    oracle_.at(number).retried_as = made->number();
  }

  void Step() {
    if (oracle_.size() == 0) return SaveOne();
    switch (Below(10)) {
      case 0:
      case 1:
      case 2:
        return SaveOne();
      case 3:
        return Repeat();
      case 4:
      case 5:
      case 6:
        return TakeSome();
      case 7:
        return DropOne();
      case 8:
        return RetryOne();
      default:
        if (Below(3) == 0) {
          const absl::Time before = TestTime(static_cast<int64_t>(Below(static_cast<uint64_t>(seconds_) + 1)));
          ASSERT_TRUE(store_->Maintain(before).ok());
          return oracle_.Remove(before);
        }
        return Reopen();
    }
  }

  OutboxOracle oracle_;
  uint64_t opened_with_ = 0;  // Items when the store was opened.
};

TEST_F(OutboxRandomTest, DoesWhatItsModelDoes) {
  for (int i = 0; i < 1500; ++i) {
    Step();
    if (i % 5 == 0) oracle_.Compare(store_->outbox());
    ASSERT_FALSE(HasFailure()) << "at step " << i;
  }
  Reopen();
  oracle_.Compare(store_->outbox());
}

// A feed with gaps, and the answers that came with it.
class FeedRandomTest : public RandomTest {
 protected:
  void Deliver() {
    std::vector<muster::v1::Delivery> deliveries;
    std::vector<MirrorAnswer> answers;
    for (uint64_t i = Below(4); i > 0; --i) {
      const std::string operation_id = absl::StrCat("op-", Below(3));
      ++position_;
      muster::v1::Delivery delivery = NewDelivery(position_, operation_id, absl::StrCat("text ", position_));
      if (jumped_) delivery.set_previous_cursor(cursor_);
      jumped_ = false;
      cursor_ = delivery.cursor();
      all_.push_back(delivery);
      last_row_of_[operation_id] = all_.size();
      if (Below(2) == 0) {
        answers.push_back({operation_id, operation_id, absl::StrCat("plan ", position_), TestTime(), all_.size()});
        plans_[operation_id] = {answers.back().response, all_.size()};
      }
      deliveries.push_back(std::move(delivery));
    }
    ASSERT_TRUE(store_->inbox().Append(deliveries, answers, Now()).ok());
  }

  void DeliverWhatDoesNotFollow() {
    if (cursor_.empty()) return;
    EXPECT_TRUE(absl::IsDataLoss(store_->inbox().Append({NewDelivery(position_ + 5)}, {}, Now())));
  }

  void Gap() {
    position_ += 3;
    cursor_ = absl::StrCat("after the gap ", position_);
    jumped_ = true;
    v1::FeedGap gap;
    gap.set_next_cursor(cursor_);
    ASSERT_TRUE(store_->inbox().NoteGap(gap).ok());
    ++gaps_;
  }

  void Maintain() {
    hook_ = std::max<uint64_t>(hook_, Below(all_.size() + 1));
    ASSERT_TRUE(store_->inbox().SetHookRow(hook_).ok());
    const uint64_t removed = std::min<uint64_t>(hook_, all_.empty() ? 0 : all_.size() - 1);
    ASSERT_TRUE(store_->Maintain(absl::InfiniteFuture()).ok());
    removed_ = std::max(removed_, removed);
  }

  void Compare() {
    const Inbox& inbox = store_->inbox();
    EXPECT_EQ(inbox.cursor(), cursor_);
    EXPECT_EQ(inbox.last_row(), all_.size());
    EXPECT_EQ(inbox.hook_row(), hook_);
    const auto status = inbox.Status();
    ASSERT_TRUE(status.ok()) << status.status();
    EXPECT_EQ(status->gaps_size(), std::min(gaps_, 100));
    const auto deliveries = inbox.After(0, 100000);
    ASSERT_TRUE(deliveries.ok()) << deliveries.status();
    ASSERT_EQ(deliveries->size(), all_.size() - removed_);
    for (const Inbox::Stored& stored : *deliveries) {
      EXPECT_EQ(stored.delivery.SerializeAsString(), all_[stored.row - 1].SerializeAsString());
    }
    for (const auto& [operation_id, plan] : plans_) {
      const auto found = store_->mirror().Get(operation_id);
      ASSERT_TRUE(found.ok() && found->has_value()) << operation_id;
      EXPECT_EQ((*found)->response, plan.first);
      EXPECT_EQ((*found)->superseded, last_row_of_[operation_id] > plan.second);
    }
  }

  int position_ = 0;
  std::string cursor_;
  bool jumped_ = false;
  int gaps_ = 0;
  uint64_t hook_ = 0;
  uint64_t removed_ = 0;
  std::vector<muster::v1::Delivery> all_;
  std::map<std::string, uint64_t> last_row_of_;
  std::map<std::string, std::pair<std::string, uint64_t>> plans_;
};

TEST_F(FeedRandomTest, DoesWhatItsModelDoes) {
  for (int i = 0; i < 800; ++i) {
    const uint64_t choice = Below(12);
    if (choice < 7) Deliver();
    if (choice == 7) DeliverWhatDoesNotFollow();
    if (choice == 8) Gap();
    if (choice == 9) Maintain();
    if (choice >= 10) Reopen();
    if (i % 10 == 0) Compare();
    ASSERT_FALSE(HasFailure()) << "at step " << i;
  }
  Reopen();
  Compare();
}

}  // namespace
}  // namespace muster::agent
