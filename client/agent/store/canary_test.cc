// Nothing of what the daemon keeps can be read from its disk: what was planted everywhere is searched for in every byte
// of every file of the state directory.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/agent/store/testing/store_folder.h"
#include "common/clock.h"

namespace muster::agent {
namespace {

// Long enough that no random byte sequence holds one.
constexpr char kPlanText[] = "CANARY-raid-at-the-orchard-motel";
constexpr char kContact[] = "CANARY-573-555-0142";
constexpr char kAgencyName[] = "CANARY-state-highway-patrol";
constexpr char kAgencyId[] = "canary-agency-id";
constexpr char kCodeName[] = "CANARY-united-front";
constexpr char kOperationId[] = "canary-operation-id";
// In two parts, so that nobody takes this file for a key.
constexpr char kPrivateKey[] =
    "-----BEGIN "
    "PRIVATE KEY-----CANARY";
constexpr char kDropReason[] = "CANARY-not-needed-any-more";
constexpr char kRefusal[] = "CANARY-the-broker-refuses";
constexpr char kGap[] = "CANARY-something-is-missing";
constexpr char kBroker[] = "canary-broker.example:7443";
constexpr char kPassphrase[] = "CANARY-correct-horse-battery";

const std::vector<std::string>& Canaries() {
  static const auto* const canaries =
      new std::vector<std::string>{kPlanText,   kContact,    kAgencyName, kAgencyId, kCodeName, kOperationId,
                                   kPrivateKey, kDropReason, kRefusal,    kGap,      kBroker,   kPassphrase};
  return *canaries;
}

class CanaryTest : public testing::Test {
 protected:
  CanaryTest() : key_(PassphraseKey()) {
    auto store = folder_.TryOpen(key_);
    EXPECT_TRUE(store.ok()) << store.status();
    if (store.ok()) store_ = *std::move(store);
  }

  static UnlockKey PassphraseKey() {
    UnlockKey key;
    key.secret = kPassphrase;
    key.is_passphrase = true;
    key.source = "the passphrase";
    return key;
  }

  // Which canaries lie open, and where.
  std::string Found() const {
    std::string found;
    for (const auto& [name, bytes] : folder_.Files()) {
      for (const std::string& canary : Canaries()) {
        if (bytes.find(canary) != std::string::npos) absl::StrAppend(&found, name, ": ", canary, "\n");
      }
    }
    return found;
  }

  void PlantEverywhere() {
    v1::EnrollmentBundle bundle;
    bundle.set_key(kPrivateKey);
    bundle.add_brokers(kBroker);
    ASSERT_TRUE(store_->SetIdentity(bundle, kAgencyId).ok());

    muster::v1::Submission registration = NewSubmission();
    registration.mutable_register_agency()->mutable_agency()->set_name(kAgencyName);
    muster::v1::Submission operation = NewSubmission();
    operation.mutable_create_operation()->mutable_operation()->set_code_name(kCodeName);
    operation.mutable_create_operation()->mutable_operation()->set_operation_id(kOperationId);
    const muster::v1::Submission hold = NewSubmission(absl::StrCat(kPlanText, " ", kContact), kOperationId);
    for (const muster::v1::Submission& submission : {registration, operation, hold}) {
      ASSERT_TRUE(store_->outbox().Save(submission, TestTime()).ok());
    }
    muster::v1::SubmissionAnswer refusal =
        Refused(registration.submission_id(), muster::v1::ERROR_REASON_NOT_PERMITTED);
    refusal.mutable_refusal()->mutable_why()->set_message(kRefusal);
    ASSERT_TRUE(store_->outbox().Take({refusal, Accepted(hold.submission_id())}, TestTime()).ok());
    ASSERT_TRUE(store_->outbox().Drop(ByNumber(2), kDropReason, TestTime()).ok());

    const std::vector<MirrorAnswer> answers = {
        {absl::StrCat("GetPlan ", kOperationId), kOperationId, kPlanText, TestTime(), 0}};
    ASSERT_TRUE(store_->inbox().Append({NewDelivery(1, kOperationId, kPlanText)}, answers, TestTime()).ok());
    v1::FeedGap gap;
    gap.set_message(kGap);
    ASSERT_TRUE(store_->inbox().NoteGap(gap).ok());
    ASSERT_TRUE(
        store_->mirror().Put({absl::StrCat("GetTotals ", kOperationId), kOperationId, kContact, TestTime(), 1}).ok());
  }

  StoreFolder folder_;
  const UnlockKey key_;
  std::unique_ptr<Store> store_;
};

TEST_F(CanaryTest, TheSearchWouldFindWhatLiesOpen) {
  std::string text(100000, '\0');
  for (const std::string& canary : Canaries()) absl::StrAppend(&text, canary, std::string(5, '\0'));
  std::ofstream(folder_.state_dir() + "/control") << text;
  const std::string found = Found();
  EXPECT_EQ(static_cast<size_t>(std::count(found.begin(), found.end(), '\n')), Canaries().size()) << found;
}

TEST_F(CanaryTest, NothingLiesOpenInTheWriteAheadLog) {
  PlantEverywhere();
  ASSERT_GE(folder_.Files().size(), 4u);  // agent.db, -wal, -shm, LOCK.
  EXPECT_EQ(Found(), "");
}

TEST_F(CanaryTest, NothingLiesOpenInTheDatabase) {
  PlantEverywhere();
  ASSERT_TRUE(store_->Maintain(TestTime(-1)).ok());
  EXPECT_EQ(Found(), "");
}

TEST_F(CanaryTest, NothingLiesOpenAfterTheDaemonHasEnded) {
  PlantEverywhere();
  store_.reset();
  EXPECT_EQ(Found(), "");
}

TEST_F(CanaryTest, NothingLiesOpenAfterRemovalsAndAChangeOfKey) {
  PlantEverywhere();
  ASSERT_TRUE(store_->inbox().SetHookRow(1).ok());
  ASSERT_TRUE(store_->Maintain(TestTime(1000)).ok());
  ASSERT_TRUE(store_->ChangeUnlockKey(StoreFolder::Key()).ok());
  EXPECT_EQ(Found(), "");
}

}  // namespace
}  // namespace muster::agent
