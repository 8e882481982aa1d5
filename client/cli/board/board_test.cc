// The board: what it knows, what it shows of it, and what the commands print that need no screen.
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "client/cli/board/board_commands.h"
#include "client/cli/board/board_layout.h"
#include "client/cli/board/board_model.h"
#include "client/cli/board/board_sections.h"
#include "client/cli/board/board_words.h"
#include "client/cli/board/importance.h"
#include "client/cli/board/plain_board.h"
#include "client/cli/testing/fake_broker.h"
#include "common/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster::cli {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr char kOp[] = "united-front-2021";
const absl::Time kNow = absl::FromUnixSeconds(1'630'000'000);  // 2021-08-26 17:46:40 UTC, 12:46:40 in Chicago.

v1::OperationView View(const std::string& id, v1::OperationPhase phase = v1::OPERATION_PHASE_ARMED,
                       v1::OperationMode mode = v1::OPERATION_MODE_ACTUAL) {
  v1::OperationView view;
  view.mutable_operation()->set_operation_id(id);
  view.mutable_operation()->set_code_name("United Front");
  view.mutable_operation()->set_mode(mode);
  view.set_lead_agency_id("mo-ago");
  view.set_phase(phase);
  return view;
}

void AddSite(v1::ReadinessBoard* board, const std::string& id, v1::ReadinessStatus status, bool optional = false) {
  v1::SiteReadiness* site = board->add_sites();
  site->set_site_id(id);
  site->set_status(status);
  site->set_optional_for_go(optional);
}

OperationBoard Board() {
  OperationBoard board;
  board.operation = View(kOp);
  board.read_at = kNow - absl::Minutes(5);
  board.readiness.emplace();
  *board.readiness->mutable_h_hour()->mutable_at() = ToProto(kNow + absl::Minutes(58) + absl::Seconds(53));
  board.readiness->mutable_h_hour()->set_epoch(2);
  board.readiness->mutable_go()->set_state(v1::GO_STATE_NOT_GIVEN);
  AddSite(&*board.readiness, "ky-louisville", v1::READINESS_STATUS_READY);
  AddSite(&*board.readiness, "mo-kc", v1::READINESS_STATUS_NOT_READY);
  board.acknowledgements.emplace();
  for (const char* agency : {"ky-ksp", "tn-tbi", "oh-bci"}) {
    v1::Acknowledgement* one = board.acknowledgements->add_acknowledgements();
    one->set_agency_id(agency);
    one->set_status(absl::string_view(agency) == "ky-ksp" ? v1::ACKNOWLEDGEMENT_STATUS_ACKNOWLEDGED
                                                          : v1::ACKNOWLEDGEMENT_STATUS_DELIVERED);
  }
  board.conflicts.emplace();
  board.totals.emplace();
  return board;
}

v1::ConflictRecord* AddConflict(OperationBoard* board, const std::string& id, const std::string& owner,
                                absl::Time respond_by) {
  v1::ConflictRecord* conflict = board->conflicts->add_conflicts()->mutable_conflict();
  conflict->set_conflict_id(id);
  conflict->set_state(owner.empty() ? v1::CONFLICT_STATE_OPEN : v1::CONFLICT_STATE_OWNED);
  conflict->set_owner_agency_id(owner);
  *conflict->mutable_respond_by() = ToProto(respond_by);
  conflict->add_parties()->set_agency_id("ky-isp");
  conflict->add_parties()->set_agency_id("oh-bci");
  return conflict;
}

BoardModel Model(OperationBoard board = Board()) {
  BoardModel model;
  model.order = {kOp};
  model.operations[kOp] = std::move(board);
  model.link.connected = true;
  model.link.text = "CONNECTED to broker.example:7443";
  return model;
}

std::vector<std::string> Plain(const std::vector<Line>& lines) {
  std::vector<std::string> texts;
  for (const Line& line : lines) texts.push_back(PlainText(line));
  return texts;
}

std::vector<std::string> Screen(const BoardModel& model, ScreenSize size = {.width = 120, .height = 40},
                                const BoardChoice& choice = {}) {
  return Plain(LayOut(model, choice, kNow, absl::UTCTimeZone(), size));
}

// ---- Text

TEST(StyledText, FitCutsWithDotsAndFillsWithSpaces) {
  EXPECT_EQ(PlainText(Fit({Text("0123456789")}, 8)), "01234...");
  EXPECT_EQ(Width(Fit({Text("é")}, 8)), 8u);
  EXPECT_EQ(PlainText(Fit({Text("ab"), Text("cdefghij")}, 6)), "abc...");
  for (size_t width = 0; width < 5; ++width) EXPECT_EQ(Width(Fit({Text("0123456789")}, width)), width);
}

TEST(StyledText, WhatOthersWroteCannotMoveTheCursor) { EXPECT_EQ(Text("a\x1b[2J").text, "a\\x1b[2J"); }

TEST(StyledText, TheLongestSectionGivesWayAndSaysHowMuch) {
  Section longer = {.title = {Text("LONG")}, .body = {}};
  for (int i = 0; i < 10; ++i) longer.body.push_back({Text(absl::StrCat("line ", i))});
  const Section shorter = {.title = {Text("SHORT")}, .body = {{Text("only")}}};
  EXPECT_EQ(Stack({longer, shorter}, 14).size(), 14u) << "all of it fits";
  EXPECT_THAT(Plain(Stack({longer, shorter}, 7)),
              ElementsAre("LONG", "line 0", "line 1", "line 2", "  and 7 more", "SHORT", "only"));
  for (size_t height = 0; height < 14; ++height) EXPECT_LE(Stack({longer, shorter}, height).size(), height);
}

// ---- What is shown

TEST(BoardLayout, FillsTheScreenExactlyWhateverItsSize) {
  OperationBoard board = Board();
  for (int i = 0; i < 40; ++i) AddConflict(&board, absl::StrCat("c-", i), "", kNow);
  for (int i = 0; i < 40; ++i) AddSite(&*board.readiness, absl::StrCat("site-", i), v1::READINESS_STATUS_UNKNOWN);
  const BoardModel model = Model(board);
  for (const size_t width : {1, 20, 80, 99, 100, 120, 250}) {
    for (const size_t height : {1, 2, 5, 12, 24, 40, 100}) {
      const std::vector<Line> lines = LayOut(model, {}, kNow, absl::UTCTimeZone(), {.width = width, .height = height});
      ASSERT_EQ(lines.size(), height) << width << " x " << height;
      for (const Line& line : lines) ASSERT_EQ(Width(line), width) << width << " x " << height << PlainText(line);
    }
  }
}

TEST(BoardLayout, ShowsEverythingThatIsAskedAtThreeInTheMorning) {
  OperationBoard board = Board();
  AddConflict(&board, "c-17", "", kNow + absl::Minutes(12));
  board.totals->mutable_arrests()->set_confirmed(102);
  board.totals->mutable_arrests_coverage()->add_states_reporting("KY");
  board.totals->mutable_arrests_coverage()->add_states_not_reported("TN");
  const std::vector<std::string> screen = Screen(Model(board));
  EXPECT_THAT(screen[0], AllOf(StartsWith(" MUSTER  CONNECTED to broker.example:7443"), HasSubstr("up to date")));
  EXPECT_THAT(screen, Contains(HasSubstr("phase ARMED")));
  EXPECT_THAT(screen, Contains(HasSubstr("H-HOUR in 58m53s   2021-08-26T18:45:33Z, epoch 2")));
  EXPECT_THAT(screen, Contains(AllOf(HasSubstr("13:46:40 EDT"), HasSubstr("12:46:40 CDT"), HasSubstr("11:46:40 MDT"),
                                     HasSubstr("10:46:40 PDT"))));
  EXPECT_THAT(screen, Contains(HasSubstr("GO: not given   1 of 2 required sites ready")));
  EXPECT_THAT(screen, Contains(HasSubstr("acknowledged by 1 of 3")));
  EXPECT_THAT(screen, Contains(HasSubstr("missing: tn-tbi, oh-bci")));
  EXPECT_THAT(screen, Contains(HasSubstr("NOT READY   mo-kc")));
  EXPECT_THAT(screen, Contains(HasSubstr("1 open, 1 that nobody has taken on")));
  EXPECT_THAT(screen, Contains(HasSubstr("UNOWNED    respond within 12m00s  ky-isp and oh-bci")));
  EXPECT_THAT(screen, Contains(HasSubstr("arrests   102 confirmed (1 of 2 reporting)")));
  EXPECT_THAT(screen, Contains(HasSubstr("  not reported: TN")));
  EXPECT_THAT(screen, Contains(HasSubstr("persons   not reported (0 of 0 reporting)"))) << "never 0";
}

TEST(BoardLayout, OffLineSaysInTheFirstLineWhenThisWasKnown) {
  BoardModel model = Model();
  model.link = {
      .connected = false, .text = "OFF LINE since 17:34:40 UTC (12 minutes ago)", .alarms = {}, .saved_here = 3};
  model.operations[kOp].copy = Freshness{.as_of = kNow - absl::Minutes(12), .superseded = false};
  const std::vector<std::string> screen = Screen(model);
  EXPECT_THAT(screen[0], AllOf(HasSubstr("OFF LINE since"), HasSubstr("KNOWN AT 17:34:40 UTC, 12 minutes ago")));
  EXPECT_THAT(screen[1], HasSubstr("3 submissions are saved here"));
  EXPECT_THAT(screen, Not(Contains(HasSubstr("up to date"))));
}

TEST(BoardLayout, WhileTheLineToABrokerIsDownTheLastReadIsTheAge) {
  BoardModel model = Model();
  model.link.connected = false;
  EXPECT_THAT(Screen(model)[0], HasSubstr("KNOWN AT 17:41:40 UTC, 5 minutes ago"));
}

TEST(BoardLayout, AnExerciseSaysSoAcrossTheScreen) {
  OperationBoard board = Board();
  board.operation = View(kOp, v1::OPERATION_PHASE_ARMED, v1::OPERATION_MODE_EXERCISE);
  EXPECT_THAT(Screen(Model(board)), Contains(HasSubstr("*** EXERCISE ***   EXERCISE   *** EXERCISE ***")));
  EXPECT_THAT(Screen(Model()), Not(Contains(HasSubstr("EXERCISE"))));
}

TEST(BoardLayout, HoldAndAbortAreWordsAndNotOnlyColours) {
  OperationBoard board = Board();
  board.readiness->mutable_go()->set_state(v1::GO_STATE_HELD);
  board.readiness->mutable_go()->set_reason("officer in the wrong place");
  EXPECT_THAT(Screen(Model(board)), Contains(HasSubstr("*** HOLD ***: officer in the wrong place")));
  board.readiness->mutable_go()->set_state(v1::GO_STATE_ABORTED);
  EXPECT_THAT(Screen(Model(board)), Contains(HasSubstr("*** ABORTED ***")));
}

TEST(BoardLayout, APartThatIsNotForOurRoleSaysSo) {
  OperationBoard board = Board();
  board.totals.reset();
  board.absent[kTotalsPart] = "not for your role";
  EXPECT_THAT(Screen(Model(board)), Contains(HasSubstr("TOTALS  not for your role")));
}

TEST(BoardLayout, AnOperationThatIsNotThereIsNamed) {
  BoardModel model = Model();
  model.order = {"no-such-operation"};
  EXPECT_THAT(Screen(model), Contains(HasSubstr("no-such-operation is not known here")));
}

TEST(BoardLayout, PausedSaysSinceWhenAndHowFarBehind) {
  const BoardChoice choice = {.selected = 0, .paused_at = kNow - absl::Minutes(1), .behind = 4};
  EXPECT_THAT(Screen(Model(), {.width = 120, .height = 40}, choice).back(),
              HasSubstr("PAUSED at 17:45:40 UTC, 4 deliveries have come since"));
}

TEST(BoardWords, C10ConflictsThatNobodyHasTakenOnComeFirstThenByDeadline) {
  OperationBoard board = Board();
  AddConflict(&board, "owned-soon", "ky-isp", kNow + absl::Minutes(1));
  AddConflict(&board, "unowned-late", "", kNow + absl::Hours(5));
  AddConflict(&board, "unowned-soon", "", kNow + absl::Hours(1));
  AddConflict(&board, "over", "", kNow)->set_state(v1::CONFLICT_STATE_RESOLVED);
  std::vector<std::string> ids;
  for (const OpenConflict& one : OpenConflicts(*board.conflicts)) ids.push_back(one.conflict_id);
  EXPECT_THAT(ids, ElementsAre("unowned-soon", "unowned-late", "owned-soon"));
}

TEST(BoardWords, ADeadlineThatHasPassedIsOverdue) {
  OperationBoard board = Board();
  AddConflict(&board, "c-1", "", kNow - absl::Seconds(200));
  EXPECT_THAT(Plain(ConflictsSection(board, kNow).body), Contains(HasSubstr("OVERDUE by 3m20s")));
}

TEST(BoardWords, SitesThatAreInTheWayOfGoComeFirst) {
  v1::ReadinessBoard board;
  AddSite(&board, "a-ready", v1::READINESS_STATUS_READY);
  AddSite(&board, "b-optional", v1::READINESS_STATUS_NOT_READY, /*optional=*/true);
  AddSite(&board, "c-unknown", v1::READINESS_STATUS_UNKNOWN);
  AddSite(&board, "d-not-ready", v1::READINESS_STATUS_NOT_READY);
  AddSite(&board, "e-aborted", v1::READINESS_STATUS_ABORTED);
  std::vector<std::string> ids;
  for (const v1::SiteReadiness& site : SitesByUrgency(board)) ids.push_back(site.site_id());
  EXPECT_THAT(ids, ElementsAre("e-aborted", "d-not-ready", "c-unknown", "b-optional", "a-ready"));
}

TEST(BoardLayout, ASmallScreenStillShowsTheSitesThatAreInTheWay) {
  OperationBoard board = Board();
  for (int i = 0; i < 15; ++i) AddSite(&*board.readiness, absl::StrCat("site-", i), v1::READINESS_STATUS_READY);
  AddConflict(&board, "c-17", "", kNow);
  const std::vector<std::string> screen = Screen(Model(board), {.width = 80, .height = 24});
  EXPECT_THAT(screen, Contains(HasSubstr("NOT READY   mo-kc")));
  EXPECT_THAT(screen, Contains(HasSubstr("UNOWNED")));
  EXPECT_THAT(screen, Contains(HasSubstr("persons")));
}

// ---- What is known

TEST(BoardModel, KeepsWhatIsOverAwayUnlessItIsNamed) {
  v1::ListOperationsResponse operations;
  *operations.add_operations() = View("open");
  *operations.add_operations() = View("closed", v1::OPERATION_PHASE_CLOSED);
  BoardModel model;
  model.SetOperations(operations, {});
  EXPECT_THAT(model.order, ElementsAre("open"));
  model.SetOperations(operations, {"closed", "unheard-of"});
  EXPECT_THAT(model.order, ElementsAre("closed", "unheard-of"));
  EXPECT_EQ(model.operations.size(), 1u);
}

TEST(BoardModel, WhatWasReadOutlivesANewListOfOperations) {
  BoardModel model = Model();
  v1::ListOperationsResponse operations;
  *operations.add_operations() = View(kOp, v1::OPERATION_PHASE_EXECUTING);
  model.SetOperations(operations, {});
  EXPECT_TRUE(model.operations[kOp].readiness.has_value());
  EXPECT_EQ(model.operations[kOp].operation.phase(), v1::OPERATION_PHASE_EXECUTING);
}

TEST(BoardModel, ANoticeTouchesWhatItMayHaveChanged) {
  v1::Notice notice;
  notice.mutable_acknowledgement();
  EXPECT_EQ(TouchedBy(notice), kAcknowledgementsPart);
  notice.mutable_tally_entry();
  EXPECT_EQ(TouchedBy(notice), kTotalsPart);
  notice.mutable_alert();
  EXPECT_EQ(TouchedBy(notice), kConflictsPart);
  notice.mutable_capacity();
  EXPECT_EQ(TouchedBy(notice), kNoPart);
}

// ---- Lines

TEST(PlainBoard, TellsEachFactOnceAndAgainWhenItHasChanged) {
  PlainBoard plain;
  BoardModel model = Model();
  const std::vector<std::string> first = plain.Changes(model, kNow, absl::UTCTimeZone());
  EXPECT_THAT(first,
              Contains("17:46:40 UTC  united-front-2021  acknowledgements: 1 of 3 acknowledged the plan; missing: "
                       "tn-tbi, oh-bci"));
  EXPECT_THAT(plain.Changes(model, kNow + absl::Minutes(1), absl::UTCTimeZone()), testing::IsEmpty())
      << "time alone is no news";
  model.operations[kOp].acknowledgements->mutable_acknowledgements(1)->set_status(
      v1::ACKNOWLEDGEMENT_STATUS_ACKNOWLEDGED);
  EXPECT_THAT(plain.Changes(model, kNow, absl::UTCTimeZone()),
              ElementsAre("17:46:40 UTC  united-front-2021  acknowledgements: 2 of 3 acknowledged the plan; missing: "
                          "oh-bci"));
}

TEST(PlainBoard, ALinkThatStaysDownIsToldOnce) {
  PlainBoard plain;
  BoardModel model;
  model.link.text = "OFF LINE since 17:34:40 UTC (just now): connection refused";
  model.link.alarms = {"THE CLOCK IS WRONG: measured 5 seconds ago"};
  EXPECT_EQ(plain.Changes(model, kNow, absl::UTCTimeZone()).size(), 2u);
  model.link.text = "OFF LINE since 17:34:40 UTC (13 minutes ago): connection refused";
  model.link.alarms = {"THE CLOCK IS WRONG: measured 9 seconds ago"};
  EXPECT_THAT(plain.Changes(model, kNow, absl::UTCTimeZone()), testing::IsEmpty());
  model.link.text = "OFF LINE since 17:34:40 UTC (13 minutes ago): the certificate is revoked";
  EXPECT_EQ(plain.Changes(model, kNow, absl::UTCTimeZone()).size(), 1u);
}

TEST(PlainBoard, TellsDeliveriesInTheirOrder) {
  PlainBoard plain;
  BoardModel model;
  plain.Changes(model, kNow, absl::UTCTimeZone());
  for (const char* text : {"first", "second"}) {
    v1::Notice notice;
    *notice.mutable_at() = ToProto(kNow);
    notice.set_operation_id(kOp);
    notice.set_mode(v1::OPERATION_MODE_TEST);
    notice.mutable_escalation()->set_text(text);
    model.Remember(notice);
  }
  EXPECT_THAT(plain.Changes(model, kNow, absl::UTCTimeZone()),
              ElementsAre(StartsWith("17:46:40 UTC  TEST united-front-2021  ESCALATION: first"),
                          HasSubstr("ESCALATION: second")));
}

// ---- What is worth waking somebody for

TEST(Importance, GoAndTheHHourAreAndASitesReportIsNot) {
  v1::Notice notice;
  notice.mutable_readiness()->add_sites();
  EXPECT_FALSE(IsAbout(notice, {}));
  EXPECT_TRUE(IsAbout(notice, {"readiness"}));
  notice.mutable_readiness()->mutable_go();
  EXPECT_TRUE(IsAbout(notice, {}));
  EXPECT_FALSE(IsAbout(notice, {"conflict"}));
  notice.mutable_tally_entry();
  EXPECT_FALSE(IsAbout(notice, {}));
}

// ---- Commands

FakeBroker BrokerWithBoard() {
  FakeBroker broker;
  broker.Knows(AddWatchCommand);
  broker.Knows(AddNotifyCommand);
  v1::ListOperationsResponse operations;
  *operations.add_operations() = View(kOp);
  broker.Answers("OperationService/ListOperations", operations);
  v1::GetReadinessBoardResponse readiness;
  *readiness.mutable_board() = *Board().readiness;
  broker.Answers("ReadinessService/GetReadinessBoard", readiness);
  broker.Refuses("TallyService/GetTotals", absl::PermissionDeniedError("no"));
  return broker;
}

TEST(WatchCommand, OncePrintsTheBoardWithoutAnyEscape) {
  FakeBroker broker = BrokerWithBoard();
  const Ended ended = broker.Run({"watch", kOp, "--once"});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("NOT READY   mo-kc"));
  EXPECT_THAT(ended.out, HasSubstr("TOTALS  not for your role"));
  EXPECT_THAT(ended.out, Not(HasSubstr("\x1b")));
}

