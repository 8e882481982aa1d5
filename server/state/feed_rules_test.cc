// The feed rules P1, P2 and P7 of the domain, each by name.
#include <algorithm>
#include <functional>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/state/access/visibility.h"
#include "server/state/cursor.h"
#include "server/state/readiness/testing/go.h"
#include "server/state/testing/test_support.h"

namespace muster {
namespace {

constexpr auto kMaterial = v1::SECTION_CHANGE_MATERIAL;

std::vector<v1::PlanView> PlansOnFeed(const World& world, absl::string_view agency_id) {
  std::vector<v1::PlanView> plans;
  for (const FeedItem& item : world.FeedOf(agency_id)) {
    if (item.notice.has_plan()) plans.push_back(item.notice.plan());
  }
  return plans;
}

// Something of everything that tells anyone anything.
void Busy(World* world) {
  world->MustSubmit("ky-ago", AcknowledgePlan(world->PlanOf("ky-ago")));
  world->MustSubmit("lead",
                    AmendPlan(1, kMaterial, {MakeSection("ky", "Kentucky.", {v1::ROLE_PARTICIPANT}, {"ky-1"})}));
  world->MustSubmit("lead", AddSite(MakeSite("mo-2", "MO")));
  GiveGoWithWaivers(world);
  const v1::TallyEntry entry = MakeEntry(EntryId(1), "ky-ago", "ky-1", v1::TALLY_CATEGORY_ARREST_BUYER, 3);
  world->MustSubmit("ky-ago", RecordTally(entry));
  world->MustSubmit(
      "lead",
      CorrectTally(entry.entry_id(), {MakeEntry(EntryId(2), "ky-ago", "ky-1", v1::TALLY_CATEGORY_ARREST_BUYER, 4)}));
  world->MustSubmit("nd-bci", RecordTally(MakeEntry(EntryId(3), "nd-bci", "nd-1", v1::TALLY_CATEGORY_CITATION, 1)));
  world->MustSubmit("lead", RemoveParticipant("watch-desk"));
  world->MustSubmit(kRegistrar, RevokeCertificate("ky-ago", std::string(64, 'a')));
}

TEST(FeedRules, P1EveryReaderGetsExactlyOneCopyOfEachVersionItMaySee) {
  World world;
  SetUpOperation(&world);
  world.MustSubmit("lead", AmendPlan(1, kMaterial, {MakeSection("ky", "Kentucky.", {v1::ROLE_PARTICIPANT}, {"ky-1"})}));
  world.MustSubmit("lead", AmendPlan(2, kMaterial, {MakeSection("all", "All.")}));
  const std::map<std::string, std::vector<uint32_t>> expected = {
      {"lead", {1, 2, 3}}, {"ky-ago", {1, 2, 3}}, {"nd-bci", {1, 2}},      {"ky-prosecutor", {1}}, {"observer", {1, 2}},
      {"auditor", {1, 2}}, {"watch-desk", {}},    {"victim-services", {}}, {"public-info", {}},    {"outsider", {}}};
  for (const auto& [agency_id, versions] : expected) {
    std::vector<uint32_t> got;
    for (const v1::PlanView& plan : PlansOnFeed(world, agency_id)) got.push_back(plan.version());
    EXPECT_EQ(got, versions) << agency_id;
  }
  EXPECT_EQ(PlansOnFeed(world, "ky-ago").back().SerializeAsString(), world.PlanOf("ky-ago").SerializeAsString());
}

TEST(FeedRules, P1WhoJoinsLaterGetsTheCurrentVersionOnce) {
  World world;
  SetUpOperation(&world);
  world.MustSubmit("lead", AmendPlan(1, kMaterial, {MakeSection("all", "All.")}));
  world.MustSubmit("lead", SetParticipant("outsider", v1::ROLE_PARTICIPANT, {"ky-1"}));
  ASSERT_EQ(PlansOnFeed(world, "outsider").size(), 1);
  EXPECT_EQ(PlansOnFeed(world, "outsider")[0].SerializeAsString(), world.PlanOf("ky-ago").SerializeAsString());
  world.MustSubmit("lead", SetParticipant("outsider", v1::ROLE_PARTICIPANT, {"ky-1"}));
  EXPECT_EQ(PlansOnFeed(world, "outsider").size(), 1);
}

TEST(FeedRules, P1ARemovedParticipantReceivesNothingMore) {
  World world;
  SetUpOperation(&world);
  world.MustSubmit("lead", RemoveParticipant("observer"));
  EXPECT_TRUE(world.FeedOf("observer").back().notice.participant().removed());
  const size_t then = world.FeedOf("observer").size();
  Busy(&world);
  EXPECT_EQ(world.FeedOf("observer").size(), then);
}

TEST(FeedRules, P2PositionsAndCursorsOfEveryFeedAreConsecutive) {
  World world;
  SetUpOperation(&world);
  Busy(&world);
  EXPECT_GE(world.feeds().size(), 10);
  for (const auto& [agency_id, feed] : world.feeds()) {
    EXPECT_EQ(world.state().audiences().Position(agency_id), feed.size()) << agency_id;
    EXPECT_EQ(world.state().CursorOf(agency_id), feed.back().cursor) << agency_id;
    for (size_t i = 0; i < feed.size(); ++i) {
      EXPECT_EQ(*DecodeCursor(world.state().genesis().log_id(), feed[i].cursor), i + 1);
      EXPECT_EQ(*DecodeCursor(world.state().genesis().log_id(), feed[i].previous_cursor), i);
    }
  }
}

TEST(FeedRules, P2TheFeedsTogetherAreTheNoticesTimesTheirReaders) {
  World world;
  SetUpOperation(&world);
  Busy(&world);
  uint64_t addressed = 0;
  uint64_t deliveries = 0;
  storage::v1::StateImage image = world.state().ToImage();
  for (const storage::v1::AudienceImage& audience : image.audiences()) {
    addressed += audience.notices();
    deliveries += audience.notices() * static_cast<uint64_t>(audience.agency_ids_size());
    EXPECT_TRUE(std::is_sorted(audience.agency_ids().begin(), audience.agency_ids().end()));
  }
  uint64_t delivered = 0;
  for (const auto& [agency_id, feed] : world.feeds()) delivered += feed.size();
  EXPECT_EQ(addressed, world.notices_addressed());
  EXPECT_EQ(deliveries, delivered);
}

TEST(FeedRules, P2ACursorOfAnotherLogIsNotTakenForOneOfOurs) {
  const std::string cursor = EncodeCursor("other-lg", 7);
  EXPECT_EQ(*DecodeCursor("other-lg", cursor), 7);
  EXPECT_EQ(DecodeCursor("test-log", cursor).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(DecodeCursor("test-log", "short").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(*DecodeCursor("test-log", ""), 0);
  EXPECT_EQ(*DecodeCursor("test-log", EncodeCursor("test-log", ~uint64_t{0})), ~uint64_t{0});
}

// ---- P7: what a viewer may not see changes no byte that it receives -------------------------------------------------

struct Scene {
  const char* name;
  const char* viewer;
  // What happens in one world and not, or otherwise, in the other.
  std::function<void(World*)> hidden;
};

std::string AllThatReaches(const World& world, absl::string_view viewer) {
  std::string bytes = world.FeedBytes(viewer) + world.state().CursorOf(viewer);
  for (const auto& [id, record] : world.state().roster().agencies()) {
    if (!SeesAgency(world.state(), viewer, id)) continue;
    bytes += ViewAgency(world.state(), viewer, record).SerializeAsString();
  }
  const v1::Participant* participant = world.operation().FindParticipant(viewer);
  if (participant == nullptr) return bytes;
  bytes += world.PlanOf(viewer).SerializeAsString() + world.StandingOf(viewer).SerializeAsString() +
           ViewOperation(world.operation(), *participant).SerializeAsString();
  for (const auto definition : {v1::COUNTING_DEFINITION_LEAD, v1::COUNTING_DEFINITION_SOURCE}) {
    bytes += world.TotalsFor(viewer, definition).SerializeAsString();
  }
  return bytes;
}

void ExpectUnchanged(const Scene& scene) {
  World without, with;
  for (World* world : {&without, &with}) {
    SetUpOperation(world);
    world->clock().Advance(absl::Seconds(1));
    if (world == &with) scene.hidden(world);
    world->clock().Advance(absl::Seconds(1));
    // What goes on in the open, after the hidden part.
    const uint32_t base = world->PlanOf("lead").version();
    world->MustSubmit("lead", AmendPlan(base, kMaterial, {MakeSection("open", "For all participants.")}));
    if (world->operation().FindParticipant(scene.viewer) != nullptr &&
        world->participant(scene.viewer).role() == v1::ROLE_PARTICIPANT) {
      const v1::Outcome outcome = world->MustSubmit(scene.viewer, AcknowledgePlan(world->PlanOf(scene.viewer)));
      EXPECT_EQ(outcome.accepted().plan_version(), 2) << scene.name;
    }
  }
  EXPECT_NE(without.state().Digest(), with.state().Digest()) << scene.name << " changes nothing at all";
  EXPECT_EQ(AllThatReaches(without, scene.viewer), AllThatReaches(with, scene.viewer)) << scene.name;
}

void AmendHidden(World* world, const v1::Section& section) {
  world->MustSubmit("lead", AmendPlan(world->PlanOf("lead").version(), kMaterial, {section}));
}

TEST(FeedRules, P7WhatAViewerMayNotSeeChangesNoByteItReceives) {
  const auto nd_tallies = [](World* world) {
    v1::TallyEntry entry = MakeEntry(EntryId(9), "nd-bci", "nd-1", v1::TALLY_CATEGORY_PERSON_RECOVERED_ADULT, 6);
    entry.add_assisting_agency_ids("ky-ago");
    world->MustSubmit("nd-bci", RecordTally(entry));
    world->MustSubmit("nd-bci", CorrectTally(entry.entry_id(), {}));
  };
  const std::vector<Scene> scenes = {
      {"a section that excludes the viewer by name", "ky-ago",
       [](World* world) {
         AmendHidden(world, MakeSection("secret", "An officer.", {v1::ROLE_PARTICIPANT}, {}, {"ky-ago"}));
       }},
      {"a section of another site", "ky-ago",
       [](World* world) { AmendHidden(world, MakeSection("nd", "North Dakota.", {v1::ROLE_PARTICIPANT}, {"nd-1"})); }},
      {"a section of another role", "ky-ago",
       [](World* world) { AmendHidden(world, MakeSection("legal", "Filings.", {v1::ROLE_PROSECUTOR})); }},
      {"several hidden versions, then the removal of what they brought", "ky-ago",
       [](World* world) {
         AmendHidden(world, MakeSection("secret", "One.", {v1::ROLE_PARTICIPANT}, {}, {"ky-ago"}));
         AmendHidden(world, MakeSection("secret", "Two.", {v1::ROLE_PARTICIPANT}, {}, {"ky-ago"}));
         world->MustSubmit("lead", AmendPlan(3, kMaterial, {}, {"secret"}));
       }},
      {"a change of who else reads a section", "ky-ago",
       [](World* world) {
         AmendHidden(world, MakeSection("situation", "Twelve states act together.",
                                        {v1::ROLE_PARTICIPANT, v1::ROLE_PROSECUTOR}, {}, {"nd-bci"}));
       }},
      {"another participant's tallies", "ky-ago", nd_tallies},
      {"another state's tallies", "ky-prosecutor", nd_tallies},
      {"other agencies' tallies", "watch-desk", nd_tallies},
      {"other agencies' tallies", "victim-services", nd_tallies},
      {"anything of an operation it takes no part in", "outsider", nd_tallies},
      {"another participant's acknowledgement", "ky-ago",
       [](World* world) { world->MustSubmit("nd-bci", AcknowledgePlan(world->PlanOf("nd-bci"))); }},
      {"another participant that comes, works elsewhere and goes", "ky-ago",
       [](World* world) {
         v1::Site elsewhere = MakeSite("tx-1", "TX");
         elsewhere.add_excluded_agency_ids("ky-ago");  // Or the readiness board would show that there is such a site.
         world->MustSubmit("lead", AddSite(elsewhere));
         world->MustSubmit("lead", SetParticipant("outsider", v1::ROLE_PARTICIPANT, {"tx-1"}));
         world->MustSubmit("lead", RemoveParticipant("outsider"));
       }},
      {"another agency's certificate and standing", "ky-ago",
       [](World* world) {
         world->MustSubmit(kRegistrar, RevokeCertificate("nd-bci", std::string(64, 'b')));
         world->MustSubmit(kRegistrar, SetStanding("nd-bci", v1::AGENCY_STANDING_SUSPENDED));
       }},
      {"another operation", "ky-ago",
       [](World* world) { world->MustSubmit("lead", CreateOperation({MakeSite("a", "MO")}, "other")); }},
      {"what was refused to another", "ky-ago",
       [](World* world) { world->Submit("nd-bci", SetPhase(v1::OPERATION_PHASE_CLOSED)); }},
  };
  for (const Scene& scene : scenes) ExpectUnchanged(scene);
}

TEST(FeedRules, P7ATotalDoesNotTellOfAContainerThatTheViewerMayNotSee) {
  // A federal agency works in two states; Kentucky's prosecutor sees its Kentucky entry only.
  World without, with;
  for (World* world : {&without, &with}) {
    SetUpOperation(world);
    world->MustSubmit("lead", SetParticipant("outsider", v1::ROLE_PARTICIPANT, {"ky-1", "nd-1"}));
    v1::TallyEntry minors = MakeEntry(EntryId(1), "outsider", "ky-1", v1::TALLY_CATEGORY_PERSON_RECOVERED_MINOR, 2);
    minors.add_contained_in_entry_ids(EntryId(2));
    world->MustSubmit("outsider", RecordTally(minors));
    if (world == &without) continue;
    world->MustSubmit("outsider", RecordTally(MakeEntry(EntryId(2), "outsider", "nd-1",
                                                        v1::TALLY_CATEGORY_PERSON_RECOVERED_ADULT, 5)));
  }
  EXPECT_EQ(AllThatReaches(without, "ky-prosecutor"), AllThatReaches(with, "ky-prosecutor"));
}

TEST(FeedRules, P7AnOperationThatIsNotThereIsRefusedInTheSameWords) {
  World world;
  SetUpOperation(&world);
  world.MustSubmit("lead", CreateOperation({}, "hidden"));
  v1::Rejected there = world.Submit("ky-ago", SetPhase(v1::OPERATION_PHASE_ARMED, "hidden")).rejected();
  v1::Rejected not_there = world.Submit("ky-ago", SetPhase(v1::OPERATION_PHASE_ARMED, "absent")).rejected();
  EXPECT_EQ(there.reason(), v1::ERROR_REASON_NOT_PERMITTED);
  EXPECT_EQ(there.SerializeAsString(), not_there.SerializeAsString());
}

}  // namespace
}  // namespace muster
