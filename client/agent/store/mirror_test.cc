#include "client/agent/store/mirror.h"

#include <gtest/gtest.h>

#include <memory>

#include "absl/strings/str_cat.h"
#include "client/agent/store/testing/store_folder.h"
#include "muster/v1/agency.pb.h"
#include "muster/v1/plan.pb.h"

namespace muster::agent {
namespace {

constexpr char kGetPlan[] = "muster.v1.PlanService/GetPlan";

muster::v1::GetPlanRequest PlanRequest(const std::string& operation_id) {
  muster::v1::GetPlanRequest request;
  request.set_operation_id(operation_id);
  return request;
}

TEST(MirrorKeyTest, TellsRequestsApart) {
  EXPECT_EQ(MirrorKey(kGetPlan, PlanRequest("op-1")), MirrorKey(kGetPlan, PlanRequest("op-1")));
  EXPECT_NE(MirrorKey(kGetPlan, PlanRequest("op-1")), MirrorKey(kGetPlan, PlanRequest("op-2")));
  EXPECT_NE(MirrorKey(kGetPlan, PlanRequest("op-1")),
            MirrorKey("muster.v1.PlanService/ListAcknowledgements", PlanRequest("op-1")));
}

TEST(MirrorKeyTest, LeavesOutPagingAndReadOptions) {
  muster::v1::ListAcknowledgementsRequest plain;
  plain.set_operation_id("op-1");
  muster::v1::ListAcknowledgementsRequest paged = plain;
  paged.mutable_page()->set_page_size(10);
  paged.mutable_read()->set_at_least_cursor("c");
  EXPECT_EQ(MirrorKey(kGetPlan, plain), MirrorKey(kGetPlan, paged));
  EXPECT_TRUE(paged.has_page());  // The request itself is left alone.
}

TEST(OperationIdOfTest, IsTheFieldsOrEmpty) {
  EXPECT_EQ(OperationIdOf(PlanRequest("op-1")), "op-1");
  EXPECT_EQ(OperationIdOf(muster::v1::ListAgenciesRequest()), "");
}

class MirrorTest : public testing::Test {
 protected:
  MirrorTest() : store_(folder_.Open()) {}

  Mirror& mirror() { return store_->mirror(); }

  static MirrorAnswer Answer(const std::string& response, const std::string& operation_id = "op-1",
                             uint64_t inbox_row = 0, absl::Time as_of = TestTime()) {
    return {MirrorKey(kGetPlan, PlanRequest(operation_id)), operation_id, response, as_of, inbox_row};
  }

  Mirror::Found Get(const std::string& operation_id = "op-1") {
    const auto found = mirror().Get(MirrorKey(kGetPlan, PlanRequest(operation_id)));
    EXPECT_TRUE(found.ok()) << found.status();
    EXPECT_TRUE(found.ok() && found->has_value());
    return found.ok() && found->has_value() ? **found : Mirror::Found();
  }

  void Deliver(int first, int last, const std::string& operation_id = "op-1") {
    ASSERT_TRUE(store_->inbox().Append(NewDeliveries(first, last, operation_id), {}, TestTime()).ok());
  }

