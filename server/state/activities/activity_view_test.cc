// Who may enter what, who sees what of it, and that nobody can tell what it is not shown (rules C7, V4, P7).
#include "server/state/activities/activity_view.h"

#include "absl/strings/match.h"
#include "common/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/state/activities/testing/activity_support.h"

namespace muster {
namespace {

using ::testing::Each;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// kTestOperation of SetUpOperation, and an activity of ky-ago there with a phone and a person for targets; the phone is
// granted to nd-bci.
class OperationActivity : public ::testing::Test {
 protected:
  OperationActivity() {
    SetUpOperation(&world_);
    activity_.set_operation_id(kTestOperation);
    activity_.set_site_id("ky-1");
    AddTarget(&activity_, v1::TARGET_KIND_PHONE, "502 555 0177", "", {"nd-bci"});
    AddTarget(&activity_, v1::TARGET_KIND_PERSON, "Jane Roe");
  }
  void Enter() { world_.MustSubmit("ky-ago", EnterActivity(activity_)); }
  v1::ActivityRecord SeenBy(absl::string_view agency_id) const {
    v1::GetActivityRequest request;
    request.set_agency_id("ky-ago");
    request.set_activity_id(activity_.activity_id());
    v1::GetActivityResponse response;
    Ask(world_, agency_id, "GetActivity", request, &response).IgnoreError();
    return response.activity();
  }
  v1::Rejected Refused(absl::string_view agency_id, const v1::Activity& activity) {
    return world_.Submit(agency_id, EnterActivity(activity)).rejected();
  }

