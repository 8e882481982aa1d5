// The refresher and what it tells of who has seen what.
#include "client/agent/link/refresher.h"

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "client/agent/link/testing/link_world.h"
#include "common/error_reason.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/v1/operation.pb.h"

namespace muster::agent {
namespace {

class RefresherTest : public testing::Test {
 protected:
  // A broker with one operation; `answer` gives the other answers.
  void Connect(std::function<absl::Status(const std::string&)> answer) {
    world_.Connect([&](FakeConnection& c) {
      c.on_call = [this, answer = std::move(answer)](size_t, const std::string& method,
                                                     const google::protobuf::Message& request,
                                                     google::protobuf::Message* response) {
        {
          absl::MutexLock lock(&mu_);
          asked_[method + " " + request.ShortDebugString()]++;
        }
        if (auto* list = dynamic_cast<muster::v1::ListOperationsResponse*>(response)) {
          list->add_operations()->mutable_operation()->set_operation_id("op-1");
        }
        return answer(method);
      };
    });
    world_.link.FeedCaughtUp();
  }
  int Asked(const std::string& what) {
    absl::MutexLock lock(&mu_);
    int count = 0;
    for (const auto& [call, times] : asked_) count += absl::StrContains(call, what) ? times : 0;
    return count;
  }
  bool Kept(const std::string& rpc) {
    for (const KeptRead& read : KeptReads()) {
      if (read.rpc != rpc) continue;
      const auto found = world_.mirror().Get(MirrorKey(read.rpc, *RequestOf(read, "op-1", "ky-ago")));
      return found.ok() && found->has_value();
    }
    return false;
  }

  LinkWorld world_;
  absl::Mutex mu_;
  std::map<std::string, int> asked_ ABSL_GUARDED_BY(mu_);
  Refresher refresher_{&world_.link,     &world_.inbox(), &world_.mirror(),
                       &world_.outbox(), &world_.clock,   [](const absl::Status& status) { ADD_FAILURE() << status; }};
};

TEST_F(RefresherTest, WhenTheLinkComesUpEveryReadIsKept) {
  refresher_.Start();
  Connect([](const std::string&) { return absl::OkStatus(); });
  for (const KeptRead& read : KeptReads()) {
    EXPECT_TRUE(LinkWorld::Eventually([&] { return Kept(std::string(read.rpc)); })) << read.rpc;
  }
}

TEST_F(RefresherTest, WhatWeMayNotSeeIsNotKeptAndKeepsNothingElseFromBeing) {
  refresher_.Start();
  Connect([](const std::string& method) {
    return absl::StrContains(method, "ListReleases") ? Refusal(muster::v1::ERROR_REASON_NOT_PERMITTED, "no")
                                                     : absl::OkStatus();
  });
  ASSERT_TRUE(LinkWorld::Eventually([&] { return Kept("muster.v1.VictimServicesService/GetVictimServices"); }));
  EXPECT_EQ(Asked("ListReleases"), 1);
  EXPECT_FALSE(Kept("muster.v1.ReleaseService/ListReleases"));
}

TEST_F(RefresherTest, ADeliveryRefreshesWhatItMayHaveChangedAndNothingElse) {
  refresher_.Start();
  Connect([](const std::string&) { return absl::OkStatus(); });
  ASSERT_TRUE(LinkWorld::Eventually([&] { return Asked("ListDisclosures operation_id") == 1; }));
  muster::v1::Delivery delivery = NewDelivery(1);
  delivery.mutable_notice()->mutable_tally_entry();
  refresher_.Arrived({delivery});
  ASSERT_TRUE(LinkWorld::Eventually([&] { return Asked("ListDisclosures operation_id") == 2; }));
  EXPECT_EQ(Asked("ListTallyEntries"), 2);
  EXPECT_EQ(Asked("GetPlan"), 1);
}

TEST_F(RefresherTest, ARoundThatNoBrokerAnswersIsDueAgain) {
  std::atomic<bool> down = true;
  refresher_.Start();
  Connect([&](const std::string&) {
    // Of a kind that the call does not wait out.
    return down ? Refusal(muster::v1::ERROR_REASON_OFF_LINE, "gone") : absl::OkStatus();
  });
  ASSERT_TRUE(LinkWorld::Eventually([&] { return !world_.link.responsive(); }));
  down = false;
  EXPECT_TRUE(LinkWorld::Eventually([&] { return Kept("muster.v1.PlanService/GetPlan"); }));
  EXPECT_TRUE(world_.link.responsive());
}

// ---- Who has seen what -----------------------------------------------------------------------------------------

class SeenTrackerTest : public testing::Test {
 protected:
  // An accepted item of this kind; its number.
  uint64_t Accept(muster::v1::Submission submission, bool go_given = false) {
    submission.set_submission_id(NewSubmission().submission_id());
    const v1::OutboxItem item = world_.outbox().Save(submission, world_.clock.Now()).value();
    muster::v1::SubmissionAnswer answer = Accepted(item.submission_id());
    answer.mutable_outcome()->mutable_accepted()->set_go_given(go_given);
    EXPECT_TRUE(world_.outbox().Take({answer}, world_.clock.Now()).ok());
    return item.number();
  }
  static muster::v1::Submission Plan() {
    muster::v1::Submission submission;
    submission.mutable_publish_plan()->set_operation_id("op-1");
    return submission;
  }
  static muster::v1::ListAcknowledgementsResponse Acknowledgements(int acknowledged, int of) {
    muster::v1::ListAcknowledgementsResponse answer;
    for (int i = 0; i < of; ++i) {
      answer.add_acknowledgements()->set_status(i < acknowledged ? muster::v1::ACKNOWLEDGEMENT_STATUS_ACKNOWLEDGED
                                                                 : muster::v1::ACKNOWLEDGEMENT_STATUS_DELIVERED);
    }
    return answer;
  }
  v1::SeenBy Seen(uint64_t number) { return world_.outbox().Get(ByNumber(number))->seen(); }

