// How the coordination views look: readiness, conflicts, releases, claims, victim services, access, and notices.
#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "client/cli/access_view.h"
#include "client/cli/activity_view.h"
#include "client/cli/claim_view.h"
#include "client/cli/conflict_view.h"
#include "client/cli/notice_text.h"
#include "client/cli/printer.h"
#include "client/cli/readiness_view.h"
#include "client/cli/release_view.h"
#include "client/cli/totals_view.h"
#include "client/cli/victims_view.h"
#include "common/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/v1/submission.pb.h"

namespace muster::cli {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string Show(const View& view, OutputFormat format = OutputFormat::kTable, std::string* err = nullptr) {
  std::ostringstream out;
  std::ostringstream errors;
  Printer printer(&out, &errors);
  printer.set_format(format);
  printer.Print(view);
  if (err != nullptr) *err = errors.str();
  return out.str();
}

// 2021-08-26 22:00 CDT, the H-hour of rule G5.
constexpr int64_t kHHourSeconds = 1630033200;

v1::GetReadinessBoardResponse Board() {
  v1::GetReadinessBoardResponse response;
  v1::ReadinessBoard* board = response.mutable_board();
  board->set_operation_id("united-front-2021");
  board->set_mode(v1::OPERATION_MODE_EXERCISE);
  board->set_phase(v1::OPERATION_PHASE_ARMED);
  board->mutable_h_hour()->mutable_at()->set_seconds(kHHourSeconds);
  board->mutable_h_hour()->set_epoch(2);
  v1::SiteReadiness* louisville = board->add_sites();
  louisville->set_site_id("ky-louisville");
  louisville->set_state("KY");
  louisville->set_status(v1::READINESS_STATUS_READY);
  v1::AgencyReadiness* ksp = louisville->add_agencies();
  ksp->set_agency_id("ky-ksp");
  ksp->set_status(v1::READINESS_STATUS_READY);
  ksp->set_plan_version(3);
  v1::SiteReadiness* joplin = board->add_sites();
  joplin->set_site_id("mo-joplin");
  joplin->set_status(v1::READINESS_STATUS_NOT_READY);
  joplin->mutable_waiver()->set_approver_name("Col. Poe");
  joplin->mutable_waiver()->set_reason("covered");
  return response;
}

std::vector<v1::Site> Sites() {
  std::vector<v1::Site> sites(2);
  sites[0].set_site_id("ky-louisville");
  sites[0].set_time_zone("America/New_York");
  sites[1].set_site_id("mo-joplin");
  sites[1].set_time_zone("America/Chicago");
  return sites;
}

TEST(Board, G5TheHHourStandsOnEverySitesOwnClocks) {
  const v1::GetReadinessBoardResponse response = Board();
  const absl::Time now = absl::FromUnixSeconds(kHHourSeconds) - absl::Hours(2) - absl::Minutes(5);
  std::string err;
  const std::string table = Show(BoardView(response, Sites(), now), OutputFormat::kTable, &err);
  EXPECT_THAT(table, HasSubstr("H-hour 2021-08-27T03:00:00Z, in 2h5m (epoch 2)\n"));
  EXPECT_THAT(table, HasSubstr("2021-08-26 23:00 EDT, 2021-08-26 22:00 CDT\n"));
  EXPECT_THAT(table, HasSubstr("1 of 2 required sites ready, 1 waived\n"));
  EXPECT_THAT(table, ContainsRegex("ky-louisville +KY +ready +required +2021-08-26 23:00 EDT +ky-ksp ready for plan "
                                   "version 3\n"));
  EXPECT_THAT(table,
              ContainsRegex("mo-joplin +not-ready +required +2021-08-26 22:00 CDT +waived by Col. Poe: covered"));
  EXPECT_EQ(err, "*** EXERCISE ***\n");
}

TEST(Board, WithoutKnownSitesItShowsTheFourZones) {
  const std::string table = Show(BoardView(Board(), {}, absl::FromUnixSeconds(kHHourSeconds + 75)));
  EXPECT_THAT(table, HasSubstr("23:00 EDT, 2021-08-26 22:00 CDT, 2021-08-26 21:00 MDT, 2021-08-26 20:00 PDT"));
  EXPECT_THAT(table, HasSubstr("1m15s ago"));
}

TEST(Board, G2TheLineOfTheOrderSaysWhatItIs) {
  v1::GoOrder go;
  go.set_epoch(2);
  go.set_state(v1::GO_STATE_NOT_GIVEN);
  EXPECT_EQ(GoLine(go), "GO: not given");
  go.set_state(v1::GO_STATE_PROPOSED);
  go.add_approvals()->set_operator_name("Jane Roe");
  EXPECT_EQ(GoLine(go), "GO: not given; approved by Jane Roe, waiting for a second person");
  go.set_state(v1::GO_STATE_GIVEN);
  EXPECT_THAT(GoLine(go), StartsWith("*** GO ***"));
  go.set_reason("leaked");
  go.set_state(v1::GO_STATE_HELD);
  EXPECT_EQ(GoLine(go), "*** HOLD ***: leaked");
  go.set_state(v1::GO_STATE_ABORTED);
  EXPECT_EQ(GoLine(go), "*** ABORTED ***: leaked (final for epoch 2)");
}

TEST(Conflicts, APartySeesWhomToCallAndADeskBothSides) {
  v1::ListConflictsResponse response;
  v1::Alert* alert = response.add_conflicts()->mutable_alert();
  alert->set_conflict_id("c-1");
  alert->set_state(v1::CONFLICT_STATE_OPEN);
  alert->add_kinds(v1::CONFLICT_KIND_ACTIVITY);
  alert->set_other_agency_id("ky-isp");
  alert->set_other_contact_name("Lt. Doe");
  alert->set_other_contact_phone_24h("+15025550111");
  alert->set_distance(v1::DISTANCE_BAND_WITHIN_1_KM);
  v1::ConflictRecord* record = response.add_conflicts()->mutable_conflict();
  record->set_conflict_id("c-2");
  record->set_state(v1::CONFLICT_STATE_OWNED);
  record->set_owner_agency_id("riss");
  record->set_mode(v1::OPERATION_MODE_TEST);
  for (const char* agency : {"ky-ksp", "tn-tbi"}) record->add_parties()->set_agency_id(agency);
  record->mutable_parties(0)->set_told(true);
  std::string err;
  const std::string table = Show(ConflictsView(response), OutputFormat::kTable, &err);
  EXPECT_THAT(table, ContainsRegex("c-1 +open +activity +ky-isp: Lt. Doe \\+15025550111 +within-1-km"));
  EXPECT_THAT(table, HasSubstr("tn-tbi:   (is not told)")) << "rule C7: the sealed one's counterpart";
  EXPECT_EQ(err, "*** TEST ***\n");
  EXPECT_EQ(AlertText(*alert), "CONFLICT with ky-isp: call Lt. Doe +15025550111 (conflict c-1)");
  alert->set_state(v1::CONFLICT_STATE_RESOLVED);
  alert->set_resolution(v1::CONFLICT_RESOLUTION_JOINT);
  EXPECT_EQ(AlertText(*alert), "conflict c-1 with ky-isp is resolved (joint)");
}

TEST(Releases, S1SmallAndHiddenCellsShowWhatTheyAreAndNoNumber) {
  v1::GetReleaseResponse response;
  v1::Release* release = response.mutable_release();
  release->set_state(v1::RELEASE_STATE_CHECKED);
  const auto add = [release](const char* state) {
    v1::ReleaseCell* cell = release->add_cells();
    cell->mutable_name()->set_figure(v1::FIGURE_KIND_PERSONS);
    cell->mutable_name()->set_state(state);
    return cell;
  };
  add("")->set_value(47);
  add("KY")->set_suppressed_below(11);
  add("TN")->set_withheld(true);
  add("IA")->set_not_reported(true);
  add("WI")->set_value(0);
  const std::string table = Show(ReleaseView(response));
  EXPECT_THAT(table, ContainsRegex("persons +all +47\n"));
  EXPECT_THAT(table, ContainsRegex("persons +KY +<11\n"));
  EXPECT_THAT(table, ContainsRegex("persons +TN +withheld\n"));
  EXPECT_THAT(table, ContainsRegex("persons +IA +not reported\n")) << "rule T3";
  EXPECT_THAT(table, ContainsRegex("persons +WI +0\n"));
}

TEST(Releases, S2APreviewSaysWhatIsRefusedAndWhatToWithhold) {
  v1::PreviewReleaseResponse response;
  EXPECT_THAT(Show(PreviewView(response)), StartsWith("this would pass its check\n"));
  response.add_findings("S2: 47 - 45 = 2 minors");
  response.add_suggested_withheld()->set_figure(v1::FIGURE_KIND_ADULTS);
  response.add_suggested_withheld()->set_figure(v1::FIGURE_KIND_PERSONS);
  response.mutable_suggested_withheld(1)->set_state("KY");
  const std::string table = Show(PreviewView(response));
  EXPECT_THAT(table, HasSubstr("this would be REFUSED:\n  S2: 47 - 45 = 2 minors\n"));
  EXPECT_THAT(table, HasSubstr("it passes with --withhold adults,persons:KY\n"));
}

TEST(Claims, T9TheDifferenceStandsBesideTheClaimAndT17NamesTheState) {
  v1::ReconcileResponse response;
  v1::Reconciliation* one = response.add_reconciliations();
  one->mutable_claim()->mutable_claim()->set_figure(v1::FIGURE_KIND_ARRESTS);
  one->mutable_claim()->mutable_claim()->set_source("a newspaper");
  one->mutable_claim()->mutable_claim()->set_value(82);
  one->set_ledger_value(102);
  one->set_difference(-20);
  v1::Explanation* explanation = one->add_explanations();
  explanation->set_kind(v1::EXPLANATION_KIND_STATES);
  explanation->set_difference(-20);
  explanation->add_states("KY");
  response.add_reconciliations()->mutable_claim()->mutable_claim()->set_value(5);
  const std::string table = Show(ReconciliationView(response));
  EXPECT_THAT(table, ContainsRegex("arrests +all +a newspaper +82 +102 +not reported +-20 .*states -20 KY\n"));
  EXPECT_THAT(table, ContainsRegex(" 5 +not reported +not reported +0")) << "rule T3: no difference to nothing";
}

TEST(Totals, T5T7T8T10WhatIsDoubtfulIsSaid) {
  v1::GetTotalsResponse response;
  v1::TallyTotals* totals = response.mutable_totals();
  EXPECT_THAT(Show(TotalsView(response)), Not(HasSubstr("duplicates")));
  totals->set_duplicates_pending(3);
  totals->mutable_arrests_uncategorised()->set_confirmed(4);
  totals->mutable_service_figures()->set_accepted(9);
  totals->add_by_category()->set_category(v1::TALLY_CATEGORY_SERVICE_ACCEPTED);
  totals->mutable_recovered_or_missing()->set_why_unknown("UNKNOWN: they may overlap");
  const std::string table = Show(TotalsView(response));
  EXPECT_THAT(table, HasSubstr("suspected duplicates waiting for a decision: 3"));
  EXPECT_THAT(table, HasSubstr("arrests in no category: 4"));
  EXPECT_THAT(table, HasSubstr("services: offered not reported, accepted 9, declined not reported, pending not "
                               "reported; INCONSISTENT"));
  EXPECT_THAT(table, HasSubstr("together: UNKNOWN: they may overlap\n"));
}

TEST(Totals, S1AnObserverSeesSuppressedCountsAsSuch) {
  v1::GetTotalsResponse response;
  v1::TallyTotals* totals = response.mutable_totals();
  totals->set_victim_counts_withheld(true);
  totals->add_by_state()->set_state("KY");
  totals->add_by_state()->set_state("IA");
  const auto add = [totals](v1::FigureKind kind, const char* state) {
    v1::SuppressedFigure* figure = totals->add_suppressed_victim_counts();
    figure->set_figure(kind);
    figure->set_state(state);
    return figure;
  };
  add(v1::FIGURE_KIND_PERSONS, "")->set_value(47);
  add(v1::FIGURE_KIND_MINORS, "");
  add(v1::FIGURE_KIND_PERSONS, "KY")->set_value(21);
  add(v1::FIGURE_KIND_MINORS, "KY");
  for (const OutputFormat format : {OutputFormat::kTable, OutputFormat::kCsv}) {
    const std::string shown = Show(TotalsView(response), format);
    EXPECT_THAT(shown, ContainsRegex("all[ ,]+persons[ ,]+47"));
    EXPECT_THAT(shown, ContainsRegex("all[ ,]+minors[ ,]+suppressed"));
  }
  const std::string table = Show(TotalsView(response));
  EXPECT_THAT(table, ContainsRegex("KY +not reported +21 +not reported +suppressed +not reported\n"));
  EXPECT_THAT(table, ContainsRegex("IA +not reported +not reported")) << "rule T3: unreported is not suppressed";
}

TEST(Victims, V2TheNoticeTheCapacityAndTheCountsShow) {
  v1::GetVictimServicesResponse response;
  EXPECT_THAT(Show(VictimServicesView(response)), StartsWith("no readiness notice"));
  v1::ReadinessNotice* notice = response.mutable_notice();
  *notice->mutable_earliest() = ParseDate("2021-08-25").value();
  *notice->mutable_latest() = ParseDate("2021-08-29").value();
  notice->set_persons_min(20);
  notice->set_persons_max(60);
  notice->add_states("KY");
  v1::CapacityReport* capacity = response.add_capacities();
  capacity->set_agency_id("haven-ky");
  capacity->mutable_capacity()->set_beds(12);
  capacity->mutable_capacity()->add_languages()->set_language("es");
  capacity->mutable_capacity()->mutable_languages(0)->set_count(2);
  const std::string table = Show(VictimServicesView(response));
  EXPECT_THAT(table,
              StartsWith("victim services: 20 to 60 persons expected, 2021-08-25 to 2021-08-29, in KY; no minors"));
  EXPECT_THAT(table, ContainsRegex("haven-ky +12 +0 +2 es"));
  EXPECT_THAT(Show(VictimServicesView(response), OutputFormat::kCsv), HasSubstr("haven-ky,beds es,2\n"));
  EXPECT_FALSE(ParseDate("2021-02-30").ok());
  EXPECT_FALSE(ParseDate("2021-8-5").ok());
}

TEST(Access, EveryClassShowsTheRuleThatDecided) {
  v1::ExplainAccessResponse response;
  response.set_agency_id("tn-tbi");
  response.set_role(v1::ROLE_PARTICIPANT);
  v1::AccessDecision* decision = response.add_decisions();
  decision->set_object_class(v1::OBJECT_CLASS_TARGET);
  decision->set_form(v1::ACCESS_FORM_NONE);
  decision->set_scope("own");
  decision->set_why("P7: not named for it");
  EXPECT_THAT(Show(AccessView(response)),
              ContainsRegex("tn-tbi as participant\n\n.*\ntarget +none +no +own +P7: not named"));
}

// Fills every field, strings with what a hostile agency would send; of a oneof, the field at `choice`.
void Fill(Message* message, int choice, int depth = 0) {
  const auto* type = message->GetDescriptor();
  const auto* reflection = message->GetReflection();
  constexpr char kHostile[] = "a\x1b]0;owned\x07\n\xe2\x80\xae<b>";
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* field = type->field(i);
    const auto* oneof = field->real_containing_oneof();
    if (oneof != nullptr && oneof->field(choice % oneof->field_count()) != field) continue;
    const bool many = field->is_repeated();
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_MESSAGE:
        if (depth < 6)
          Fill(many ? reflection->AddMessage(message, field) : reflection->MutableMessage(message, field), choice,
               depth + 1);
        break;
      case FieldDescriptor::CPPTYPE_STRING:
        many ? reflection->AddString(message, field, kHostile) : reflection->SetString(message, field, kHostile);
        break;
      case FieldDescriptor::CPPTYPE_ENUM:
        many ? reflection->AddEnumValue(message, field, 1) : reflection->SetEnumValue(message, field, 1);
        break;
      case FieldDescriptor::CPPTYPE_UINT32:
        reflection->SetUInt32(message, field, 7);
        break;
      case FieldDescriptor::CPPTYPE_BOOL:
        reflection->SetBool(message, field, true);
        break;
      default:
        break;
    }
  }
}

