// A state, its image and its log are one: each gives the others back.
#include "gtest/gtest.h"
#include "server/state/testing/test_support.h"

namespace muster {
namespace {

v1::Submission Numbered(v1::Submission submission, uint64_t number, uint64_t confirmed_through) {
  submission.mutable_outbox_number()->set_outbox_id(EntryId(900));
  submission.mutable_outbox_number()->set_number(number);
  submission.mutable_outbox_number()->set_confirmed_through(confirmed_through);
  return submission;
}

v1::TallyEntry Arrests(uint64_t id, uint32_t count) {
  return MakeEntry(EntryId(id), "ky-ago", "ky-1", v1::TALLY_CATEGORY_ARREST_BUYER, count);
}

// Something of every body, accepted, rejected, repeated and out of order.
void LiveALittle(World* world) {
  world->set_rules_version(1);  // Whose lead may declare EXECUTING.
  SetUpOperation(world);
  const auto tick = [&] { world->clock().Advance(absl::Milliseconds(1500)); };
  tick();
  world->MustSubmit("ky-ago", AcknowledgePlan(world->PlanOf("ky-ago")));
  world->MustSubmit("nd-bci", AcknowledgePlan(world->PlanOf("nd-bci"), "no vehicles"));
  tick();
  world->MustSubmit("lead", AmendPlan(1, v1::SECTION_CHANGE_MATERIAL,
                                      {MakeSection("ky", "Kentucky.", {v1::ROLE_PARTICIPANT}, {"ky-1"}),
                                       MakeSection("secret", "An officer.", {v1::ROLE_PARTICIPANT}, {}, {"ky-ago"})}));
  world->MustSubmit("lead", AmendPlan(2, v1::SECTION_CHANGE_EDITORIAL, {MakeSection("ky", "KENTUCKY.")}, {"secret"}));
  world->Submit("lead", AmendPlan(2, v1::SECTION_CHANGE_EDITORIAL, {MakeSection("late", "Stale.")}));
  tick();
  world->MustSubmit("lead", AddSite(MakeSite("tx-1", "TX")));
  world->MustSubmit("lead", SetPhase(v1::OPERATION_PHASE_EXECUTING));
  world->MustSubmit("lead", WithdrawPlan(3));
  world->MustSubmit("ky-ago", Numbered(RecordTally(Arrests(1, 6)), 1, 0));
  world->MustSubmit("ky-ago", Numbered(CorrectTally(EntryId(1), {Arrests(2, 9)}), 2, 0));
  world->Submit("ky-ago", Numbered(RecordTally(Arrests(1, 7)), 3, 1));
  world->MustSubmit("lead", CorrectTally(EntryId(3), {Arrests(4, 1)}));  // Its entry has not come.
  world->MustSubmit("nd-bci", CorrectTally(EntryId(5), {}));
  tick();
  v1::Submission repeated = RecordTally(Arrests(6, 2));
  repeated.set_submission_id(EntryId(901));
  world->MustSubmit("ky-ago", repeated);
  world->MustSubmit("ky-ago", repeated);
  world->Submit("outsider", SetPhase(v1::OPERATION_PHASE_CLOSED));
  world->MustSubmit("lead", RemoveParticipant("watch-desk"));
  world->MustSubmit(kRegistrar, RevokeCertificate("ky-ago", std::string(64, 'a')));
  world->MustSubmit(kRegistrar, SetStanding("nd-bci", v1::AGENCY_STANDING_SUSPENDED));
}

// What differs between two states after the same further events: nothing, if they are equal.
void ExpectSameFuture(World* world, State* other) {
  const size_t from = world->events().size();
  const auto go_on = [&](absl::string_view agency_id, const v1::Submission& submission) {
    const v1::Outcome outcome = world->Submit(agency_id, submission);
    const Applied applied = Replay(other, world->events().back());
    EXPECT_EQ(applied.outcome.SerializeAsString(), outcome.SerializeAsString());
    ASSERT_EQ(applied.notices.size(), world->last_applied().notices.size());
    for (size_t i = 0; i < applied.notices.size(); ++i) {
      EXPECT_EQ(applied.notices[i].bytes, world->last_applied().notices[i].bytes);
      EXPECT_EQ(applied.notices[i].address.audience, world->last_applied().notices[i].address.audience);
      EXPECT_EQ(applied.notices[i].address.rank, world->last_applied().notices[i].address.rank);
    }
  };
  v1::Submission repeated = RecordTally(Arrests(6, 2));
  repeated.set_submission_id(EntryId(901));
  go_on("ky-ago", repeated);
  go_on("ky-ago", RecordTally(Arrests(3, 5)));  // Its correction came before.
  go_on("ky-ago", Numbered(RecordTally(Arrests(8, 1)), 4, 3));
  go_on("nd-bci", AcknowledgePlan(world->PlanOf("nd-bci")));
  go_on("lead",
        AmendPlan(3, v1::SECTION_CHANGE_MATERIAL, {MakeSection("ky", "Again.", {v1::ROLE_PARTICIPANT}, {"ky-1"})}));
  go_on("lead", SetParticipant("outsider", v1::ROLE_PARTICIPANT, {"tx-1"}));
  world->clock().Advance(absl::Hours(24 * 31));
  go_on("ky-ago", repeated);
  go_on("ky-ago", AcknowledgePlan(world->PlanOf("ky-ago")));
  EXPECT_EQ(world->events().size(), from + 8);
  EXPECT_EQ(world->state().Digest(), other->Digest());
}

TEST(StateImage, AStateFromAnImageIsTheSameAndBehavesTheSame) {
  World world;
  LiveALittle(&world);
  State restored;
  restored.FromImage(world.state().ToImage());
  EXPECT_EQ(restored.Digest(), world.state().Digest());
  EXPECT_EQ(restored.CursorOf("ky-ago"), world.state().CursorOf("ky-ago"));
  ExpectSameFuture(&world, &restored);
}

TEST(StateImage, AnImageSurvivesItsEncoding) {
  World world;
  LiveALittle(&world);
  storage::v1::StateImage read;
  ASSERT_TRUE(read.ParseFromString(EncodeDeterministically(world.state().ToImage())));
  State restored;
  restored.FromImage(read);
  EXPECT_EQ(EncodeDeterministically(restored.ToImage()), EncodeDeterministically(world.state().ToImage()));
}

TEST(StateImage, ReplayingTheLogGivesTheSameDigestAfterEveryEvent) {
  World world;
  LiveALittle(&world);
  State first, second;
  std::string previous;
  for (const std::string& event : world.events()) {
    Replay(&first, event);
    Replay(&second, event);
    ASSERT_EQ(first.Digest(), second.Digest());
    EXPECT_NE(first.Digest(), previous);
    previous = first.Digest();
  }
  EXPECT_EQ(first.Digest(), world.state().Digest());
}

TEST(StateImage, AnImageAtAnyPointLeadsToTheSameState) {
  World world;
  LiveALittle(&world);
  for (size_t cut = 0; cut <= world.events().size(); ++cut) {
    State before;
    for (size_t i = 0; i < cut; ++i) Replay(&before, world.events()[i]);
    State after;
    after.FromImage(before.ToImage());
    for (size_t i = cut; i < world.events().size(); ++i) Replay(&after, world.events()[i]);
    ASSERT_EQ(after.Digest(), world.state().Digest()) << "image after event " << cut;
  }
}

TEST(StateImage, TheDigestIsOfDecisionsNotOfTheirWording) {
  World world;
  LiveALittle(&world);
  storage::v1::StateImage image = world.state().ToImage();
  for (auto& remembered : *image.mutable_remembered()) {
    if (remembered.outcome().has_rejected())
      remembered.mutable_outcome()->mutable_rejected()->set_message("other words");
  }
  State reworded;
  reworded.FromImage(image);
  EXPECT_EQ(reworded.Digest(), world.state().Digest());
  for (auto& remembered : *image.mutable_remembered()) {
    if (remembered.outcome().has_rejected()) {
      remembered.mutable_outcome()->mutable_rejected()->set_reason(v1::ERROR_REASON_DRAINING);
    }
  }
  State redecided;
  redecided.FromImage(image);
  EXPECT_NE(redecided.Digest(), world.state().Digest());
}

}  // namespace
}  // namespace muster
