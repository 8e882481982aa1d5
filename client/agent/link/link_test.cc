// Link, projections and kept reads: what needs no thread.
#include "client/agent/link/link.h"

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "client/agent/link/kept_reads.h"
#include "client/agent/link/projections.h"
#include "client/agent/link/testing/link_world.h"
#include "common/error_reason.h"
#include "common/validation.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/v1/operation.pb.h"
#include "muster/v1/plan.pb.h"

namespace muster::agent {
namespace {

using testing::ElementsAre;

// ---- Link ------------------------------------------------------------------------------------------------------

TEST(LinkTest, BeforeEnrolmentItSaysSo) {
  LinkWorld world;
  EXPECT_EQ(world.link.status().state(), v1::LINK_STATE_NOT_ENROLLED);
  EXPECT_EQ(world.link.current().connection, nullptr);
}

TEST(LinkTest, EveryChangeOfStateIsToldOnce) {
  LinkWorld world;
  std::vector<v1::LinkState> told;
  world.link.OnChange([&] { told.push_back(world.link.status().state()); });
  world.Connect();
  world.link.FeedCaughtUp();
  world.link.FeedCaughtUp();
  world.link.FeedBroke(absl::UnavailableError("gone"));
  world.link.FeedBroke(absl::UnavailableError("still gone"));
  EXPECT_THAT(told, ElementsAre(v1::LINK_STATE_CONNECTING, v1::LINK_STATE_CONNECTED, v1::LINK_STATE_OFF_LINE));
  EXPECT_EQ(world.link.status().trouble(), "still gone");
}

TEST(LinkTest, RefusedIsWhatBrokersRefuseUsForAndNotWhatTheyRefuseACallFor) {
  const auto state_after = [](const absl::Status& why) {
    LinkWorld world;
    world.Connect();
    world.link.FeedBroke(why);
    return world.link.status().state();
  };
  EXPECT_EQ(state_after(Refusal(muster::v1::ERROR_REASON_CERTIFICATE_REVOKED, "")), v1::LINK_STATE_REFUSED);
  EXPECT_EQ(state_after(Refusal(muster::v1::ERROR_REASON_AGENCY_SUSPENDED, "")), v1::LINK_STATE_REFUSED);
  EXPECT_EQ(state_after(Refusal(muster::v1::ERROR_REASON_AGENCY_UNKNOWN, "")), v1::LINK_STATE_REFUSED);
  EXPECT_EQ(state_after(Refusal(muster::v1::ERROR_REASON_NOT_PERMITTED, "")), v1::LINK_STATE_OFF_LINE);
  EXPECT_EQ(state_after(Refusal(muster::v1::ERROR_REASON_DRAINING, "")), v1::LINK_STATE_OFF_LINE);
}

TEST(LinkTest, AProbeChangesNothingWhileConnected) {
  LinkWorld world;
  world.Connect();
  world.link.FeedCaughtUp();
  world.link.Probed(Refusal(muster::v1::ERROR_REASON_CERTIFICATE_REVOKED, ""));
  EXPECT_EQ(world.link.status().state(), v1::LINK_STATE_CONNECTED);
}

TEST(LinkTest, ANewConnectionIsANewGenerationWithoutTheOldMeasurement) {
  LinkWorld world;
  world.Connect();
  const uint64_t first = world.link.current().generation;
  world.link.Measured({.offset = absl::Seconds(40), .uncertainty = {}, .measured_at = world.clock.Now()});
  world.Connect();
  EXPECT_GT(world.link.current().generation, first);
  EXPECT_TRUE(world.link.CheckClockForReady().ok());
}

// ---- Projections -----------------------------------------------------------------------------------------------

muster::v1::Delivery PlanDelivery(int position, uint32_t version) {
  muster::v1::Delivery delivery = NewDelivery(position);
  delivery.mutable_notice()->mutable_plan()->set_version(version);
  return delivery;
}

TEST(ProjectionsTest, TheLastPlanOfABatchCountsWithItsRowInTheInbox) {
  LinkWorld world;
  const std::vector<MirrorAnswer> answers =
      ProjectionsOf({PlanDelivery(1, 1), NewDelivery(2), PlanDelivery(3, 2)}, 11, world.mirror(), world.clock.Now());
  ASSERT_EQ(answers.size(), 1u);
  muster::v1::GetPlanResponse plan;
  ASSERT_TRUE(plan.ParseFromString(answers[0].response));
  EXPECT_EQ(plan.plan().version(), 2u);
  EXPECT_EQ(plan.cursor(), CursorAt(3));
  EXPECT_EQ(answers[0].inbox_row, 13u);
}

TEST(ProjectionsTest, AnAnswerIsAsOldAsTheBrokersNotice) {
  LinkWorld world;
  muster::v1::Delivery old = PlanDelivery(1, 1);
  *old.mutable_notice()->mutable_at() = ToProto(world.clock.Now() - absl::Hours(3));
  muster::v1::Delivery from_the_future = PlanDelivery(1, 1);
  *from_the_future.mutable_notice()->mutable_at() = ToProto(world.clock.Now() + absl::Hours(3));
  EXPECT_EQ(ProjectionsOf({old}, 1, world.mirror(), world.clock.Now())[0].as_of, world.clock.Now() - absl::Hours(3));
  EXPECT_EQ(ProjectionsOf({from_the_future}, 1, world.mirror(), world.clock.Now())[0].as_of, world.clock.Now());
}

muster::v1::ReadinessBoard Board(const std::vector<std::pair<std::string, muster::v1::ReadinessStatus>>& sites) {
  muster::v1::ReadinessBoard board;
  board.set_operation_id("op-1");
  for (const auto& [site_id, status] : sites) {
    muster::v1::SiteReadiness* site = board.add_sites();
    site->set_site_id(site_id);
    site->set_status(status);
  }
  return board;
}

TEST(ProjectionsTest, ChangesOfABoardReplaceTheirSitesAndLeaveTheOthers) {
  muster::v1::ReadinessBoard board =
      Board({{"ky-1", muster::v1::READINESS_STATUS_NOT_READY}, {"nd-1", muster::v1::READINESS_STATUS_READY}});
  board.mutable_go()->set_state(muster::v1::GO_STATE_NOT_GIVEN);
  board.mutable_h_hour()->set_epoch(3);
  muster::v1::ReadinessBoard changes =
      Board({{"ky-1", muster::v1::READINESS_STATUS_READY}, {"aa-1", muster::v1::READINESS_STATUS_UNKNOWN}});
  changes.mutable_go()->set_state(muster::v1::GO_STATE_GIVEN);
  MergeBoard(changes, &board);
  muster::v1::ReadinessBoard wanted = Board({{"aa-1", muster::v1::READINESS_STATUS_UNKNOWN},
                                             {"ky-1", muster::v1::READINESS_STATUS_READY},
                                             {"nd-1", muster::v1::READINESS_STATUS_READY}});
  wanted.mutable_go()->set_state(muster::v1::GO_STATE_GIVEN);
  wanted.mutable_h_hour()->set_epoch(3);
  EXPECT_EQ(board.SerializeAsString(), wanted.SerializeAsString());
}

TEST(ProjectionsTest, ChangesOfABoardThatIsNotKeptMakeNone) {
  LinkWorld world;
  muster::v1::Delivery delivery = NewDelivery(1);
  *delivery.mutable_notice()->mutable_readiness() = Board({{"ky-1", muster::v1::READINESS_STATUS_READY}});
  EXPECT_TRUE(ProjectionsOf({delivery}, 1, world.mirror(), world.clock.Now()).empty());
}

// ---- Kept reads ------------------------------------------------------------------------------------------------

TEST(KeptReadsTest, EveryRowIsAReadWithAValidRequestOfItsOwn) {
  std::set<std::string> keys;
  for (const KeptRead& read : KeptReads()) {
    const auto request = RequestOf(read, "op-1", "ky-ago");
    ASSERT_NE(request, nullptr) << read.rpc;
    ASSERT_NE(ResponseOf(read.rpc), nullptr) << read.rpc;
    EXPECT_TRUE(Validate(*request).ok()) << read.rpc << ": " << Validate(*request);
    EXPECT_TRUE(keys.insert(MirrorKey(read.rpc, *request)).second) << read.rpc << " is there twice";
    EXPECT_EQ(OperationIdOf(*request), read.scope == KeptRead::Scope::kEachOperation ? "op-1" : "") << read.rpc;
  }
}

TEST(KeptReadsTest, AListIsReadWholeAndItsCursorIsThatOfTheFirstPage) {
  FakeConnection connection;
  connection.on_call = [](size_t, const std::string&, const google::protobuf::Message& request,
                          google::protobuf::Message* response) {
    const auto& asked = dynamic_cast<const muster::v1::ListOperationsRequest&>(request);
    auto* page = dynamic_cast<muster::v1::ListOperationsResponse*>(response);
    const std::string& token = asked.page().page_token();
    page->add_operations()->set_lead_agency_id(token.empty() ? "first" : token);
    page->set_cursor(token.empty() ? "c1" : "c2");
    page->set_next_page_token(token.empty() ? "second" : "");
    return absl::OkStatus();
  };
  muster::v1::ListOperationsResponse all;
  ASSERT_TRUE(ReadWhole(connection, "muster.v1.OperationService/ListOperations", muster::v1::ListOperationsRequest(),
                        &all, absl::Seconds(1))
                  .ok());
  ASSERT_EQ(all.operations_size(), 2);
  EXPECT_EQ(all.operations(1).lead_agency_id(), "second");
  EXPECT_EQ(all.cursor(), "c1");
  EXPECT_EQ(all.next_page_token(), "");
}

TEST(KeptReadsTest, AListWithoutEndIsGivenUp) {
  FakeConnection connection;
  connection.on_call = [](size_t, const std::string&, const google::protobuf::Message&,
                          google::protobuf::Message* response) {
    dynamic_cast<muster::v1::ListOperationsResponse*>(response)->set_next_page_token("more");
    return absl::OkStatus();
  };
  muster::v1::ListOperationsResponse all;
  EXPECT_EQ(ReadWhole(connection, "muster.v1.OperationService/ListOperations", muster::v1::ListOperationsRequest(),
                      &all, absl::Seconds(1))
                .code(),
            absl::StatusCode::kResourceExhausted);
}

TEST(KeptReadsTest, OnePageOfSeveralIsNotWhole) {
  muster::v1::ListOperationsRequest request;
  muster::v1::ListOperationsResponse response;
  EXPECT_TRUE(IsWhole(request, response));
  response.set_next_page_token("more");
  EXPECT_FALSE(IsWhole(request, response));
  response.clear_next_page_token();
  request.mutable_page()->set_page_token("second");
  EXPECT_FALSE(IsWhole(request, response));
  EXPECT_TRUE(IsWhole(muster::v1::GetPlanRequest(), muster::v1::GetPlanResponse()));
}

}  // namespace
}  // namespace muster::agent