  StoreFolder folder_;
  std::unique_ptr<Store> store_;
};

TEST_F(MirrorTest, WhatWasNeverStoredIsNotThere) {
  const auto found = mirror().Get("nothing");
  ASSERT_TRUE(found.ok());
  EXPECT_FALSE(found->has_value());
}

TEST_F(MirrorTest, AnAnswerIsKeptWithItsTime) {
  ASSERT_TRUE(mirror().Put(Answer("plan 1")).ok());
  EXPECT_EQ(Get().response, "plan 1");
  EXPECT_EQ(Get().as_of, TestTime());
  EXPECT_FALSE(Get().superseded);
}

TEST_F(MirrorTest, AnAnswerOutlivesTheProcess) {
  ASSERT_TRUE(mirror().Put(Answer("plan 1")).ok());
  store_.reset();
  store_ = folder_.Open();
  EXPECT_EQ(Get().response, "plan 1");
}

TEST_F(MirrorTest, ALaterAnswerReplacesAnEarlierOne) {
  ASSERT_TRUE(mirror().Put(Answer("plan 1")).ok());
  ASSERT_TRUE(mirror().Put(Answer("plan 2", "op-1", 0, TestTime(1))).ok());
  EXPECT_EQ(Get().response, "plan 2");
}

TEST_F(MirrorTest, TheLastAnswerStaysThoughTheClockWasSetBackSince) {
  ASSERT_TRUE(mirror().Put(Answer("plan 1", "op-1", 0, TestTime(100))).ok());
  ASSERT_TRUE(mirror().Put(Answer("plan 2")).ok());
  EXPECT_EQ(Get().response, "plan 2");
  EXPECT_EQ(Get().as_of, TestTime());
}

TEST_F(MirrorTest, WhatIsRemovedIsGoneAndTheRestStays) {
  ASSERT_TRUE(mirror().Put(Answer("plan 1")).ok());
  ASSERT_TRUE(mirror().Put({"other key", "op-1", "totals", TestTime(), 0}).ok());
  ASSERT_TRUE(mirror().Put({"third key", "op-2", "totals of another", TestTime(), 0}).ok());
  ASSERT_TRUE(mirror().Remove("other key").ok());
  EXPECT_FALSE(mirror().Get("other key")->has_value());
  EXPECT_EQ(Get().response, "plan 1");
  ASSERT_TRUE(mirror().RemoveOperation("op-1").ok());
  EXPECT_FALSE(mirror().Get(MirrorKey(kGetPlan, PlanRequest("op-1")))->has_value());
  EXPECT_TRUE(mirror().Get("third key")->has_value());
}

TEST_F(MirrorTest, AnAnswerThatHasSeenMoreOfTheFeedIsNewerWhateverTheClocksSay) {
  Deliver(1, 3);
  ASSERT_TRUE(mirror().Put(Answer("plan of delivery 3", "op-1", 3, TestTime(-100))).ok());
  ASSERT_TRUE(mirror().Put(Answer("plan read before", "op-1", 2, TestTime(100))).ok());
  EXPECT_EQ(Get().response, "plan of delivery 3");
}

TEST_F(MirrorTest, ALaterDeliveryAboutTheOperationSupersedes) {
  Deliver(1, 1);
  ASSERT_TRUE(mirror().Put(Answer("plan 1", "op-1", 1)).ok());
  EXPECT_FALSE(Get().superseded);
  Deliver(2, 2);
  EXPECT_TRUE(Get().superseded);
}

TEST_F(MirrorTest, ADeliveryAboutAnotherOperationDoesNotSupersede) {
  ASSERT_TRUE(mirror().Put(Answer("plan 1")).ok());
  Deliver(1, 1, "op-2");
  Deliver(2, 2, "");
  EXPECT_FALSE(Get().superseded);
}

TEST_F(MirrorTest, AnyDeliverySupersedesAReadOfNoSingleOperation) {
  MirrorAnswer agencies = {MirrorKey("agencies", muster::v1::ListAgenciesRequest()), "", "all", TestTime(), 0};
  ASSERT_TRUE(mirror().Put(agencies).ok());
  EXPECT_FALSE((*mirror().Get(agencies.key))->superseded);
  Deliver(1, 1, "op-2");
  EXPECT_TRUE((*mirror().Get(agencies.key))->superseded);
}

TEST_F(MirrorTest, StaysSupersededWhenTheDeliveryHasBeenRemoved) {
  ASSERT_TRUE(mirror().Put(Answer("plan 1")).ok());
  Deliver(1, 1);
  Deliver(2, 2, "op-2");
  ASSERT_TRUE(store_->inbox().SetHookRow(2).ok());
  ASSERT_TRUE(store_->Maintain(TestTime(10)).ok());
  ASSERT_EQ(store_->inbox().After(0, 10)->size(), 1u);
  EXPECT_TRUE(Get().superseded);
}

TEST_F(MirrorTest, AnswersThatComeWithDeliveriesAreStoredWithThem) {
  ASSERT_TRUE(store_->inbox().Append(NewDeliveries(1, 2), {Answer("plan of delivery 2", "op-1", 2)}, TestTime()).ok());
  EXPECT_EQ(Get().response, "plan of delivery 2");
  EXPECT_FALSE(Get().superseded);
}

TEST_F(MirrorTest, AnswersThatComeWithDeliveriesThatAreRefusedAreNotStored) {
  Deliver(1, 1);
  ASSERT_FALSE(store_->inbox().Append(NewDeliveries(3, 3), {Answer("plan of delivery 3", "op-1", 3)}, TestTime()).ok());
  EXPECT_FALSE(mirror().Get(Answer("").key)->has_value());
}

TEST_F(MirrorTest, KeepsTenThousandAnswersAndTheLeastRecentlyStoredGo) {
  std::vector<MirrorAnswer> answers;
  answers.reserve(10000);
  for (int i = 0; i < 10000; ++i) answers.push_back(Answer(absl::StrCat("plan ", i), absl::StrCat("op-", i)));
  ASSERT_TRUE(store_->inbox().Append({}, answers, TestTime()).ok());
  ASSERT_TRUE(mirror().Put(Answer("again", "op-0", 0, TestTime(1))).ok());
  ASSERT_TRUE(mirror().Put(Answer("new", "op-new")).ok());
  EXPECT_EQ(Get("op-new").response, "new");
  EXPECT_EQ(Get("op-0").response, "again");
  EXPECT_EQ(Get("op-2").response, "plan 2");
  EXPECT_FALSE(mirror().Get(answers[1].key)->has_value());
}

}  // namespace
}  // namespace muster::agent
