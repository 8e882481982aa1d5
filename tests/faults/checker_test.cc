// The checker against planted histories: what is wrong in each is what it must say, and nothing else.
#include "tests/faults/checker.h"

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace muster {
namespace {

v1::Outcome Accepted(uint64_t n) {
  v1::Outcome outcome;
  outcome.mutable_accepted();
  outcome.mutable_decided_at()->set_seconds(static_cast<int64_t>(n));
  outcome.set_cursor(absl::StrCat("cursor-", n));
  return outcome;
}

v1::Outcome SavedHere() {
  v1::Outcome outcome;
  outcome.mutable_saved_here();
  return outcome;
}

// Three submissions of one sender, acknowledged, decided and read as they should be.
class CheckerTest : public testing::Test {
 protected:
  CheckerTest() {
    Transcript transcript{"reader", "ky-ago", {}, true};
    for (uint64_t n = 1; n <= 3; ++n) {
      history_.sent.push_back({"sender", "ky-ago", n, absl::StrCat("id-", n), {Accepted(n)}});
      truth_.decisions.push_back({"ky-ago", absl::StrCat("id-", n), Accepted(n)});
      truth_.notices["ky-ago"].push_back(absl::StrCat("notice-", n));
      transcript.deliveries.push_back({absl::StrCat(n), n == 1 ? "" : absl::StrCat(n - 1), absl::StrCat("notice-", n)});
    }
    history_.transcripts.push_back(transcript);
    transcript.reader = "fresh";
    truth_.feeds.push_back(transcript);
  }

  Verdict Run() const { return Check(history_, truth_); }
  std::vector<ReadDelivery>& read() { return history_.transcripts[0].deliveries; }

  History::Data history_;
  Truth truth_;
};

TEST_F(CheckerTest, ASoundHistoryHasNothingWrong) {
  const Verdict verdict = Run();
  EXPECT_EQ(verdict.wrong(), 0u) << verdict.violations[0];
  EXPECT_EQ(verdict.acknowledged, 3u);
}

TEST_F(CheckerTest, AcknowledgedAndNotInTheLogIsLost) {
  truth_.decisions.erase(truth_.decisions.begin() + 1);
  EXPECT_EQ(Run().lost, 1u);
  EXPECT_EQ(Run().wrong(), 1u);
}

TEST_F(CheckerTest, SavedHereAndNeverDecidedIsLost) {
  history_.sent[1].answers = {SavedHere()};
  truth_.decisions.erase(truth_.decisions.begin() + 1);
  EXPECT_EQ(Run().lost, 1u);
}

TEST_F(CheckerTest, SavedHereAndRefusedIsLost) {
  history_.sent[1].answers = {SavedHere()};
  truth_.decisions[1].outcome.mutable_rejected();
  EXPECT_EQ(Run().lost, 1u);
}

TEST_F(CheckerTest, SavedHereAndDecidedIsSound) {
  history_.sent[1].answers = {SavedHere(), Accepted(2)};
  EXPECT_EQ(Run().wrong(), 0u);
}

TEST_F(CheckerTest, NeverAcknowledgedMayBeAbsent) {
  history_.sent[1].answers.clear();
  truth_.decisions.erase(truth_.decisions.begin() + 1);
  EXPECT_EQ(Run().wrong(), 0u);
}

TEST_F(CheckerTest, NeverAcknowledgedMayBeThereOnce) {
  history_.sent[1].answers.clear();
  EXPECT_EQ(Run().wrong(), 0u);
}

TEST_F(CheckerTest, DecidedTwiceIsDuplicated) {
  truth_.decisions.push_back(truth_.decisions[0]);
  EXPECT_EQ(Run().duplicated, 1u);
}

TEST_F(CheckerTest, NeverAcknowledgedAndDecidedTwiceIsDuplicated) {
  history_.sent[1].answers.clear();
  truth_.decisions.push_back(truth_.decisions[1]);
  EXPECT_EQ(Run().duplicated, 1u);
}

TEST_F(CheckerTest, AnotherOrderThanSentIsReordered) {
  std::swap(truth_.decisions[0], truth_.decisions[1]);
  EXPECT_EQ(Run().reordered, 1u);
}

TEST_F(CheckerTest, SendersMayOvertakeEachOther) {
  history_.sent[1].sender = "another";
  std::swap(truth_.decisions[0], truth_.decisions[1]);
  EXPECT_EQ(Run().wrong(), 0u);
}

TEST_F(CheckerTest, DecidedAndNeverSentIsAPhantom) {
  truth_.decisions.push_back({"ky-ago", "id-9", Accepted(9)});
  EXPECT_EQ(Run().phantoms, 1u);
}

TEST_F(CheckerTest, TheSameIdOfAnotherAgencyIsAPhantom) {
  truth_.decisions.push_back({"nd-bci", "id-1", Accepted(9)});
  EXPECT_EQ(Run().phantoms, 1u);
}

TEST_F(CheckerTest, AnsweredInTwoWaysIsChanged) {
  history_.sent[0].answers.push_back(Accepted(7));
  EXPECT_EQ(Run().changed, 1u);
}

TEST_F(CheckerTest, ADeliveryLeftOutIsAGap) {
  read().erase(read().begin() + 1);
  EXPECT_EQ(Run().gaps, 1u);
  EXPECT_EQ(Run().wrong(), 1u);
}

TEST_F(CheckerTest, ADeliveryLeftOutBehindAMendedChainIsAGap) {
  read().erase(read().begin() + 1);
  read()[1].previous_cursor = "1";
  EXPECT_EQ(Run().gaps, 1u);
}

TEST_F(CheckerTest, ABrokenChainIsAGap) {
  read()[1].previous_cursor = "0";
  EXPECT_EQ(Run().gaps, 1u);
}

TEST_F(CheckerTest, ADeliveryReadTwiceIsDuplicated) {
  read().insert(read().begin() + 1, read()[0]);
  EXPECT_EQ(Run().duplicated, 1u);
}

TEST_F(CheckerTest, SwappedDeliveriesAreReordered) {
  std::swap(read()[0].notice, read()[1].notice);
  EXPECT_EQ(Run().reordered, 1u);
}

TEST_F(CheckerTest, ANoticeOfNobodysIsAPhantom) {
  read()[2].notice = "notice-9";
  EXPECT_EQ(Run().phantoms, 1u);
}

TEST_F(CheckerTest, AReaderWithoutTheTimeMayHaveReadLess) {
  history_.transcripts[0].complete = false;
  read().pop_back();
  EXPECT_EQ(Run().wrong(), 0u);
}

TEST_F(CheckerTest, AReaderWithTheTimeMustHaveReadAll) {
  read().pop_back();
  EXPECT_EQ(Run().gaps, 1u);
}

TEST_F(CheckerTest, AFreshFeedMustHoldAll) {
  truth_.feeds[0].deliveries.pop_back();
  EXPECT_EQ(Run().gaps, 1u);
}

}  // namespace
}  // namespace muster