TEST(WatchCommand, OnceOfADaemonSaysThatItIsOffLine) {
  FakeBroker daemon = BrokerWithBoard();
  daemon.ActAsDaemon();
  daemon.AnswersWithCopies({.as_of = SystemClock()->Now() - absl::Minutes(12)});
  agent::v1::GetStatusResponse status;
  status.mutable_link()->set_state(agent::v1::LINK_STATE_OFF_LINE);
  daemon.Answers("AgentService/GetStatus", status);
  const Ended ended = daemon.Run({"watch", "--once"});
  EXPECT_THAT(ended.out, AllOf(HasSubstr("OFF LINE"), HasSubstr("KNOWN AT "), HasSubstr("12 minutes ago")));
}

TEST(NotifyCommand, PrintsOnlyWhatMattersAndNothingForTerminalsWhereThereIsNone) {
  FakeBroker broker = BrokerWithBoard();
  v1::Notice tally;
  tally.mutable_tally_entry();
  broker.HasDelivered(tally);
  v1::Notice plan;
  plan.set_operation_id(kOp);
  plan.mutable_plan()->set_version(3);
  broker.HasDelivered(plan);
  const Ended ended = broker.Run({"notify", "--count", "1"});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("united-front-2021: plan version 3"));
  EXPECT_THAT(ended.out, AllOf(Not(HasSubstr("\a")), Not(HasSubstr("\x1b"))));
}

TEST(NotifyCommand, AKindThatDoesNotExistIsNamed) {
  FakeBroker broker = BrokerWithBoard();
  const Ended ended = broker.Run({"notify", "--only", "party"});
  EXPECT_EQ(ended.code, 2);
  EXPECT_THAT(ended.err, HasSubstr("is none of: plan, go"));
}

TEST(BoardCommands, HelpEndsWithExamples) {
  FakeBroker broker = BrokerWithBoard();
  EXPECT_THAT(broker.Run({"watch", "--help"}).out, HasSubstr("Examples:\n  muster watch"));
  EXPECT_THAT(broker.Run({"notify", "--help"}).out, HasSubstr("Examples:\n  muster notify"));
}

}  // namespace
}  // namespace muster::cli
