// What people and programs are shown: escaping, tables, CSV, JSON, totals, errors.
#include <sstream>
#include <string>

#include "client/cli/exit_code.h"
#include "client/cli/notice_text.h"
#include "client/cli/printer.h"
#include "client/cli/text.h"
#include "client/cli/totals_view.h"
#include "common/clock.h"
#include "common/error_reason.h"
#include "gmock/gmock.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"
#include "muster/v1/submission.pb.h"

namespace muster::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(TextTest, ControlCharactersNeverReachTheTerminal) {
  EXPECT_EQ(EscapeForTerminal("a\x1b[2Jb\r\n\x7f"), "a\\x1b[2Jb\\x0d\\x0a\\x7f");
  EXPECT_EQ(EscapeForTerminal("\xc2\x9b"
                              "31m"),
            "\\u{9b}31m")
      << "the 8-bit form of ESC [";
  EXPECT_EQ(EscapeForTerminal("abc\xe2\x80\xae"
                              "fdp"),
            "abc\\u{202e}fdp")
      << "right-to-left override";
  EXPECT_EQ(EscapeForTerminal("\xff\xc0\x80\xed\xa0\x80"), "\\xff\\xc0\\x80\\xed\\xa0\\x80") << "not UTF-8";
  EXPECT_EQ(EscapeForTerminal("a\nb\tc\x1b", /*multiline=*/true), "a\nb\tc\\x1b");
  EXPECT_EQ(EscapeForTerminal("Peña Blanca 中 🚓"), "Peña Blanca 中 🚓");
}

TEST(TextTest, EscapingTwiceIsEscapingOnce) {
  const std::string once = EscapeForTerminal("a\x1b\xff\xc2\x9b");
  EXPECT_EQ(EscapeForTerminal(once), once);
}

TEST(TextTest, EnumsAreReadAsTheyAreShown) {
  const auto* type = v1::TallyCategory_descriptor();
  for (int i = 0; i < type->value_count(); ++i) {
    const int number = type->value(i)->number();
    if (number == 0) continue;
    EXPECT_EQ(ParseEnum(type, EnumLabel(type, number)).value(), number);
    EXPECT_EQ(ParseEnum(type, type->value(i)->name()).value(), number);
  }
  EXPECT_EQ(Label(v1::TALLY_CATEGORY_PERSON_RECOVERED_ADULT), "person-recovered-adult");
  EXPECT_EQ(ParseEnum(type, "Person_Recovered_Adult").value(), v1::TALLY_CATEGORY_PERSON_RECOVERED_ADULT);
  EXPECT_FALSE(ParseEnum(type, "unspecified").ok());
  EXPECT_EQ(EnumLabel(type, 999), "unknown (999)");
}

TEST(TextTest, CursorsAreHexadecimalBothWays) {
  EXPECT_EQ(CursorText(ParseCursor("00ff10").value()), "00ff10");
  EXPECT_FALSE(ParseCursor("abc").ok());
  EXPECT_FALSE(ParseCursor("zz").ok());
  EXPECT_EQ(ParseCursor("").value(), "");
}

TEST(TableTest, ColumnsAlignByCharactersAndNumbersToTheRight) {
  const Table table = {.columns = {{"name"}, {"count", /*right=*/true}}, .rows = {{"Peña", "7"}, {"longer", "102"}}};
  EXPECT_EQ(RenderTable(table),
            "NAME    COUNT\n"
            "Peña        7\n"
            "longer    102\n");
}

TEST(CsvTest, QuotesWhatNeedsQuoting) {
  const Table table = {.columns = {{"a b"}, {"c"}}, .rows = {{"x,y", "say \"hi\""}, {"two\nlines", "-5"}}};
  EXPECT_EQ(RenderCsv(table), "a_b,c\n\"x,y\",\"say \"\"hi\"\"\"\n\"two\nlines\",-5\n");
}

TEST(CsvTest, ACellIsNeverAFormulaAndNeverAnEscapeSequence) {
  const Table table = {.columns = {{"a"}}, .rows = {{"=cmd()"}, {"@x"}, {"-1+1"}, {"\x1b[2J"}}};
  EXPECT_EQ(RenderCsv(table), "a\n'=cmd()\n'@x\n'-1+1\n\\x1b[2J\n");
}

TEST(JsonTest, NamesAreThoseOfTheProtoFilesAndCursorsAreHexadecimal) {
  v1::Delivery delivery;
  delivery.set_cursor("\x01\xff");
  delivery.mutable_notice()->set_operation_id("op");
  EXPECT_EQ(RenderJson(delivery),
            "{\"notice\":{\"operation_id\":\"op\"},\"cursor\":\"01ff\",\"previous_cursor\":\"\"}");
}