  World world_;
  v1::Activity activity_ = MakeActivity(1);
};

// ---- Who may enter -----------------------------------------------------------------------------------------------

TEST_F(OperationActivity, C1OfAnOperationLeadParticipantAndWatchDeskEnter) {
  activity_.clear_site_id();
  for (const char* agency_id : {"lead", "ky-ago", "watch-desk"}) {
    world_.MustSubmit(agency_id, EnterActivity(activity_));
  }
  for (const char* agency_id : {"auditor", "observer", "ky-prosecutor", "victim-services", "outsider"}) {
    EXPECT_EQ(Refused(agency_id, activity_).reason(), v1::ERROR_REASON_NOT_PERMITTED) << agency_id;
  }
  activity_.set_operation_id("no-such-one");
  EXPECT_EQ(Refused("ky-ago", activity_).reason(), v1::ERROR_REASON_NOT_PERMITTED);
}

TEST_F(OperationActivity, C1AParticipantEntersAtItsOwnSitesOnly) {
  activity_.set_site_id("nd-1");
  const v1::Rejected foreign = Refused("ky-ago", activity_);
  activity_.set_site_id("xx-1");
  const v1::Rejected none = Refused("ky-ago", activity_);
  EXPECT_EQ(foreign.reason(), v1::ERROR_REASON_NOT_PERMITTED);
  EXPECT_EQ(none.reason(), foreign.reason());
  EXPECT_EQ(Refused("lead", activity_).reason(), v1::ERROR_REASON_UNKNOWN_REFERENCE);
}

TEST_F(OperationActivity, C1AnActivityHasTheModeOfItsOperation) {
  activity_.set_mode(v1::OPERATION_MODE_ACTUAL);
  EXPECT_EQ(Refused("ky-ago", activity_).reason(), v1::ERROR_REASON_UNKNOWN_REFERENCE);
  activity_.clear_mode();
  Enter();
  EXPECT_EQ(SeenBy("ky-ago").activity().mode(), v1::OPERATION_MODE_EXERCISE);
}

TEST_F(OperationActivity, C1AClosedOperationTakesNone) {
  world_.MustSubmit("lead", SetPhase(v1::OPERATION_PHASE_ABORTED));
  EXPECT_EQ(Refused("ky-ago", activity_).reason(), v1::ERROR_REASON_WRONG_PHASE);
}

TEST_F(OperationActivity, C1WithoutAnOperationVictimServicesAndAuditorsEnterNone) {
  for (const v1::AgencyKind kind : {v1::AGENCY_KIND_VICTIM_SERVICES, v1::AGENCY_KIND_AUDIT}) {
    v1::Submission registration = RegisterAgency("helper");
    registration.mutable_register_agency()->mutable_agency()->set_kind(kind);
    world_.MustSubmit(kRegistrar, registration);
    EXPECT_EQ(Refused("helper", MakeActivity(2)).reason(), v1::ERROR_REASON_NOT_PERMITTED);
  }
  world_.MustSubmit("outsider", EnterActivity(MakeActivity(2)));
}

// ---- V4 ----------------------------------------------------------------------------------------------------------

TEST_F(OperationActivity, V4TargetsWithoutAReferenceAreRefused) {
  activity_.clear_reasonable_suspicion_reference();
  EXPECT_EQ(Refused("ky-ago", activity_).rule(), "V4");
  activity_.clear_targets();
  Enter();
}

TEST_F(OperationActivity, V4EveryReadingOfATargetIsRecordedUnderTheOwnersReference) {
  Enter();
  size_t with_reference = 0;
  for (const storage::v1::DisclosureImage& disclosure : world_.operation().disclosures().disclosures()) {
    if (disclosure.object_class() != v1::OBJECT_CLASS_ACTIVITY) continue;
    EXPECT_EQ(disclosure.from_agency_id(), "ky-ago");
    const std::vector<std::string>& readers = world_.state().audiences().Members(disclosure.audience());
    const bool values = readers.front() == "nd-bci" || readers.front() == "ky-prosecutor";
    EXPECT_EQ(disclosure.why(), values ? activity_.reasonable_suspicion_reference() : "") << readers.front();
    with_reference += values;
  }
  EXPECT_EQ(with_reference, 2);
}

TEST(Disclosures, V4EachSidesAlertGoesOutUnderTheOtherSidesOwnReferenceOnly) {
  World world;
  SetUpAgencies(&world);
  for (const auto& [agency_id, salt] : {std::pair("alpha", 1), std::pair("bravo", 2)}) {
    v1::Activity activity = MakeActivity(static_cast<uint64_t>(salt));
    AddTarget(&activity, v1::TARGET_KIND_PHONE, "502 555 0177");
    activity.set_reasonable_suspicion_reference(agency_id);
    world.MustSubmit(agency_id, EnterActivity(activity));
  }
  size_t alerts = 0;
  for (const storage::v1::DisclosureImage& disclosure : world.state().disclosures().disclosures()) {
    const std::vector<std::string>& readers = world.state().audiences().Members(disclosure.audience());
    if (disclosure.object_class() != v1::OBJECT_CLASS_CONFLICT_ALERT || readers.front() == "desk") continue;
    EXPECT_EQ(disclosure.why(), disclosure.from_agency_id());
    EXPECT_NE(readers.front(), disclosure.from_agency_id());
    ++alerts;
  }
  EXPECT_EQ(alerts, 2);
}

// ---- Who sees what -----------------------------------------------------------------------------------------------

TEST_F(OperationActivity, C7TheOwnerSeesEverything) {
  Enter();
  const v1::ActivityRecord view = SeenBy("ky-ago");
  EXPECT_FALSE(view.redacted());
  EXPECT_THAT(view.activity().targets(), SizeIs(2));
  EXPECT_EQ(view.activity().targets(1).value(), "Jane Roe");
}

TEST_F(OperationActivity, C7AWatchDeskSeesKindsOfTargetsOnly) {
  Enter();
  const v1::ActivityRecord view = SeenBy("watch-desk");
  ASSERT_THAT(view.activity().targets(), SizeIs(2));
  EXPECT_EQ(view.activity().targets(0).kind(), v1::TARGET_KIND_PHONE);
  EXPECT_FALSE(absl::StrContains(view.SerializeAsString(), "0177"));
  EXPECT_EQ(view.activity().center().latitude(), activity_.center().latitude());
}

TEST_F(OperationActivity, C7TheLeadSeesNeitherTargetsNorTheReference) {
  Enter();
  const v1::ActivityRecord view = SeenBy("lead");
  EXPECT_TRUE(view.redacted());
  EXPECT_THAT(view.activity().targets(), IsEmpty());
  EXPECT_EQ(view.activity().reasonable_suspicion_reference(), "");
  EXPECT_EQ(view.activity().contact_name(), activity_.contact_name());
}

TEST_F(OperationActivity, C7AnAuditorSeesWhoWhenAndWhatKind) {
  Enter();
  const v1::ActivityRecord view = SeenBy("auditor");
  EXPECT_EQ(view.activity().kind(), activity_.kind());
  EXPECT_TRUE(view.activity().has_window());
  EXPECT_EQ(view.entered_by().agency_id(), "ky-ago");
  EXPECT_EQ(view.activity().contact_name(), "");
  EXPECT_FALSE(view.activity().has_center());
  EXPECT_THAT(view.activity().targets(), IsEmpty());
}

TEST_F(OperationActivity, C7AProsecutorOfTheSitesStateSeesTargetsAndContact) {
  Enter();
  const v1::ActivityRecord view = SeenBy("ky-prosecutor");
  EXPECT_THAT(view.activity().targets(), SizeIs(2));
  EXPECT_EQ(view.activity().contact_name(), activity_.contact_name());
  EXPECT_FALSE(view.activity().has_center());
  EXPECT_FALSE(view.activity().has_window());
}

TEST_F(OperationActivity, C7AProsecutorOfAnotherStateSeesNothing) {
  world_.MustSubmit(kRegistrar, RegisterAgency("nd-prosecutor", "ND"));
  world_.MustSubmit("lead", SetParticipant("nd-prosecutor", v1::ROLE_PROSECUTOR, {"ky-1"}));
  Enter();
  EXPECT_EQ(SeenBy("nd-prosecutor").ByteSizeLong(), 0);
}

TEST_F(OperationActivity, C7AGrantedAgencySeesItsTargetAndTheContact) {
  Enter();
  const v1::ActivityRecord view = SeenBy("nd-bci");
  ASSERT_THAT(view.activity().targets(), SizeIs(1));
  EXPECT_EQ(view.activity().targets(0).value(), "502 555 0177");
  EXPECT_THAT(view.activity().targets(0).granted_agency_ids(), IsEmpty());
  EXPECT_EQ(view.activity().contact_phone_24h(), activity_.contact_phone_24h());
  EXPECT_FALSE(view.activity().has_center());
  EXPECT_EQ(view.activity().site_id(), "");
}

TEST_F(OperationActivity, V1NothingIsGrantedToVictimServices) {
  activity_.mutable_targets(0)->add_granted_agency_ids("victim-services");
  Enter();
  EXPECT_EQ(SeenBy("victim-services").ByteSizeLong(), 0);
  EXPECT_THAT(ActivitiesTo(world_, "victim-services"), IsEmpty());
}

TEST_F(OperationActivity, C7OthersSeeNothing) {
  Enter();
  for (const char* agency_id : {"observer", "public-info", "victim-services", "outsider"}) {
    EXPECT_EQ(SeenBy(agency_id).ByteSizeLong(), 0) << agency_id;
    EXPECT_THAT(ActivitiesTo(world_, agency_id), IsEmpty()) << agency_id;
  }
}

TEST_F(OperationActivity, C7WhatIsToldIsWhatIsRead) {
  Enter();
  for (const char* agency_id : {"ky-ago", "watch-desk", "lead", "auditor", "ky-prosecutor", "nd-bci"}) {
    ASSERT_THAT(ActivitiesTo(world_, agency_id), SizeIs(1)) << agency_id;
    EXPECT_EQ(ActivitiesTo(world_, agency_id)[0].SerializeAsString(), SeenBy(agency_id).SerializeAsString());
  }
}

TEST_F(OperationActivity, C7ARemovedParticipantKeepsItsOwnActivitiesOnly) {
  Enter();
  world_.MustSubmit("lead", RemoveParticipant("ky-ago"));
  world_.MustSubmit("lead", RemoveParticipant("watch-desk"));
  EXPECT_EQ(SeenBy("ky-ago").activity().activity_id(), activity_.activity_id());
  EXPECT_EQ(SeenBy("watch-desk").ByteSizeLong(), 0);
  world_.MustSubmit("ky-ago", CancelActivity(activity_));
  EXPECT_EQ(world_.Submit("watch-desk", CancelActivity(activity_, "ky-ago")).rejected().reason(),
            v1::ERROR_REASON_NOT_FOUND);
}

TEST_F(OperationActivity, C7LeadAndAuditorReadInternalConflictsWithoutTargetKinds) {
  Enter();
  v1::Activity other = MakeActivity(2);
  AddTarget(&other, v1::TARGET_KIND_PHONE, "502 555 0177");
  other.set_operation_id(kTestOperation);
  world_.MustSubmit("nd-bci", EnterActivity(other));
  v1::Activity outside = MakeActivity(3);
  outside.set_mode(v1::OPERATION_MODE_EXERCISE);
  world_.MustSubmit("outsider", EnterActivity(outside));
  ASSERT_THAT(ConflictsTo(world_, "lead"), SizeIs(1));
  EXPECT_THAT(ConflictsTo(world_, "lead")[0].matched_target_kinds(), IsEmpty());
  EXPECT_EQ(ConflictsTo(world_, "lead")[0].parties(0).contact_name(), activity_.contact_name());
  EXPECT_THAT(ConflictsTo(world_, "auditor"), SizeIs(3));
  EXPECT_THAT(ConflictsTo(world_, "watch-desk"), SizeIs(3));
  EXPECT_EQ(world_.Submit("lead", ResolveConflict(ConflictsTo(world_, "lead")[0].conflict_id())).rejected().reason(),
            v1::ERROR_REASON_NOT_FOUND);
  // The outsider is told of two conflicts, and of no operation.
  EXPECT_THAT(AlertsTo(world_, "outsider"), SizeIs(2));
  EXPECT_FALSE(absl::StrContains(world_.FeedBytes("outsider"), kTestOperation));
}

// ---- Non-interference --------------------------------------------------------------------------------------------

TEST_F(OperationActivity, C7WhetherThereAreTargetsChangesNoByteForTheLeadAndOthers) {
  World without;
  SetUpOperation(&without);
  v1::Activity bare = activity_;
  bare.clear_targets();
  bare.clear_reasonable_suspicion_reference();
  without.MustSubmit("ky-ago", EnterActivity(bare));
  Enter();
  v1::ActivityRecord asked;
  asked.set_agency_id("ky-ago");
  *asked.mutable_activity() = activity_;
  for (const char* agency_id : {"lead", "auditor", "observer", "outsider", "victim-services"}) {
    EXPECT_EQ(EverythingOf(world_, agency_id, {asked}, {}), EverythingOf(without, agency_id, {asked}, {})) << agency_id;
  }
}

// What bravo and others do, with or without a SEALED activity of alpha that collides with bravo's in every way.
void LiveBesideASealedActivity(World* world, bool with_sealed) {
  SetUpAgencies(world, /*with_desk=*/false);
  v1::Submission auditor = RegisterAgency("auditor");
  world->MustSubmit(kRegistrar, auditor);
  v1::Activity sealed = MakeActivity(1);
  sealed.set_sensitivity(v1::SENSITIVITY_SEALED);
  AddTarget(&sealed, v1::TARGET_KIND_PHONE, "502 555 0177", "", {"bravo", "charlie"});
  if (with_sealed) world->MustSubmit("alpha", EnterActivity(sealed));
  v1::Activity b = MakeActivity(2);
  AddTarget(&b, v1::TARGET_KIND_PHONE, "+15025550177");
  world->MustSubmit("bravo", EnterActivity(b));
  SetWindow(&b, 4, 7);
  world->MustSubmit("bravo", AmendActivity(b));
  if (with_sealed) {
    MoveNorth(&sealed, 10);
    world->MustSubmit("alpha", AmendActivity(sealed));
  }
  const std::string hidden = ConflictIdOf(ActivityName("alpha", EntryId(1)), ActivityName("bravo", EntryId(2)));
  world->Submit("bravo", AdvanceConflict(hidden, v1::CONFLICT_STATE_NOTIFIED));
  world->Submit("bravo", ResolveConflict(hidden));
  world->MustSubmit("charlie", EnterActivity(MakeActivity(3)));
  world->AdvanceTo(FromProto(b.window().start()));  // Past respond_by.
  world->MustSubmit("bravo", CancelActivity(b));
  world->AdvanceTo(FromProto(b.window().end()) + absl::Hours(24 * 91));
}

TEST(Sealed, C7TheCounterpartReceivesTheSameBytesAsIfItDidNotExist) {
  World with, without;
  LiveBesideASealedActivity(&with, true);
  LiveBesideASealedActivity(&without, false);
  ASSERT_GT(with.state().activities().conflicts().size(), without.state().activities().conflicts().size());
  std::vector<v1::ActivityRecord> activities;
  for (const auto& [name, activity] : with.state().activities().activities()) activities.push_back(activity.record);
  std::vector<std::string> conflicts = {"c-none"};
  for (const auto& [id, conflict] : with.state().activities().conflicts()) conflicts.push_back(id);
  for (const char* agency_id : {"bravo", "charlie", "auditor"}) {
    EXPECT_EQ(EverythingOf(with, agency_id, activities, conflicts),
              EverythingOf(without, agency_id, activities, conflicts))
        << agency_id;
  }
}

TEST(Sealed, C7TheCounterpartsOutcomesAreTheSame) {
  World with, without;
  for (World* world : {&with, &without}) SetUpAgencies(world);
  v1::Activity sealed = MakeActivity(1);
  sealed.set_sensitivity(v1::SENSITIVITY_SEALED);
  with.MustSubmit("alpha", EnterActivity(sealed));
  const std::string hidden = ConflictIdOf(ActivityName("alpha", EntryId(1)), ActivityName("bravo", EntryId(2)));
  for (const v1::Submission& submission :
       {EnterActivity(MakeActivity(2)), AmendActivity(MakeActivity(2)), ResolveConflict(hidden),
        AdvanceConflict(hidden, v1::CONFLICT_STATE_CONTACT_MADE), CancelActivity(sealed, "alpha"),
        CancelActivity(MakeActivity(2))}) {
    EXPECT_EQ(with.Submit("bravo", submission).SerializeAsString(),
              without.Submit("bravo", submission).SerializeAsString());
  }
  EXPECT_EQ(with.FeedBytes("bravo"), without.FeedBytes("bravo"));
}

TEST(Sealed, C7TheOwnerAndItsWatchDeskAreTold) {
  World world;
  SetUpAgencies(&world);
  v1::Activity sealed = MakeActivity(1);
  sealed.set_sensitivity(v1::SENSITIVITY_SEALED);
  world.MustSubmit("alpha", EnterActivity(sealed));
  world.MustSubmit("bravo", EnterActivity(MakeActivity(2)));
  ASSERT_THAT(AlertsTo(world, "alpha"), SizeIs(1));
  EXPECT_EQ(AlertsTo(world, "alpha")[0].other_agency_id(), "bravo");
  EXPECT_THAT(ConflictsTo(world, "desk"), SizeIs(1));
  EXPECT_THAT(AlertsTo(world, "bravo"), IsEmpty());
  world.MustSubmit("desk", ResolveConflict(OnlyConflict(world).conflict_id()));
}

TEST(Sealed, C7TheOtherSidesWatchDeskAndTheDisclosureListsLearnNothing) {
  World world;
  SetUpPlanning(&world);
  SetUpAgencies(&world);
  v1::Activity sealed = MakeActivity(1);
  sealed.set_sensitivity(v1::SENSITIVITY_SEALED);
  sealed.set_mode(v1::OPERATION_MODE_EXERCISE);
  world.MustSubmit("alpha", EnterActivity(sealed));
  v1::Activity open = MakeActivity(2);
  open.set_operation_id(kTestOperation);
  world.MustSubmit("ky-ago", EnterActivity(open));
  EXPECT_THAT(ConflictsTo(world, "desk"), SizeIs(1));
  for (const char* agency_id : {"watch-desk", "lead", "auditor"}) {
    EXPECT_THAT(ConflictsTo(world, agency_id), IsEmpty()) << agency_id;
    EXPECT_THAT(ActivitiesTo(world, agency_id), SizeIs(1)) << agency_id;
  }
  for (const DisclosureLog* log : {&world.state().disclosures(), &world.operation().disclosures()}) {
    for (const storage::v1::DisclosureImage& disclosure : log->disclosures()) {
      EXPECT_NE(disclosure.object_class(), v1::OBJECT_CLASS_CONFLICT_ALERT);
      EXPECT_NE(disclosure.object_id(), sealed.activity_id());
    }
  }
  EXPECT_FALSE(world.state().sealed_disclosures().disclosures().empty());
}

TEST(Sealed, C7AnActivityThatOthersKnowOfCannotBecomeSealed) {
  World world;
  SetUpAgencies(&world);
  v1::Activity activity = MakeActivity(1);
  world.MustSubmit("alpha", EnterActivity(activity));
  activity.set_sensitivity(v1::SENSITIVITY_SEALED);
  EXPECT_EQ(world.Submit("alpha", AmendActivity(activity)).rejected().rule(), "C7");
}

TEST_F(OperationActivity, V4WhoJoinsLateIsToldAndThatIsOnRecord) {
  world_.MustSubmit("lead", RemoveParticipant("ky-prosecutor"));
  Enter();
  const size_t before = world_.operation().disclosures().disclosures().size();
  world_.MustSubmit("lead", SetParticipant("ky-prosecutor", v1::ROLE_PROSECUTOR, {"ky-1"}));
  ASSERT_EQ(ActivitiesTo(world_, "ky-prosecutor").size(), 1);
  const auto& log = world_.operation().disclosures().disclosures();
  const auto is_it = [this](const storage::v1::DisclosureImage& one) {
    return one.object_class() == v1::OBJECT_CLASS_ACTIVITY && one.object_id() == activity_.activity_id() &&
           one.why() == activity_.reasonable_suspicion_reference();
  };
  EXPECT_EQ(std::count_if(log.begin() + static_cast<std::ptrdiff_t>(before), log.end(), is_it), 1);
}

TEST(Desk, C7AnAmendmentByTheWatchDeskLeavesTheTargetsAsTheyAre) {
  World world;
  SetUpAgencies(&world);
  v1::Activity activity = MakeActivity(1);
  activity.set_location_verified(false);
  AddTarget(&activity, v1::TARGET_KIND_PHONE, "+15025550199");
  world.MustSubmit("alpha", EnterActivity(activity));
  v1::Activity seen = activity;  // As the desk would send it back: verified, without what it may not read.
  seen.set_location_verified(true);
  seen.clear_targets();
  seen.clear_reasonable_suspicion_reference();
  world.MustSubmit("desk", AmendActivity(seen, "alpha"));
  v1::GetActivityRequest request;
  request.set_activity_id(activity.activity_id());
  v1::GetActivityResponse response;
  ASSERT_TRUE(Ask(world, "alpha", "GetActivity", request, &response).ok());
  EXPECT_TRUE(response.activity().activity().location_verified());
  ASSERT_EQ(response.activity().activity().targets_size(), 1);
  EXPECT_EQ(response.activity().activity().targets(0).value(), "+15025550199");
  EXPECT_FALSE(response.activity().activity().reasonable_suspicion_reference().empty());
}

TEST(Sealed, C7ASealedActivityCannotBeOpened) {
  World world;
  SetUpAgencies(&world);
  v1::Activity activity = MakeActivity(1);
  activity.set_sensitivity(v1::SENSITIVITY_SEALED);
  world.MustSubmit("alpha", EnterActivity(activity));
  activity.set_sensitivity(v1::SENSITIVITY_NORMAL);
  EXPECT_EQ(world.Submit("alpha", AmendActivity(activity)).rejected().rule(), "C7");
  EXPECT_EQ(world.Submit("desk", AmendActivity(activity, "alpha")).rejected().rule(), "C7");
}

}  // namespace
}  // namespace muster
