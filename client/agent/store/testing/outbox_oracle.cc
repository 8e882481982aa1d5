#include "client/agent/store/testing/outbox_oracle.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

namespace muster::agent {

uint64_t OutboxOracle::Save(const muster::v1::Submission& submission, absl::Time now) {
  Item item;
  item.submission = submission;
  item.state_at = now;
  item.outbox = outbox_ids_.size() - 1;
  item.sent_as = ++last_sent_as_.back();
  items_.push_back(std::move(item));
  return items_.size();
}

void OutboxOracle::Decide(uint64_t number, v1::DeliveryState state, absl::Time now) {
  if (at(number).settled()) return;
  at(number).state = state;
  at(number).state_at = now;
}

void OutboxOracle::Refuse(uint64_t number, muster::v1::ErrorReason reason) {
  Item& item = at(number);
  if (!item.due() || item.refusal != muster::v1::ERROR_REASON_UNSPECIFIED || !item.drop_reason.empty()) return;
  item.refusal = reason;
}

void OutboxOracle::Hold(uint64_t number) {
  Item& item = at(number);
  if (!item.due()) return;
  item.held = true;
  item.refusal = muster::v1::ERROR_REASON_SUBMISSION_TOO_OLD;
}

void OutboxOracle::Renumber(uint64_t number, std::string outbox_id) {
  outbox_ids_.push_back(std::move(outbox_id));
  last_sent_as_.push_back(0);
  for (uint64_t n = number; n <= size(); ++n) {
    if (!at(n).due()) continue;
    at(n).outbox = outbox_ids_.size() - 1;
    at(n).sent_as = ++last_sent_as_.back();
  }
}

void OutboxOracle::Drop(uint64_t number, const std::string& reason, absl::Time now) {
  Item& item = at(number);
  if (item.settled() || (!item.drop_reason.empty() && !item.held)) return;
  item.drop_reason = reason;
  if (item.held) Decide(number, v1::DELIVERY_STATE_DROPPED, now);
}

void OutboxOracle::Remove(absl::Time before) {
  for (uint64_t n = 1; n < size(); ++n) {
    if (at(n).settled() && at(n).state_at < before) at(n).removed = true;
  }
}

uint64_t OutboxOracle::ConfirmedThrough(size_t outbox) const {
  for (uint64_t sent_as = 1; sent_as <= last_sent_as_[outbox]; ++sent_as) {
    const bool settled = std::any_of(items_.begin(), items_.end(), [&](const Item& item) {
      return item.outbox == outbox && item.sent_as == sent_as && !item.due();
    });
    if (!settled) return sent_as - 1;
  }
  return last_sent_as_[outbox];
}

void OutboxOracle::Compare(const Outbox& outbox) const {
  EXPECT_EQ(outbox.outbox_id(), outbox_ids_.back());
  CompareItems(outbox);
  CompareToSend(outbox);
}

void OutboxOracle::CompareItems(const Outbox& outbox) const {
  const auto items = outbox.List({}, 0, 1000000);
  const auto counts = outbox.Counts();
  ASSERT_TRUE(items.ok() && counts.ok()) << items.status() << counts.status();
  auto found = items->begin();
  uint64_t saved_here = 0;
  for (uint64_t number = 1; number <= size(); ++number) {
    const Item& item = items_[number - 1];
    if (item.removed) continue;
    ASSERT_NE(found, items->end()) << "item " << number << " is missing";
    ASSERT_EQ(found->number(), number);
    EXPECT_EQ(found->submission_id(), item.submission.submission_id());
    EXPECT_EQ(found->state(), item.state) << number;
    EXPECT_EQ(found->refusal().reason(), item.refusal) << number;
    EXPECT_EQ(found->drop_reason(), item.drop_reason) << number;
    EXPECT_EQ(found->retried_as(), item.retried_as) << number;
    saved_here += item.settled() ? 0 : 1;
    ++found;
  }
  EXPECT_EQ(found, items->end());
  EXPECT_EQ(counts->saved_here(), saved_here);
  EXPECT_EQ(counts->saved_here() + counts->accepted() + counts->rejected() + counts->dropped(), items->size());
}

void OutboxOracle::CompareToSend(const Outbox& outbox) const {
  const auto due = outbox.ToSend(0, 1000000);
  ASSERT_TRUE(due.ok()) << due.status();
  auto found = due->begin();
  for (uint64_t number = 1; number <= size(); ++number) {
    const Item& item = items_[number - 1];
    if (!item.due()) continue;
    ASSERT_NE(found, due->end()) << "item " << number << " is not to be sent";
    EXPECT_EQ(found->number, number);
    EXPECT_EQ(found->submission.submission_id(), item.submission.submission_id());
    const bool withdrawn = item.refusal != muster::v1::ERROR_REASON_UNSPECIFIED || !item.drop_reason.empty();
    EXPECT_EQ(found->submission.has_withdraw_submission(), withdrawn) << number;
    EXPECT_EQ(found->submission.outbox_number().outbox_id(), outbox_ids_[item.outbox]) << number;
    EXPECT_EQ(found->submission.outbox_number().number(), item.sent_as) << number;
    EXPECT_EQ(found->submission.outbox_number().confirmed_through(), ConfirmedThrough(item.outbox)) << number;
    ++found;
  }
  EXPECT_EQ(found, due->end());
}

}  // namespace muster::agent