TEST(JsonTest, IsValidJsonWithExtrasAndWithZeros) {
  v1::GetTotalsResponse response;
  response.set_cursor("\xab");
  response.mutable_totals()->mutable_arrests();
  const std::string json = RenderJson(response, /*always_print_zeros=*/true, {{"extra", "a\"b\\\x1b"}});
  google::protobuf::Struct parsed;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(json, &parsed).ok()) << json;
  EXPECT_EQ(parsed.fields().at("cursor").string_value(), "ab");
  EXPECT_EQ(parsed.fields().at("extra").string_value(), "a\"b\\\\x1b");
  EXPECT_THAT(json, HasSubstr("\"confirmed\":\"0\""));
  EXPECT_EQ(RenderJson(v1::GetFeedCursorResponse(), true), "{\"cursor\":\"\"}");
}

v1::GetTotalsResponse Totals() {
  v1::GetTotalsResponse response;
  v1::TallyTotals* totals = response.mutable_totals();
  totals->set_operation_id("united-front-2021");
  totals->set_mode(v1::OPERATION_MODE_EXERCISE);
  totals->set_definition(v1::COUNTING_DEFINITION_LEAD);
  totals->mutable_arrests()->set_confirmed(102);
  totals->mutable_persons()->set_confirmed(47);
  totals->mutable_arrests_coverage()->add_states_reporting("IA");
  totals->mutable_arrests_coverage()->add_states_reporting("MO");
  totals->mutable_persons_coverage()->add_states_reporting("MO");
  totals->mutable_persons_coverage()->add_states_not_reported("IA");
  v1::StateFigures* iowa = totals->add_by_state();
  iowa->set_state("IA");
  iowa->mutable_arrests()->set_confirmed(3);
  v1::StateFigures* missouri = totals->add_by_state();
  missouri->set_state("MO");
  missouri->mutable_arrests();  // Reported, and none.
  missouri->mutable_persons()->set_confirmed(4);
  return response;
}

std::string Show(const View& view, OutputFormat format, std::string* err = nullptr) {
  std::ostringstream out;
  std::ostringstream errors;
  Printer printer(&out, &errors);
  printer.set_format(format);
  printer.Print(view);
  if (err != nullptr) *err = errors.str();
  return out.str();
}

TEST(TotalsTest, T3NotReportedIsNeverShownAsZero) {
  const v1::GetTotalsResponse response = Totals();
  const std::string table = Show(TotalsView(response), OutputFormat::kTable);
  EXPECT_THAT(table, testing::ContainsRegex("IA +3 +not reported +not reported +not reported +not reported\n"));
  EXPECT_THAT(table, testing::ContainsRegex("MO +0 +4 "));
  EXPECT_THAT(table, HasSubstr("1 of 2 states reporting"));
  EXPECT_THAT(table, HasSubstr("persons not reported by: IA"));
  const std::string csv = Show(TotalsView(response), OutputFormat::kCsv);
  EXPECT_THAT(csv, HasSubstr("IA,persons,not reported,"));
  EXPECT_THAT(csv, HasSubstr("MO,arrests,0,"));
}

TEST(TotalsTest, WithheldCountsAreNeitherZeroNorNotReported) {
  v1::GetTotalsResponse response = Totals();
  response.mutable_totals()->set_victim_counts_withheld(true);
  response.mutable_totals()->clear_persons();
  response.mutable_totals()->clear_persons_coverage();
  response.mutable_totals()->mutable_by_state(1)->clear_persons();
  const std::string table = Show(TotalsView(response), OutputFormat::kTable);
  EXPECT_THAT(table, testing::ContainsRegex("MO +0 +withheld "));
  EXPECT_THAT(table, Not(HasSubstr("persons not reported")));
  EXPECT_THAT(table, Not(HasSubstr("0 of 0")));
}

TEST(TotalsTest, T4AssistCreditStandsInASectionOfItsOwn) {
  v1::GetTotalsResponse response = Totals();
  EXPECT_THAT(Show(TotalsView(response), OutputFormat::kTable), Not(HasSubstr("ASSISTS")));
  v1::AssistCredit* credit = response.mutable_totals()->add_assists();
  credit->set_agency_id("nd-bci");
  credit->set_arrests(4);
  std::string table = Show(TotalsView(response), OutputFormat::kTable);
  EXPECT_THAT(table, HasSubstr("\nASSISTS (credit, in no figure above)\n"));
  EXPECT_THAT(table, testing::ContainsRegex("nd-bci +4 +0\n"));
  response.mutable_totals()->set_victim_counts_withheld(true);
  table = Show(TotalsView(response), OutputFormat::kTable);
  EXPECT_THAT(table, testing::ContainsRegex("nd-bci +4 +withheld\n"));
}

