#include "server/broker/testing/feed_world.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "server/broker/testing/deliveries.h"

namespace muster {

FeedWorld::FeedWorld(uint32_t seed, size_t agencies) : random_(seed) {
  for (size_t i = 0; i < agencies; ++i) agency_ids_.push_back(absl::StrCat("agency-", i));
}

size_t FeedWorld::Random(size_t least, size_t most) {
  return std::uniform_int_distribution<size_t>(least, most)(random_);
}

AddressedNotice FeedWorld::Address(std::vector<std::string> to, size_t bytes) {
  std::string notice = absl::StrCat("notice ", ++notices_, " ");
  notice.resize(std::max(notice.size(), bytes), '.');
  for (const std::string& agency_id : to) feeds_[agency_id].push_back(notice);
  return {audiences_.Next(std::move(to)), std::move(notice)};
}

std::vector<Applied> FeedWorld::RandomBatch(size_t events) {
  std::vector<Applied> batch(events);
  for (Applied& applied : batch) {
    for (size_t notices = Random(0, 3); notices > 0; --notices) {
      std::vector<std::string> to;
      for (const std::string& agency_id : agency_ids_) {
        if (Random(0, 1) == 0) to.push_back(agency_id);
      }
      if (!to.empty()) applied.notices.push_back(Address(std::move(to), Random(10, 200)));
    }
  }
  return batch;
}

std::vector<Applied> FeedWorld::Notice(std::vector<std::string> agency_ids, size_t bytes) {
  std::vector<Applied> batch(1);
  batch[0].notices.push_back(Address(std::move(agency_ids), bytes));
  return batch;
}

void FeedWorld::Publish(Publisher* publisher, const std::vector<Applied>& batch) {
  ASSERT_EQ(publisher->Publish(next_sequence_, batch, audiences_), absl::OkStatus());
  next_sequence_ += batch.size();
}

void FeedWorld::Append(FeedStore* store, const std::vector<Applied>& batch) {
  std::vector<FeedRow> rows;
  for (const Applied& applied : batch) {
    for (const AddressedNotice& notice : applied.notices) {
      rows.push_back({next_sequence_, notice.address.audience, notice.address.rank, notice.bytes});
    }
    ++next_sequence_;
  }
  ASSERT_EQ(store->Append(next_sequence_ - 1, rows), absl::OkStatus());
}

FeedTestReader::FeedTestReader(Publisher* publisher, const std::string& agency_id, std::optional<uint64_t> after)
    : subscriber_(publisher->Subscribe(agency_id, after, [bell = bell_] {
        absl::MutexLock lock(&bell->mu);
        ++bell->rung;
      })) {}

size_t FeedTestReader::DrainNow(size_t count_max, size_t bytes_max) {
  std::vector<DeliveryRun> runs;
  return DrainInto(count_max, bytes_max, &runs);
}

size_t FeedTestReader::DrainInto(size_t count_max, size_t bytes_max, std::vector<DeliveryRun>* runs) {
  bool caught_up = false;
  const size_t count = subscriber_->Drain(count_max, bytes_max, runs, &caught_up);
  std::vector<ReadDelivery> deliveries = DecodeDeliveries(*runs);
  EXPECT_EQ(count, deliveries.size());
  for (ReadDelivery& delivery : deliveries) {
    positions_.push_back(delivery.position);
    notices_.push_back(std::move(delivery.notice));
  }
  if (caught_up) {
    ++caught_up_marks_;
    caught_up_after_ = notices_.size();
  }
  return count;
}

std::vector<DeliveryRun> FeedTestReader::Take() {
  std::vector<DeliveryRun> runs;
  while (true) {
    const int marks = caught_up_marks_;
    if (DrainInto(64, 1 << 20, &runs) > 0 || caught_up_marks_ > marks || !subscriber_->status().ok()) return runs;
    WaitForWake();
  }
}

bool FeedTestReader::Step(size_t count_max, size_t bytes_max) {
  while (true) {
    const int marks = caught_up_marks_;
    if (DrainNow(count_max, bytes_max) > 0 || caught_up_marks_ > marks) return true;
    if (!subscriber_->status().ok()) return false;
    WaitForWake();
  }
}

void FeedTestReader::WaitForWake() {
  absl::MutexLock lock(&bell_->mu);
  const auto rung = [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return bell_->rung > bell_->heard; };
  bell_->mu.Await(absl::Condition(&rung));
  bell_->heard = bell_->rung;
}

void FeedTestReader::ReadUntilCaughtUp() {
  while (caught_up_marks_ == 0 && Step()) {
  }
}

void FeedTestReader::ReadUntil(size_t count) {
  while (notices_.size() < count && Step()) {
  }
}

int FeedTestReader::wakes() const {
  absl::MutexLock lock(&bell_->mu);
  return bell_->rung;
}

std::vector<std::string> Rest(const std::vector<std::string>& feed, uint64_t position) {
  return {feed.begin() + static_cast<std::ptrdiff_t>(position), feed.end()};
}

}  // namespace muster
