// The after-action report: what the record says, what is missing, and text that cannot break the document.
#include <string>

#include "client/lib/report/report_builder.h"
#include "client/lib/report/report_markdown.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

constexpr char kOperation[] = "front";

class Report : public testing::Test {
 protected:
  // A delivery `seconds` into the operation.
  v1::Delivery At(int64_t seconds) {
    v1::Delivery delivery;
    delivery.mutable_notice()->mutable_at()->set_seconds(1630000000 + seconds);
    delivery.mutable_notice()->set_operation_id(kOperation);
    delivery.mutable_notice()->set_mode(v1::OPERATION_MODE_EXERCISE);
    return delivery;
  }

  void Published(int64_t seconds, uint32_t version) {
    v1::Delivery delivery = At(seconds);
    v1::PlanView* plan = delivery.mutable_notice()->mutable_plan();
    plan->set_version(version);
    *plan->mutable_published_at() = delivery.notice().at();
    builder_.Add(delivery);
  }

  void Acknowledged(int64_t seconds, const std::string& agency_id, uint32_t version) {
    v1::Delivery delivery = At(seconds);
    v1::Acknowledgement* answer = delivery.mutable_notice()->mutable_acknowledgement();
    answer->set_agency_id(agency_id);
    answer->set_version(version);
    answer->set_status(v1::ACKNOWLEDGEMENT_STATUS_ACKNOWLEDGED);
    *answer->mutable_answered_at() = delivery.notice().at();
    builder_.Add(delivery);
  }

  v1::TallyEntryRecord Entry(const std::string& id, uint32_t count) {
    v1::TallyEntryRecord record;
    record.mutable_entry()->set_entry_id(id);
    record.mutable_entry()->set_category(v1::TALLY_CATEGORY_ARREST_BUYER);
    record.mutable_entry()->set_status(v1::TALLY_STATUS_CONFIRMED);
    record.mutable_entry()->set_primary_agency_id("sd-dci");
    record.mutable_entry()->set_count(count);
    return record;
  }

  void Reported(int64_t seconds, const std::string& id, uint32_t count) {
    v1::Delivery delivery = At(seconds);
    *delivery.mutable_notice()->mutable_tally_entry() = Entry(id, count);
    builder_.Add(delivery);
  }

  void Corrected(int64_t seconds, const std::string& id, const std::string& replacement, uint32_t count) {
    v1::Delivery delivery = At(seconds);
    v1::TallyCorrection* correction = delivery.mutable_notice()->mutable_tally_correction();
    correction->set_entry_id(id);
    correction->mutable_reversal()->set_reason("three more");
    correction->mutable_reversal()->mutable_author()->set_agency_id("sd-dci");
    *correction->add_replacements() = Entry(replacement, count);
    builder_.Add(delivery);
  }

  void Conflict(int64_t seconds, v1::ConflictState state) {
    v1::Delivery delivery = At(seconds);
    v1::ConflictRecord* conflict = delivery.mutable_notice()->mutable_conflict();
    conflict->set_conflict_id("c-1");
    conflict->set_state(state);
    conflict->mutable_opened_at()->set_seconds(1630000000);
    for (const char* agency_id : {"ky-ago", "tn-tbi"}) conflict->add_parties()->set_agency_id(agency_id);
    v1::ConflictStep* step = conflict->add_steps();
    step->set_state(state);
    *step->mutable_at() = delivery.notice().at();
    step->set_text("agreed");
    builder_.Add(delivery);
  }

  v1::AfterActionReport Finish() { return std::move(builder_).Finish(); }

  ReportBuilder builder_{kOperation, "lead"};
};

TEST_F(Report, LatencyRunsFromPublishingToTheAnswer) {
  Published(0, 1);
  Published(50, 2);
  Acknowledged(90, "ky-ago", 2);
  const v1::AfterActionReport report = Finish();
  ASSERT_EQ(report.acknowledgements_size(), 1);
  EXPECT_EQ(report.acknowledgements(0).seconds(), 40);
}

TEST_F(Report, ACorrectionShowsBothCountsAndTheFiguresStillAddUp) {
  Reported(0, "e-1", 6);
  Corrected(10, "e-1", "e-2", 9);
  v1::TallyTotals totals;
  totals.mutable_arrests()->set_confirmed(9);
  builder_.SetTotals(totals);
  const v1::AfterActionReport report = Finish();
  ASSERT_EQ(report.corrections_size(), 1);
  EXPECT_EQ(report.corrections(0).count_before(), 6);
  EXPECT_EQ(report.corrections(0).count_after(), 9);
  EXPECT_TRUE(report.gaps().empty()) << report.gaps(0);
}

TEST_F(Report, TotalsThatTheFeedDoesNotBearOutAreAGap) {
  Reported(0, "e-1", 6);
  v1::TallyTotals totals;
  totals.mutable_arrests()->set_confirmed(7);
  builder_.SetTotals(totals);
  EXPECT_THAT(Finish().gaps(), Contains(HasSubstr("add up to 6 arrests, the totals say 7")));
}

TEST_F(Report, ConflictsHaveTheirTimeToResolution) {
  Conflict(5, v1::CONFLICT_STATE_OPEN);
  Conflict(125, v1::CONFLICT_STATE_RESOLVED);
  const v1::AfterActionReport report = Finish();
  ASSERT_EQ(report.conflicts_size(), 1);
  EXPECT_EQ(report.conflicts(0).seconds_to_resolution(), 125);
  EXPECT_TRUE(report.gaps().empty());
}

TEST_F(Report, AnUnresolvedConflictIsAGap) {
  Conflict(5, v1::CONFLICT_STATE_OWNED);
  EXPECT_THAT(Finish().gaps(), Contains("conflict c-1 is still owned"));
}

TEST_F(Report, OtherOperationsAreLeftOut) {
  v1::Delivery other = At(0);
  other.mutable_notice()->set_operation_id("elsewhere");
  *other.mutable_notice()->mutable_tally_entry() = Entry("e-9", 3);
  builder_.Add(other);
  EXPECT_EQ(Finish().deliveries(), 0);
}

TEST_F(Report, TextOfOthersCannotBreakTheDocument) {
  v1::Delivery delivery = At(0);
  v1::OperationView* view = delivery.mutable_notice()->mutable_operation();
  view->mutable_operation()->set_code_name("x | <b> [y](z)\n# Heading");
  view->set_phase(v1::OPERATION_PHASE_ARMED);
  builder_.Add(delivery);
  const std::string text = RenderMarkdown(Finish());
  EXPECT_THAT(text, HasSubstr("x \\| \\<b\\> \\[y\\](z) \\# Heading"));
  EXPECT_THAT(text, Not(HasSubstr("\n# Heading")));
}

TEST_F(Report, AnExerciseSaysSoAtTheTop) {
  v1::Delivery delivery = At(0);
  delivery.mutable_notice()->mutable_operation()->mutable_operation()->set_mode(v1::OPERATION_MODE_EXERCISE);
  builder_.Add(delivery);
  EXPECT_THAT(RenderMarkdown(Finish()), HasSubstr("**EXERCISE: not a real operation.**"));
}

}  // namespace
}  // namespace muster
