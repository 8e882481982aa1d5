#include "server/cluster/forwarder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "common/error_reason.h"

namespace muster {
namespace {

using testing::ElementsAre;

// A leader that answers as it is told, and whoever waits for an answer.
class ForwarderTest : public testing::Test {
 protected:
  void TearDown() override { forwarder_.Stop(); }

  void Submit(const std::vector<std::string>& ids, const std::string& certificate = "certificate") {
    std::vector<PendingSubmission> pending;
    for (const std::string& id : ids) {
      v1::Submission submission;
      submission.set_submission_id(id);
      pending.push_back(PendingSubmission::Of(
          std::make_shared<const Sender>(v1::Principal(), certificate), submission,
          [this](const v1::Submission& decided, const absl::StatusOr<v1::Outcome>& outcome, Beside) {
            absl::MutexLock lock(&mu_);
            answers_.push_back(absl::StrCat(
                decided.submission_id(), " ",
                outcome.ok() ? "decided" : std::string(ReasonName(RejectedOf(outcome.status()).reason()))));
            news_.Bump();
          }));
      pending.back().forwarded = forwarded_;
    }
    forwarder_.Forward(std::move(pending));
  }

  std::vector<std::string> WaitForAnswers(size_t count) {
    news_.Await(absl::Seconds(60), [this, count] {
      absl::MutexLock lock(&mu_);
      return answers_.size() >= count;
    });
    absl::MutexLock lock(&mu_);
    return answers_;
  }

  void SetWay(Forwarder::Way way) {
    {
      absl::MutexLock lock(&mu_);
      way_ = std::move(way);
    }
    forwarder_.LookAgain();
  }

  absl::StatusOr<cluster::v1::ForwardResponse> Answer(const cluster::v1::ForwardRequest& request) {
    absl::MutexLock lock(&mu_);
    ++calls_;
    for (const auto& one : request.submissions()) {
      sent_.push_back(absl::StrCat(one.submission().submission_id(), " of ",
                                   request.certificates(static_cast<int>(one.certificate()))));
    }
    if (failures_ > 0) {
      --failures_;
      return absl::UnavailableError("cut");
    }
    cluster::v1::ForwardResponse response;
    response.set_applied_sequence(42);
    for (const auto& one : request.submissions()) {
      v1::SubmissionAnswer* const answer = response.add_answers();
      if (undecided_.erase(one.submission().submission_id()) > 0) {
        *answer->mutable_refusal()->mutable_why() = RejectedOf(Refusal(v1::ERROR_REASON_FATE_UNKNOWN, "deposed"));
      } else if (one.submission().submission_id() == "revoked") {
        *answer->mutable_refusal()->mutable_why() =
            RejectedOf(Refusal(v1::ERROR_REASON_CERTIFICATE_REVOKED, "it is revoked"));
      } else {
        answer->mutable_outcome()->mutable_accepted();
      }
    }
    return response;
  }

  absl::Mutex mu_;
  Revision news_;
  FakeClock clock_{absl::FromUnixSeconds(1'700'000'000)};
  bool forwarded_ = false;
  Forwarder::Way way_ = {false, "leader"};
  int failures_ = 0;
  int calls_ = 0;
  std::set<std::string> undecided_;
  std::vector<std::string> sent_;
  std::vector<std::string> answers_;
  std::vector<std::string> here_;
  uint64_t awaited_ = 0;
  size_t answered_before_awaited_ = 0;
  Forwarder forwarder_{
      {},
      {[this] {
         absl::MutexLock lock(&mu_);
         return way_;
       },
       [this](const std::string&, const cluster::v1::ForwardRequest& request) { return Answer(request); },
       [this](uint64_t sequence) {
         absl::MutexLock lock(&mu_);
         awaited_ = std::max(awaited_, sequence);
         answered_before_awaited_ = answers_.size();
       },
       [this](std::vector<PendingSubmission> pending) {
         for (const PendingSubmission& one : pending) {
           here_.push_back(one.submission->submission_id());
           one.Answer(v1::Outcome());
         }
       }},
      &clock_};
};

TEST_F(ForwarderTest, SendsInOrderWithEachSendersCertificate) {
  SetWay({});
  forwarder_.Start();
  Submit({"a"}, "of ky-ago");
  Submit({"b", "c"}, "of mo-ago");
  SetWay({false, "leader"});
  EXPECT_THAT(WaitForAnswers(3), ElementsAre("a decided", "b decided", "c decided"));
  EXPECT_THAT(sent_, ElementsAre("a of of ky-ago", "b of of mo-ago", "c of of mo-ago"));
  EXPECT_EQ(calls_, 1);
  EXPECT_EQ(forwarder_.forwarded(), 3u);
}

TEST_F(ForwarderTest, TellsNobodyBeforeThisBrokerHasComeAsFarAsTheLeader) {
  forwarder_.Start();
  Submit({"a"});
  WaitForAnswers(1);
  absl::MutexLock lock(&mu_);
  EXPECT_EQ(awaited_, 42u);
  EXPECT_EQ(answered_before_awaited_, 0u);
}

TEST_F(ForwarderTest, ACallThatFailedIsMadeAgainWithTheSameSubmissions) {
  failures_ = 2;
  forwarder_.Start();
  Submit({"a", "b"});
  EXPECT_THAT(WaitForAnswers(2), ElementsAre("a decided", "b decided"));
  EXPECT_EQ(sent_.size(), 6u);
}

TEST_F(ForwarderTest, WhatTheLeaderDidNotDecideIsSentAgainAndTheRestIsAnswered) {
  undecided_ = {"b"};
  forwarder_.Start();
  Submit({"a", "b", "revoked"});
  EXPECT_THAT(WaitForAnswers(3), ElementsAre("a decided", "revoked CERTIFICATE_REVOKED", "b decided"));
}

TEST_F(ForwarderTest, WaitsWhileNobodyLeadsAndNoLongerThanItsPatience) {
  SetWay({});
  forwarder_.Start();
  Submit({"a"});
  EXPECT_EQ(forwarder_.waiting(), 1u);
  clock_.Advance(absl::Seconds(9));
  forwarder_.LookAgain();
  EXPECT_THAT(WaitForAnswers(1), ElementsAre("a NO_LEADER"));
  EXPECT_TRUE(sent_.empty());
}

TEST_F(ForwarderTest, GivesBackWhatWaitsWhenThisBrokerLeads) {
  SetWay({});
  forwarder_.Start();
  Submit({"a", "b"});
  SetWay({true, ""});
  EXPECT_THAT(WaitForAnswers(2), ElementsAre("a decided", "b decided"));
  EXPECT_THAT(here_, ElementsAre("a", "b"));
}

TEST_F(ForwarderTest, NeverSendsOnWhatAnotherBrokerSent) {
  forwarder_.Start();
  forwarded_ = true;
  Submit({"a"});
  EXPECT_THAT(WaitForAnswers(1), ElementsAre("a NO_LEADER"));
  EXPECT_EQ(calls_, 0);
}

TEST_F(ForwarderTest, RefusesWhatWaitsWhenItStops) {
  SetWay({});
  forwarder_.Start();
  Submit({"a"});
  forwarder_.Stop();
  Submit({"b"});
  EXPECT_THAT(WaitForAnswers(2), ElementsAre("a NO_LEADER", "b NO_LEADER"));
}

}  // namespace
}  // namespace muster
