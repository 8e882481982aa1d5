// An outbox in a store of its own, for tests.
#ifndef MUSTER_CLIENT_AGENT_STORE_TESTING_OUTBOX_FIXTURE_H_
#define MUSTER_CLIENT_AGENT_STORE_TESTING_OUTBOX_FIXTURE_H_

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/agent/store/outbox.h"
#include "client/agent/store/store.h"
#include "client/agent/store/testing/store_folder.h"
#include "muster/v1/submission.pb.h"

namespace muster::agent {

class OutboxFixture : public testing::Test {
 protected:
  OutboxFixture() : store_(folder_.Open()) {}

  Outbox& outbox() { return store_->outbox(); }

  v1::OutboxItem Save(const muster::v1::Submission& submission, absl::Time now = TestTime()) {
    const auto item = outbox().Save(submission, now);
    EXPECT_TRUE(item.ok()) << item.status();
    return item.ok() ? *item : v1::OutboxItem();
  }

  // Saves `count` new ones and returns their ids.
  std::vector<std::string> SaveNew(int count) {
    std::vector<std::string> ids;
    for (int i = 0; i < count; ++i) ids.push_back(Save(NewSubmission(absl::StrCat("hold ", i))).submission_id());
    return ids;
  }

  void Take(const std::vector<muster::v1::SubmissionAnswer>& answers, absl::Time now = TestTime(1)) {
    const absl::Status status = outbox().Take(answers, now);
    ASSERT_TRUE(status.ok()) << status;
  }

  v1::OutboxItem Get(uint64_t number) {
    const auto item = outbox().Get(ByNumber(number));
    EXPECT_TRUE(item.ok()) << item.status();
    return item.ok() ? *item : v1::OutboxItem();
  }

  std::vector<muster::v1::Submission> ToSend(uint64_t after_number = 0, size_t count_max = 1000) {
    const auto due = outbox().ToSend(after_number, count_max);
    EXPECT_TRUE(due.ok()) << due.status();
    std::vector<muster::v1::Submission> submissions;
    for (const Outbox::Due& item : due.value_or(std::vector<Outbox::Due>())) submissions.push_back(item.submission);
    return submissions;
  }

  std::vector<uint64_t> NumbersToSend() {
    std::vector<uint64_t> numbers;
    for (const muster::v1::Submission& submission : ToSend()) numbers.push_back(submission.outbox_number().number());
    return numbers;
  }

  void Reopen() {
    store_.reset();
    store_ = folder_.Open();
  }

  StoreFolder folder_;
  std::unique_ptr<Store> store_;
};

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_STORE_TESTING_OUTBOX_FIXTURE_H_
