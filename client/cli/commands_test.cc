// What commands send and how they end, against a broker of the test's.
#include <string>
#include <vector>

#include "client/cli/activity_flags.h"
#include "client/cli/testing/fake_broker.h"
#include "common/clock.h"
#include "common/error_reason.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr char kOp[] = "united-front-2021";
constexpr char kId[] = "0197f3e0-7a3c-7bbb-8d3f-9a0b1c2d3e4f";

std::vector<std::string> EnterWords(std::vector<std::string> more = {}) {
  std::vector<std::string> words = {
      "activity", "enter",        "--kind",    "search-warrant", "--start", "2021-08-26T22:00:00Z", "--for", "3h",
      "--at",     "38.25,-85.75", "--contact", "Sgt. Roe",       "--phone", "+15025550100"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

v1::EnterActivityResponse Answer(v1::DeconflictionVerdict verdict) {
  v1::EnterActivityResponse response;
  response.mutable_outcome()->set_cursor("\x0a\x1b");
  response.mutable_outcome()->mutable_accepted()->mutable_deconfliction()->set_verdict(verdict);
  return response;
}

TEST(ActivityEnter, C6ClearSaysAsOfWhichCursorAndEndsWithZero) {
  FakeBroker broker;
  broker.Answers("DeconflictionService/EnterActivity", Answer(v1::DECONFLICTION_VERDICT_CLEAR));
  const Ended ended = broker.Run(EnterWords({"--verified"}));
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, StartsWith("CLEAR as of 0a1b\n"));
}

TEST(ActivityEnter, C7AConflictSaysFirstWhomToCallAndEndsWithItsOwnCode) {
  FakeBroker broker;
  v1::EnterActivityResponse response = Answer(v1::DECONFLICTION_VERDICT_CONFLICT);
  v1::Alert* alert = response.mutable_outcome()->mutable_accepted()->mutable_deconfliction()->add_alerts();
  alert->set_conflict_id("c-17");
  alert->set_state(v1::CONFLICT_STATE_OPEN);
  alert->set_other_agency_id("ky-isp");
  alert->set_other_contact_name("Lt. Doe\x1b[2J");
  alert->set_other_contact_phone_24h("+15025550111");
  alert->mutable_respond_by()->set_seconds(1630009800);
  broker.Answers("DeconflictionService/EnterActivity", response);
  const Ended ended = broker.Run(EnterWords());
  EXPECT_EQ(ended.code, 10);
  EXPECT_THAT(ended.out, StartsWith("CONFLICT with ky-isp: call Lt. Doe\\x1b[2J +15025550111 before "
                                    "2021-08-26T20:30:00Z (conflict c-17)\n"));
  const Ended json = broker.Run(EnterWords({"-o", "json"}));
  EXPECT_EQ(json.code, 10) << "a script that reads JSON is warned too";
  EXPECT_THAT(json.out, HasSubstr("DECONFLICTION_VERDICT_CONFLICT"));
}

TEST(ActivityEnter, C5IndeterminateIsNeitherClearNorSilent) {
  FakeBroker broker;
  v1::EnterActivityResponse response = Answer(v1::DECONFLICTION_VERDICT_INDETERMINATE);
  response.mutable_outcome()->mutable_accepted()->mutable_deconfliction()->add_indeterminate(
      v1::INDETERMINATE_REASON_LOCATION_NOT_VERIFIED);
  broker.Answers("DeconflictionService/EnterActivity", response);
  const Ended ended = broker.Run(EnterWords());
  EXPECT_EQ(ended.code, 11);
  EXPECT_THAT(ended.out, StartsWith("INDETERMINATE: the location is not verified; the watch desk has been told\n"));
}

TEST(ActivityEnter, AnAnswerThatIsNotKnownIsNotTakenForClear) {
  FakeBroker broker;
  const Ended ended = broker.Run(EnterWords());
  EXPECT_EQ(ended.code, 11);
  EXPECT_THAT(ended.out, HasSubstr("do not take it for CLEAR"));
}

TEST(ActivityEnter, SendsWhatTheFlagsSay) {
  FakeBroker broker;
  broker.Run(EnterWords({"--radius-ft", "950", "--sealed", "--target", "plate=ABC 123@KY", "--target",
                         "address=1 Main St, Apt 2", "--target", "email=a@b.example", "--suspicion-reference", "R-1",
                         "--late-reason", "moved up"}));
  const auto request = broker.Got<v1::EnterActivityRequest>("DeconflictionService/EnterActivity");
  const v1::Activity& activity = request.entry().activity();
  EXPECT_EQ(activity.activity_id(), request.submission_id()) << "repeating by hand means the same activity";
  EXPECT_EQ(FromProto(activity.window().end()) - FromProto(activity.window().start()), absl::Hours(3));
  EXPECT_NEAR(activity.radius_m(), 289.56, 1e-9);
  EXPECT_DOUBLE_EQ(activity.center().longitude(), -85.75);
  EXPECT_FALSE(activity.location_verified());
  EXPECT_EQ(activity.sensitivity(), v1::SENSITIVITY_SEALED);
  ASSERT_EQ(activity.targets_size(), 3);
  EXPECT_EQ(activity.targets(0).value(), "ABC 123");
  EXPECT_EQ(activity.targets(0).state(), "KY");
  EXPECT_EQ(activity.targets(1).value(), "1 Main St, Apt 2");
  EXPECT_EQ(activity.targets(2).value(), "a@b.example") << "only a plate has a state";
  EXPECT_EQ(request.entry().late_entry_reason(), "moved up");
}

TEST(ActivityAmend, C4ReadsTheRecordAndChangesOnlyWhatTheFlagsSay) {
  FakeBroker broker;
  v1::GetActivityResponse current;
  v1::Activity* held = current.mutable_activity()->mutable_activity();
  held->set_activity_id(kId);
  held->set_kind(v1::ACTIVITY_KIND_RAID);
  held->set_contact_name("Sgt. Roe");
  held->set_contact_phone_24h("+15025550100");
  held->set_sensitivity(v1::SENSITIVITY_SEALED);
  held->set_reasonable_suspicion_reference("R-1");
  held->mutable_window()->mutable_start()->set_seconds(1630000000);
  held->mutable_window()->mutable_end()->set_seconds(1630003600);
  held->add_targets()->set_kind(v1::TARGET_KIND_PHONE);
  held->mutable_targets(0)->set_value("+15025550199");
  broker.Answers("DeconflictionService/GetActivity", current);
  broker.Run({"activity", "amend", kId, "--for", "2h", "--verified", "--reason", "checked"});
  auto sent = broker.Got<v1::AmendActivityRequest>("DeconflictionService/AmendActivity").amendment();
  EXPECT_EQ(sent.activity().window().end().seconds(), 1630007200);
  EXPECT_TRUE(sent.activity().location_verified());
  EXPECT_EQ(sent.activity().sensitivity(), v1::SENSITIVITY_SEALED);
  EXPECT_EQ(sent.activity().targets_size(), 1);
  EXPECT_EQ(sent.reason(), "checked");

  broker.Run({"activity", "amend", kId, "--target", "vin=1HGCM82633A004352", "--not-sealed", "--reason", "r"});
  sent = broker.Got<v1::AmendActivityRequest>("DeconflictionService/AmendActivity").amendment();
  ASSERT_EQ(sent.activity().targets_size(), 1);
  EXPECT_EQ(sent.activity().targets(0).kind(), v1::TARGET_KIND_VIN);
  EXPECT_EQ(sent.activity().sensitivity(), v1::SENSITIVITY_NORMAL);
}

TEST(ActivityAmend, WhoIsNotShownTheTargetsSendsNone) {
  FakeBroker broker;
  v1::GetActivityResponse current;
  current.mutable_activity()->set_redacted(true);
  v1::Activity* held = current.mutable_activity()->mutable_activity();
  held->set_activity_id(kId);
  held->set_kind(v1::ACTIVITY_KIND_RAID);
  held->set_contact_name("Sgt. Roe");
  held->set_contact_phone_24h("+15025550100");
  held->set_sensitivity(v1::SENSITIVITY_NORMAL);
  held->add_targets()->set_kind(v1::TARGET_KIND_PHONE);  // The broker leaves what a desk does not see as it is.
  broker.Answers("DeconflictionService/GetActivity", current);
  broker.Run({"activity", "amend", kId, "--agency", "ky-ksp", "--verified", "--reason", "r"});
  const auto sent = broker.Got<v1::AmendActivityRequest>("DeconflictionService/AmendActivity").amendment();
  EXPECT_TRUE(sent.activity().location_verified());
  EXPECT_EQ(sent.activity().targets_size(), 0);
}

TEST(Flags, NonsenseIsNamedAndNothingIsSent) {
  const struct {
    std::vector<std::string> words;
    const char* message;
  } table[] = {
      {EnterWords({"--end", "2021-08-27T01:00:00Z"}), "--end excludes --for"},
      {{"activity", "enter", "--at", "38.25"}, "LATITUDE,LONGITUDE"},
      {{"activity", "enter", "--at", "98,0"}, "LATITUDE,LONGITUDE"},
      {{"activity", "enter", "--at", "nan,0"}, "LATITUDE,LONGITUDE"},
      {{"activity", "enter", "--for", "1h"}, "--for counts from --start"},
      {{"activity", "enter", "--for", "-1h"}, "is not a length of time"},
      {{"activity", "enter", "--radius-m", "-5"}, "is not a number above 0"},
      {{"activity", "enter", "--radius-m", "5", "--radius-ft", "5"}, "excludes"},
      {{"activity", "enter", "--target", "shoe=42"}, "is none of: phone, plate"},
      {{"activity", "enter", "--target", "phone"}, "is not KIND=VALUE"},
      {{"activity", "enter", "--kind", "party"}, "is none of: search-warrant"},
      {{"activity", "enter", "--start", "tonight"}, "is not a time such as"},
      {{"activity", "amend", kId, "--reason", "r"}, "say what changes"},
      {{"conflict", "resolve", "c-1", "--outcome", "maybe", "--text", "t"}, "is none of: proceed, joint"},
      {{"readiness", "set-h-hour", kOp, "22:00"}, "is not a time such as"},
      {{"readiness", "report", kOp, "ky-1", "not-ready"}, "needs a --reason"},
      {{"readiness", "report", kOp, "ky-1", "ready", "--plan-version", "3"}, "go together"},
      {{"readiness", "report", kOp, "ky-1", "maybe"}, "is none of: unknown, not-ready, ready"},
      {{"go", "approve", kOp, "--epoch", "two"}, "is not a whole number"},
      {{"release", "preview", kOp, "--cell", "shoes"}, "is none of: arrests"},
      {{"release", "preview", kOp, "--cell", "persons:"}, "is not FIGURE or FIGURE:STATE"},
      {{"release", "approve", kOp, "first", "--override-by", "AG Moe"}, "go together"},
      {{"victims", "notice", kOp, "--earliest", "2021-13-01", "--max", "1", "--states", "KY"}, "is not a day"},
      {{"victims", "notice", kOp, "--gender", "female", "--max", "1", "--states", "KY"}, "is not GENDER=PERSONS"},
      {{"victims", "counts", kOp, "--offered", "-3"}, "is not a whole number"},
      {{"agency", "operator", "mo-ago", "jane-roe", "--name", "Jane"}, "--certificate FILE or --key-sha256 HEX"},
      {{"claim", "record", kOp, "--figure", "persons", "--value", "9", "--source", "s", "--part", "x=1"}, "is none of"},
  };
  for (const auto& [words, message] : table) {
    FakeBroker broker;
    const Ended ended = broker.Run(words);
    EXPECT_EQ(ended.code, 2) << message << "\n" << ended.err;
    EXPECT_THAT(ended.err, HasSubstr(message));
    EXPECT_TRUE(broker.calls().empty()) << message;
  }
}

TEST(Flags, AnEscapeSequenceInAFlagDoesNotComeBackToTheTerminal) {
  FakeBroker broker;
  for (const char* flag : {"--at", "--for", "--radius-m", "--target", "--kind", "--start"}) {
    EXPECT_THAT(broker.Run({"activity", "enter", flag, "\x1b[2J"}).err, Not(HasSubstr("\x1b"))) << flag;
  }
}

v1::GetReadinessBoardResponse Board() {
  v1::GetReadinessBoardResponse board;
  board.mutable_board()->mutable_h_hour()->set_epoch(2);
  return board;
}

TEST(Readiness, G1ReadyNamesTheEpochAndThePlanThatAreThere) {
  FakeBroker broker;
  broker.Answers("ReadinessService/GetReadinessBoard", Board());
  v1::GetPlanResponse plan;
  plan.mutable_plan()->set_version(3);
  plan.mutable_plan()->set_content_sha256(std::string(64, 'a'));
  broker.Answers("PlanService/GetPlan", plan);
  EXPECT_EQ(broker.Run({"readiness", "report", kOp, "ky-1", "ready"}).code, 0);
  const auto sent = broker.Got<v1::ReportReadinessRequest>("ReadinessService/ReportReadiness").report();
  EXPECT_EQ(sent.epoch(), 2u);
  EXPECT_EQ(sent.plan_version(), 3u);
  EXPECT_EQ(sent.plan_content_sha256(), std::string(64, 'a'));
}

TEST(Readiness, G2HoldAndAbortNeedNothingButAReason) {
  FakeBroker broker;
  broker.Answers("ReadinessService/GetReadinessBoard", Board());
  EXPECT_EQ(broker.Run({"abort", "call", kOp, "--reason", "leaked"}).code, 0);
  EXPECT_EQ(broker.Got<v1::CallAbortRequest>("ReadinessService/CallAbort").abort().epoch(), 2u);
  EXPECT_EQ(broker.Run({"hold", "call", kOp, "--site", "ky-1", "--epoch", "1", "--reason", "wait"}).code, 0);
  const auto hold = broker.Got<v1::CallHoldRequest>("ReadinessService/CallHold").hold();
  EXPECT_EQ(hold.epoch(), 1u) << "what was said goes before what is on the board";
  EXPECT_EQ(hold.site_id(), "ky-1");
}

TEST(Readiness, WithoutAnHHourThereIsNoEpochToSpeakOf) {
  FakeBroker broker;
  const Ended ended = broker.Run({"go", "approve", kOp});
  EXPECT_EQ(ended.code, 6);
  EXPECT_THAT(ended.err, HasSubstr("has no H-hour yet"));
}

TEST(Go, OnePersonsApprovalIsNotGo) {
  FakeBroker broker;
  broker.Answers("ReadinessService/GetReadinessBoard", Board());
  EXPECT_THAT(broker.Run({"go", "approve", kOp, "--plan-version", "3"}).out, StartsWith("GO: not given"));
  v1::ApproveGoResponse given;
  given.mutable_outcome()->mutable_accepted()->set_go_given(true);
  broker.Answers("ReadinessService/ApproveGo", given);
  EXPECT_THAT(broker.Run({"go", "approve", kOp, "--plan-version", "3"}).out, StartsWith("*** GO ***\n"));
}

TEST(Banner, AnExerciseSaysSoAfterAChangeToo) {
  FakeBroker broker;
  v1::GetOperationResponse operation;
  operation.mutable_operation()->mutable_operation()->set_mode(v1::OPERATION_MODE_EXERCISE);
  broker.Answers("OperationService/GetOperation", operation);
  broker.Answers("ReadinessService/GetReadinessBoard", Board());
  EXPECT_THAT(broker.Run({"abort", "call", kOp, "--reason", "r"}).err, HasSubstr("*** EXERCISE ***\n"));
  EXPECT_THAT(broker.Run({"tally", "list", kOp, "-o", "csv"}).err, HasSubstr("*** EXERCISE ***\n"));
  const Ended json = broker.Run({"tally", "list", kOp, "-o", "json"});
  EXPECT_EQ(json.err, "") << "for programs";
  EXPECT_THAT(json.out, HasSubstr("\"mode\":\"OPERATION_MODE_EXERCISE\""));
  operation.mutable_operation()->mutable_operation()->set_mode(v1::OPERATION_MODE_TEST);
  broker.Answers("OperationService/GetOperation", operation);
  EXPECT_THAT(broker.Run({"tally", "list", kOp}).err, HasSubstr("*** TEST ***\n"));
}

TEST(Banner, V2VictimServicesSeeItThoughTheyMayNotReadTheOperation) {
  FakeBroker broker;
  broker.Refuses("OperationService/GetOperation", Refusal(v1::ERROR_REASON_NOT_PERMITTED, "no"));
  v1::GetVictimServicesResponse services;
  services.set_mode(v1::OPERATION_MODE_EXERCISE);
  broker.Answers("VictimServicesService/GetVictimServices", services);
  const Ended ended = broker.Run({"victims", "capacity", kOp, "--beds", "12"});
  EXPECT_EQ(ended.code, 0);
  EXPECT_EQ(ended.err, "*** EXERCISE ***\n");
  const Ended quiet = broker.Run({"tally", "list", kOp});
  EXPECT_EQ(quiet.code, 0) << "a banner that cannot be had is no error";
  EXPECT_EQ(quiet.err, "");
}

TEST(Banner, AConflictBetweenExercisesSaysSo) {
  FakeBroker broker;
  v1::GetConflictResponse conflict;
  conflict.add_views()->mutable_alert()->set_mode(v1::OPERATION_MODE_EXERCISE);
  broker.Answers("DeconflictionService/GetConflict", conflict);
  EXPECT_THAT(broker.Run({"conflict", "own", "c-1"}).err, HasSubstr("*** EXERCISE ***\n"));
  EXPECT_THAT(broker.Run({"conflict", "show", "c-1"}).err, HasSubstr("*** EXERCISE ***\n"));
}

TEST(Victims, V1AReferralsTicketIsShown) {
  FakeBroker broker;
  v1::RequestReferralResponse response;
  response.mutable_outcome()->mutable_accepted()->set_referral_ticket("0123456789abcdef0123456789abcdef");
  broker.Answers("VictimServicesService/RequestReferral", response);
  const Ended ended =
      broker.Run({"victims", "refer", kOp, "--to", "haven-ky", "--needs", "shelter,medical", "--minor"});
  EXPECT_THAT(ended.out, HasSubstr("0123456789abcdef0123456789abcdef"));
  const auto sent = broker.Got<v1::RequestReferralRequest>("VictimServicesService/RequestReferral").referral();
  EXPECT_THAT(sent.needs(), ElementsAre(v1::VICTIM_NEED_SHELTER, v1::VICTIM_NEED_MEDICAL));
  EXPECT_TRUE(sent.minor());
}

}  // namespace
}  // namespace muster::cli