template <typename Response>
void ExpectHarmless(View (*view_of)(const Response&)) {
  for (int choice = 0; choice < 4; ++choice) {
    Response response;
    Fill(&response, choice);
    for (const OutputFormat format :
         {OutputFormat::kTable, OutputFormat::kCsv, OutputFormat::kJson, OutputFormat::kJsonLines}) {
      const std::string shown = Show(view_of(response), format);
      EXPECT_EQ(shown.find_first_of("\x1b\x07"), std::string::npos) << shown;
      EXPECT_EQ(shown.find("\xe2\x80\xae"), std::string::npos) << shown;
      EXPECT_NE(shown.find("owned"), std::string::npos) << "nothing of it is shown at all";
    }
  }
}

TEST(Views, NoStringOfTheBrokersSteersTheTerminal) {
  ExpectHarmless<v1::ListActivitiesResponse>(ActivitiesView);
  ExpectHarmless<v1::GetActivityResponse>(ActivityDetailView);
  ExpectHarmless<v1::ListConflictsResponse>(ConflictsView);
  ExpectHarmless<v1::GetConflictResponse>(ConflictDetailView);
  ExpectHarmless<v1::GetReadinessBoardResponse>(
      [](const v1::GetReadinessBoardResponse& board) { return BoardView(board, Sites(), absl::UnixEpoch()); });
  ExpectHarmless<v1::GetReleaseResponse>(ReleaseView);
  ExpectHarmless<v1::ListReleasesResponse>(ReleasesView);
  ExpectHarmless<v1::PreviewReleaseResponse>(PreviewView);
  ExpectHarmless<v1::ReconcileResponse>(ReconciliationView);
  ExpectHarmless<v1::GetVictimServicesResponse>(VictimServicesView);
  ExpectHarmless<v1::ExplainAccessResponse>(AccessView);
  ExpectHarmless<v1::ListDisclosuresResponse>(DisclosuresView);
  ExpectHarmless<v1::ListSuspectedDuplicatesResponse>(DuplicatesView);
  ExpectHarmless<v1::GetTotalsResponse>(TotalsView);
}

TEST(Notices, EveryContentIsOneHarmlessLineThatSaysSomething) {
  const auto* content = v1::Notice::GetDescriptor()->FindOneofByName("content");
  for (int i = 0; i < content->field_count(); ++i) {
    const std::string name = content->field(i)->name();
    v1::Notice notice;
    Fill(&notice, i);
    EXPECT_EQ(NoticeKind(notice), name);
    v1::Delivery delivery;
    *delivery.mutable_notice() = notice;
    View view;
    view.object = &delivery;
    view.heading = DescribeNotice(notice);
    EXPECT_THAT(view.heading, Not(HasSubstr("does not know"))) << name;
    std::ostringstream out;
    Printer printer(&out, &out);
    printer.PrintItem(view);
    const std::string shown = out.str();
    EXPECT_EQ(std::count(shown.begin(), shown.end(), '\n'), 1) << name << ": " << shown;
    EXPECT_EQ(shown.find_first_of("\x1b\x07"), std::string::npos) << name << ": " << shown;
  }
}

}  // namespace
}  // namespace muster::cli