  LinkWorld world_;
  SeenTracker tracker_{&world_.outbox(), &world_.clock};
};

TEST_F(SeenTrackerTest, APlanIsSeenByThoseWhoHaveAcknowledgedIt) {
  const uint64_t number = Accept(Plan());
  ASSERT_TRUE(tracker_.Take("op-1", Acknowledgements(2, 5)).ok());
  EXPECT_EQ(Seen(number).seen(), 2u);
  EXPECT_EQ(Seen(number).of(), 5u);
}

TEST_F(SeenTrackerTest, OnlyTheLatestPlanIsWhatAcknowledgementsAreAbout) {
  const uint64_t first = Accept(Plan());
  ASSERT_TRUE(tracker_.Take("op-1", Acknowledgements(5, 5)).ok());
  const uint64_t second = Accept(Plan());
  ASSERT_TRUE(tracker_.Take("op-1", Acknowledgements(0, 5)).ok());
  EXPECT_EQ(Seen(first).seen(), 5u);
  EXPECT_EQ(Seen(second).seen(), 0u);
  EXPECT_EQ(Seen(second).of(), 5u);
}

TEST_F(SeenTrackerTest, AnotherOperationsAcknowledgementsAreNotCounted) {
  const uint64_t number = Accept(Plan());
  ASSERT_TRUE(tracker_.Take("op-2", Acknowledgements(2, 5)).ok());
  EXPECT_FALSE(Seen(number).has_as_of());
}

TEST_F(SeenTrackerTest, GoIsSeenByTheAgenciesThatSaidThatTheyHaveItInItsEpoch) {
  muster::v1::Submission go;
  go.mutable_approve_go()->set_operation_id("op-1");
  go.mutable_approve_go()->set_epoch(2);
  const uint64_t number = Accept(go, /*go_given=*/true);
  muster::v1::GetReadinessBoardResponse answer;
  muster::v1::SiteReadiness& site = *answer.mutable_board()->add_sites();
  *site.add_agencies()->mutable_go_acknowledged_at() = ToProto(world_.clock.Now());
  site.add_agencies();
  answer.mutable_board()->mutable_go()->set_state(muster::v1::GO_STATE_GIVEN);
  answer.mutable_board()->mutable_go()->set_epoch(1);
  ASSERT_TRUE(tracker_.Take("op-1", answer).ok());
  EXPECT_FALSE(Seen(number).has_as_of()) << "of an earlier epoch";
  answer.mutable_board()->mutable_go()->set_epoch(2);
  ASSERT_TRUE(tracker_.Take("op-1", answer).ok());
  EXPECT_EQ(Seen(number).seen(), 1u);
  EXPECT_EQ(Seen(number).of(), 2u);
}

TEST_F(SeenTrackerTest, AnItemThatIsAcceptedAfterALaterOneIsFound) {
  const v1::OutboxItem waiting = world_.outbox().Save(NewSubmission(), world_.clock.Now()).value();
  muster::v1::Submission plan = Plan();
  plan.set_submission_id(NewSubmission().submission_id());
  const v1::OutboxItem item = world_.outbox().Save(plan, world_.clock.Now()).value();
  ASSERT_TRUE(tracker_.Take("op-1", Acknowledgements(1, 2)).ok());
  ASSERT_TRUE(world_.outbox().Take({Accepted(item.submission_id())}, world_.clock.Now()).ok());
  ASSERT_TRUE(tracker_.Take("op-1", Acknowledgements(1, 2)).ok());
  EXPECT_EQ(Seen(item.number()).seen(), 1u);
}

}  // namespace
}  // namespace muster::agent