TEST(TotalsTest, AnExerciseShowsItsBannerOnTheErrorStreamOnly) {
  const v1::GetTotalsResponse response = Totals();
  std::string err;
  EXPECT_THAT(Show(TotalsView(response), OutputFormat::kTable, &err), Not(HasSubstr("***")));
  EXPECT_EQ(err, "*** EXERCISE ***\n");
  Show(TotalsView(response), OutputFormat::kJson, &err);
  EXPECT_EQ(err, "");
}

TEST(PrinterTest, ListsAreOneObjectPerLineInJsonLines) {
  v1::ListTallyEntriesResponse response;
  response.add_entries()->set_operation_id("a");
  response.add_entries()->set_operation_id("b");
  EXPECT_EQ(Show(EntriesView(response), OutputFormat::kJsonLines),
            "{\"operation_id\":\"a\"}\n{\"operation_id\":\"b\"}\n");
  EXPECT_EQ(Show(EntriesView(v1::ListTallyEntriesResponse()), OutputFormat::kJsonLines), "");
  EXPECT_EQ(Show(EntriesView(v1::ListTallyEntriesResponse()), OutputFormat::kTable), "(none)\n");
}

TEST(NoticeTest, AStringOfTheBrokersCannotSteerTheTerminal) {
  v1::Delivery delivery;
  delivery.mutable_notice()->mutable_acknowledgement()->set_reason("\x1b]0;owned\x07");
  View view;
  view.object = &delivery;
  view.heading = DescribeNotice(delivery.notice());
  std::ostringstream out;
  Printer printer(&out, &out);
  printer.PrintItem(view);
  EXPECT_THAT(out.str(), Not(HasSubstr("\x1b")));
  EXPECT_THAT(out.str(), HasSubstr("owned"));
}

TEST(ExitCodeTest, EveryCodeHasItsMeaning) {
  using absl::StatusCode;
  const std::pair<StatusCode, int> table[] = {{StatusCode::kOk, 0},
                                              {StatusCode::kInvalidArgument, 3},
                                              {StatusCode::kNotFound, 3},
                                              {StatusCode::kAlreadyExists, 3},
                                              {StatusCode::kUnauthenticated, 4},
                                              {StatusCode::kPermissionDenied, 4},
                                              {StatusCode::kUnavailable, 5},
                                              {StatusCode::kFailedPrecondition, 6},
                                              {StatusCode::kAborted, 6},
                                              {StatusCode::kDeadlineExceeded, 8},
                                              {StatusCode::kDataLoss, 9},
                                              {StatusCode::kInternal, 1},
                                              {StatusCode::kResourceExhausted, 1},
                                              {StatusCode::kOutOfRange, 1},
                                              {StatusCode::kUnknown, 1}};
  for (const auto& [code, exit_code] : table) EXPECT_EQ(ExitCodeOf(absl::Status(code, "x")), exit_code) << code;
  EXPECT_EQ(ExitCodeOf(UsageError("x")), 2);
}

TEST(ErrorTest, SaysWhatFailedWhyAndWhatToDoNext) {
  const absl::Status status = Refusal(v1::ERROR_REASON_STALE_PLAN_VERSION, "version 2 is not current\x1b", "P3");
  const std::string text = ErrorText("plan acknowledge", status, "");
  EXPECT_THAT(text, HasSubstr("muster plan acknowledge: version 2 is not current\\x1b\n"));
  EXPECT_THAT(text, HasSubstr("why:  STALE_PLAN_VERSION (rule P3)"));
  EXPECT_THAT(text, HasSubstr("next: "));
}

TEST(ErrorTest, AnUnknownFateTellsHowToRepeatSafely) {
  EXPECT_THAT(ErrorText("tally record", absl::UnavailableError("gone"), "0197"), HasSubstr("--submission-id 0197"));
  EXPECT_THAT(ErrorText("tally record", absl::AbortedError("no"), "0197"), Not(HasSubstr("--submission-id")));
}

TEST(ErrorTest, TheJsonFormIsOneObject) {
  const absl::Status status = Refusal(v1::ERROR_REASON_WRONG_PHASE, "a \"quoted\"\nmessage", "P5");
  google::protobuf::Struct parsed;
  const std::string json = ErrorJson("operation set-phase", status, "id");
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(json, &parsed).ok()) << json;
  const auto& error = parsed.fields().at("error").struct_value().fields();
  EXPECT_EQ(error.at("code").string_value(), "FAILED_PRECONDITION");
  EXPECT_EQ(error.at("reason").string_value(), "WRONG_PHASE");
  EXPECT_EQ(error.at("rule").string_value(), "P5");
  EXPECT_EQ(error.at("message").string_value(), "a \"quoted\"\nmessage");
  EXPECT_EQ(error.at("exit_code").number_value(), 6);
}

}  // namespace
}  // namespace muster::cli
