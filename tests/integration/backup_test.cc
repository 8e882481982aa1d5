// The rehearsal: a copy under traffic, the disk lost, the copy restored; and what the copy holds is what was
// acknowledged.
#include <atomic>
#include <filesystem>
#include <set>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/exercise.h"

namespace muster {
namespace {

using testing::HasSubstr;
using testing::IsSupersetOf;

constexpr int kNotFound = 3;
constexpr int kDamaged = 9;

class Backup : public IntegrationTest {
 protected:
  // Submits tallies, one after another, until `stop`.
  void Traffic() {
    while (!stop_) {
      const v1::Submission tally = KentuckyTally(++count_);
      const absl::StatusOr<v1::Outcome> outcome = broker_.ClientOf(kKentucky).Submit(tally);
      if (!outcome.ok() || !outcome->has_accepted()) continue;
      absl::MutexLock lock(&mu_);
      acknowledged_.push_back(tally);
    }
  }
  std::vector<v1::Submission> Acknowledged() {
    absl::MutexLock lock(&mu_);
    return acknowledged_;
  }
  void WaitForTraffic(size_t more) {
    const size_t before = Acknowledged().size();
    ASSERT_TRUE(Eventually([&] { return Acknowledged().size() >= before + more; }));
  }
  static std::vector<std::string> EntriesOf(const std::vector<v1::Submission>& submissions) {
    std::vector<std::string> ids;
    for (const v1::Submission& each : submissions) ids.push_back(each.record_tally().entry().entry_id());
    return ids;
  }

  const std::string copy_ = broker_.folder() + "/copy";
  std::atomic<bool> stop_ = false;
  std::atomic<uint64_t> count_ = 0;
  absl::Mutex mu_;
  std::vector<v1::Submission> acknowledged_;
};

// The line of the output that begins with `word`.
std::string LineOf(const std::string& output, absl::string_view word) {
  for (const absl::string_view line : absl::StrSplit(output, '\n')) {
    if (absl::StrContains(line, word)) return std::string(line);
  }
  return "";
}

TEST_F(Backup, WhatWasAcknowledgedBeforeTheCopyIsThereOnceAfterTheDiskIsLost) {
  SetUpExercise();
  std::thread traffic([this] { Traffic(); });
  WaitForTraffic(50);
  const std::vector<v1::Submission> before = Acknowledged();
  const Finished backup = RunMusterd({"backup", broker_.data_dir(), copy_});
  EXPECT_EQ(backup.exit_code, 0) << backup.output;
  EXPECT_THAT(backup.output, HasSubstr("all is sound"));
  WaitForTraffic(20);
  stop_ = true;
  traffic.join();
  broker_.Kill();
  Disconnect();
  std::filesystem::remove_all(broker_.data_dir());

  const Finished restore = RunMusterd({"restore", copy_, broker_.data_dir()});
  ASSERT_EQ(restore.exit_code, 0) << restore.output;
  for (const char* word : {"events", "digest"}) EXPECT_EQ(LineOf(restore.output, word), LineOf(backup.output, word));
  ASSERT_TRUE(Start());
  const auto feed = FeedOf(As(kLead).connection());
  ASSERT_TRUE(feed.ok()) << feed.status();
  const std::vector<std::string> restored = EntriesIn(*feed);
  EXPECT_THAT(restored, IsSupersetOf(EntriesOf(before)));
  EXPECT_EQ(std::set<std::string>(restored.begin(), restored.end()).size(), restored.size()) << "twice";

  // What was acknowledged after the copy is lost; whoever sends everything again counts nothing twice.
  for (const v1::Submission& tally : Acknowledged()) Accept(As(kKentucky), tally);
  v1::GetTotalsRequest request;
  request.set_operation_id(kTestOperation);
  request.set_definition(v1::COUNTING_DEFINITION_LEAD);
  const auto totals = As(kLead).GetTotals(request);
  ASSERT_TRUE(totals.ok()) << totals.status();
  EXPECT_EQ(totals->totals().arrests().confirmed(), Acknowledged().size());
  ASSERT_EQ(broker_.Stop().value_or(-1), 0);
  EXPECT_TRUE(broker_.VerifiedEvents().ok()) << broker_.VerifiedEvents().status();
}

TEST_F(Backup, TheCommandsSayWhatIsWrongAndChangeNothing) {
  SetUpExercise();
  ASSERT_EQ(RunMusterd({"backup", broker_.data_dir(), copy_}).exit_code, 0);
  const Finished again = RunMusterd({"backup", broker_.data_dir(), copy_});
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_THAT(again.output, HasSubstr("is not empty"));
  EXPECT_EQ(RunMusterd({"backup", broker_.folder() + "/nowhere", copy_ + "2"}).exit_code, kNotFound);

  const Finished over = RunMusterd({"restore", copy_, broker_.data_dir()});
  EXPECT_EQ(over.exit_code, 1) << "a broker's folder was overwritten: " << over.output;
  std::filesystem::resize_file(copy_ + "/events.db", std::filesystem::file_size(copy_ + "/events.db") / 2);
  const Finished torn = RunMusterd({"restore", copy_, broker_.folder() + "/new"});
  EXPECT_EQ(torn.exit_code, kDamaged) << torn.output;
  EXPECT_FALSE(std::filesystem::exists(broker_.folder() + "/new"));
  EXPECT_TRUE(As(kLead).WhoAmI().ok()) << "the broker served all the while";
}

}  // namespace
}  // namespace muster
