// Who is told what of the readiness board (section 7 and rule P7).
#include <functional>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/state/queries.h"
#include "server/state/readiness/testing/go.h"

namespace muster {
namespace {

constexpr auto kMaterial = v1::SECTION_CHANGE_MATERIAL;

size_t BoardNotices(const World& world, absl::string_view agency_id) {
  size_t count = 0;
  for (const FeedItem& item : world.FeedOf(agency_id)) {
    count += item.notice.has_readiness() || item.notice.has_escalation() ? 1 : 0;
  }
  return count;
}

// What `agency_id` gets when it asks for its board.
std::string Asked(const World& world, absl::string_view agency_id) {
  const v1::Principal principal = PrincipalOf(agency_id);
  v1::GetReadinessBoardRequest request;
  request.set_operation_id(kTestOperation);
  v1::GetReadinessBoardResponse response;
  const absl::Status status =
      AnswerQuery({world.state(), principal, world.state().last_accepted_at(), absl::InfiniteFuture()},
                  "muster.v1.ReadinessService/GetReadinessBoard", request, &response);
  return status.ok() ? response.SerializeAsString() : status.ToString();
}

// A whole life of an operation, with what a reader may not see: `hidden` happens at each of its steps.
void Live(World* world, const std::function<void(int step)>& hidden) {
  SetUpOperation(world);
  hidden(0);
  MakeReady(world);
  hidden(1);
  world->SubmitAs(OperatorPrincipal("lead", 1), ApproveGo(1, world->PlanOf("lead").version()));
  world->SubmitAs(OperatorPrincipal("lead", 2), ApproveGo(1, world->PlanOf("lead").version()));
  ASSERT_EQ(BoardOf(*world, "ky-ago").go().state(), v1::GO_STATE_GIVEN);
  hidden(2);
  world->MustSubmit("ky-ago", AcknowledgeGo("ky-1", 1));
  world->Submit("ky-ago", AcknowledgeGo("secret", 1));
  world->Advance(absl::Hours(2));
  hidden(3);
  world->MustSubmit("lead", CallHold("", 1));
  hidden(4);
  world->MustSubmit("lead", SetHHour(world->clock().Now() + absl::Hours(1)));
  hidden(5);
}

void ExpectTheSameFor(const World& a, const World& b, const char* reader) {
  EXPECT_EQ(a.FeedBytes(reader), b.FeedBytes(reader)) << reader;
  EXPECT_EQ(Asked(a, reader), Asked(b, reader)) << reader;
  EXPECT_EQ(a.state().CursorOf(reader), b.state().CursorOf(reader)) << reader;
}

TEST(BoardPrivacy, P7AnExcludedSiteLeavesEveryByteUnchangedThroughReadyGoHoldAndAbort) {
  World with;
  Live(&with, [&](int step) {
    if (step == 0) {
      v1::Site secret = MakeSite("secret", "KY");
      secret.add_excluded_agency_ids("ky-ago");
      with.MustSubmit("lead", AddSite(secret));
      with.MustSubmit("lead", SetParticipant("outsider", v1::ROLE_PARTICIPANT, {"secret"}));
    }
    if (step == 2) with.MustSubmit("outsider", AcknowledgeGo("secret", 1));
    if (step == 3) with.MustSubmit("outsider", CallHold("secret", 1));
    if (step == 4) with.MustSubmit("outsider", CallAbort("secret", 1));
    if (step == 5) with.MustSubmit("lead", WaiveReadiness("secret", 2));
  });
  World without;
  Live(&without, [](int) {});
  ExpectTheSameFor(with, without, "ky-ago");
  EXPECT_NE(with.FeedBytes("nd-bci"), without.FeedBytes("nd-bci")) << "the others are told of the site";
}

TEST(BoardPrivacy, P7AHiddenSectionThatVoidsAnothersReadyLeavesEveryByteUnchanged) {
  const auto live = [](World* world, bool hidden) {
    Live(world, [=](int step) {
      if (step != 2 || !hidden) return;
      // nd-bci falls back to UNKNOWN, for a reason that ky-ago must not learn of.
      world->MustSubmit(
          "lead",
          AmendPlan(1, kMaterial, {MakeSection("secret", "An officer.", {v1::ROLE_PARTICIPANT}, {}, {"ky-ago"})}));
      EXPECT_EQ(SiteStatusOf(*world, "lead", "nd-1"), v1::READINESS_STATUS_UNKNOWN);
    });
  };
  World with, without;
  live(&with, true);
  live(&without, false);
  ExpectTheSameFor(with, without, "ky-ago");
}

TEST(BoardPrivacy, P7WhatAParticipantDidSeeChangeVoidsReadyOnItsBoardToo) {
  World world;
  SetUpOperation(&world);
  MakeReady(&world);
  world.MustSubmit("lead", AmendPlan(1, kMaterial, {MakeSection("all", "All.")}));
  EXPECT_EQ(SiteStatusOf(world, "ky-ago", "nd-1"), v1::READINESS_STATUS_UNKNOWN);
}

TEST(BoardPrivacy, P7ASiteThatIsNotOnesOwnIsRefusedInTheSameWordsWhetherOrNotItExists) {
  const auto refusal = [](bool exists) {
    World world;
    SetUpOperation(&world);
    v1::Site secret = MakeSite("secret", "KY");
    secret.add_excluded_agency_ids("ky-ago");
    if (exists) world.MustSubmit("lead", AddSite(secret));
    MakeReady(&world);
    std::string words;
    for (const v1::Submission& submission : {CallAbort("secret", 1), LiftHold("secret", 1), AcknowledgeGo("secret", 1),
                                             ReportReadiness("secret", v1::READINESS_STATUS_NOT_READY, 1)}) {
      words += world.Submit("ky-ago", submission).rejected().SerializeAsString();
    }
    return words;
  };
  EXPECT_EQ(refusal(true), refusal(false));
}

TEST(BoardPrivacy, AParticipantSeesItsOwnSitesWholeAndOfOthersTheStatus) {
  World world;
  SetUpOperation(&world);
  GiveGo(&world);
  const v1::ReadinessBoard board = BoardOf(world, "ky-ago");
  ASSERT_EQ(board.sites_size(), 3);
  for (const v1::SiteReadiness& site : board.sites()) {
    EXPECT_EQ(site.agencies_size(), site.site_id() == "ky-1" ? 1 : 0);
    EXPECT_EQ(site.status(), v1::READINESS_STATUS_READY);
  }
  EXPECT_EQ(BoardOf(world, "auditor").sites(2).agencies(0).agency_id(), "nd-bci");
}

TEST(BoardPrivacy, OfAnotherAgencyAtOnesSiteTheVersionItReadIsNotShown) {
  World world;
  SetUpOperation(&world);
  world.MustSubmit("lead", SetParticipant("outsider", v1::ROLE_PARTICIPANT, {"ky-1"}));
  MakeReady(&world);
  const v1::SiteReadiness site = BoardOf(world, "ky-ago").sites(0);
  ASSERT_EQ(site.agencies_size(), 2);
  EXPECT_EQ(site.agencies(0).plan_version(), 1);
  EXPECT_EQ(site.agencies(1).agency_id(), "outsider");
  EXPECT_EQ(site.agencies(1).plan_version(), 0);
  EXPECT_EQ(BoardOf(world, "lead").sites(0).agencies(1).plan_version(), 1);
}

TEST(BoardPrivacy, RolesWithoutTheBoardAreToldNothingOfIt) {
  World world;
  Live(&world, [](int) {});
  for (const char* nobody : {"ky-prosecutor", "watch-desk", "victim-services", "observer", "public-info", "outsider"}) {
    EXPECT_EQ(BoardNotices(world, nobody), 0) << nobody;
    EXPECT_THAT(Asked(world, nobody), ::testing::HasSubstr("PERMISSION_DENIED")) << nobody;
  }
  for (const char* reader : {"lead", "auditor", "ky-ago", "nd-bci"}) EXPECT_GT(BoardNotices(world, reader), 0);
}

// A reader that only follows its feed knows what its board says.
TEST(BoardPrivacy, TheFeedAddsUpToTheBoard) {
  World world;
  Live(&world, [](int) {});
  for (const char* reader : {"lead", "auditor", "ky-ago", "nd-bci"}) {
    v1::ReadinessBoard followed;
    std::map<std::string, v1::SiteReadiness> sites;
    for (const FeedItem& item : world.FeedOf(reader)) {
      if (item.notice.has_operation()) followed.set_phase(item.notice.operation().phase());
      if (!item.notice.has_readiness()) continue;
      const v1::ReadinessBoard& told = item.notice.readiness();
      followed.set_operation_id(told.operation_id());
      followed.set_mode(told.mode());
      if (told.has_h_hour()) *followed.mutable_h_hour() = told.h_hour();
      if (told.has_go()) *followed.mutable_go() = told.go();
      for (const v1::SiteReadiness& site : told.sites()) sites[site.site_id()] = site;
    }
    for (const auto& [site_id, site] : sites) *followed.add_sites() = site;
    EXPECT_EQ(followed.SerializeAsString(), BoardOf(world, reader).SerializeAsString()) << reader;
  }
}

}  // namespace
}  // namespace muster
