#include "common/submission_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "common/error_reason.h"
#include "common/testing/test_messages.h"
#include "common/validation.h"
#include "common/wire_check.h"

namespace muster {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

v1::Submission Valid(v1::Submission::BodyCase body) {
  for (const v1::Submission& submission : ValidSubmissionOfEveryBody()) {
    if (submission.body_case() == body) return submission;
  }
  ADD_FAILURE();
  return {};
}

std::vector<std::string> FieldsRefused(const v1::Submission& submission) {
  std::vector<std::string> fields;
  for (const FieldViolation& violation : ViolationsOf(ValidateSubmission(submission)))
    fields.push_back(violation.field);
  return fields;
}

TEST(SubmissionChecks, WindowMustEndAfterItStarts) {
  v1::Submission submission = Valid(v1::Submission::kCreateOperation);
  v1::TimeWindow* window = submission.mutable_create_operation()->mutable_operation()->mutable_window();
  *window->mutable_end() = window->start();
  EXPECT_THAT(FieldsRefused(submission), ElementsAre("create_operation.operation.window.end"));
  window->mutable_end()->set_nanos(window->start().nanos() + 1);
  EXPECT_THAT(FieldsRefused(submission), IsEmpty());
}

TEST(SubmissionChecks, T7OfferedIsAtLeastAcceptedPlusDeclinedPlusPending) {
  v1::Submission submission = Valid(v1::Submission::kReportServiceCounts);
  v1::ServiceCounts* counts = submission.mutable_report_service_counts()->mutable_counts();
  for (const uint32_t offered : {0u, 2u, 3u, 4u}) {
    counts->set_offered(offered);
    const absl::Status status = ValidateSubmission(submission);
    EXPECT_EQ(status.ok(), offered >= 3) << offered;
    if (status.ok()) continue;
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(FieldsRefused(submission), ElementsAre("report_service_counts.counts.offered"));
    EXPECT_THAT(ViolationsOf(status)[0].description, testing::HasSubstr("T7"));
  }
  counts->set_offered(1000000);
  counts->set_medical(1000000);  // Medical help is beside the sum (rule T6 lets services exceed persons).
  EXPECT_THAT(FieldsRefused(submission), IsEmpty());
}

TEST(SubmissionChecks, V2AReadinessNoticeHasItsEndsInOrder) {
  v1::Submission submission = Valid(v1::Submission::kPublishReadinessNotice);
  v1::ReadinessNotice* notice = submission.mutable_publish_readiness_notice()->mutable_notice();
  EXPECT_THAT(FieldsRefused(submission), IsEmpty());
  notice->mutable_earliest()->set_day(2);
  notice->set_persons_min(2);
  EXPECT_THAT(FieldsRefused(submission),
              ElementsAre("publish_readiness_notice.notice.latest", "publish_readiness_notice.notice.persons_max"));
}

TEST(SubmissionChecks, AReferralIsNotAnsweredWithARequest) {
  v1::Submission submission = Valid(v1::Submission::kAnswerReferral);
  submission.mutable_answer_referral()->set_state(v1::REFERRAL_STATE_REQUESTED);
  EXPECT_THAT(FieldsRefused(submission), ElementsAre("answer_referral.state"));
}

TEST(SubmissionChecks, SitesAreNamedOnce) {
  v1::Submission submission = Valid(v1::Submission::kCreateOperation);
  *submission.mutable_create_operation()->add_sites() = submission.create_operation().sites(0);
  EXPECT_THAT(FieldsRefused(submission), ElementsAre("create_operation.sites[1].site_id"));
}

TEST(SubmissionChecks, NobodyIsMadeLead) {
  v1::Submission submission = Valid(v1::Submission::kSetParticipant);
  submission.mutable_set_participant()->mutable_participant()->set_role(v1::ROLE_LEAD);
  submission.mutable_set_participant()->mutable_participant()->add_site_ids("mo-ago");
  EXPECT_THAT(FieldsRefused(submission),
              ElementsAre("set_participant.participant.role", "set_participant.participant.site_ids[1]"));
}

TEST(SubmissionChecks, SectionsAreNamedOnce) {
  v1::Submission submission = Valid(v1::Submission::kPublishPlan);
  *submission.mutable_publish_plan()->add_sections() = submission.publish_plan().sections(0);
  EXPECT_THAT(FieldsRefused(submission), ElementsAre("publish_plan.sections[1].section_id"));
}

TEST(SubmissionChecks, AudienceRolesAreParticipantAndProsecutorOnly) {
  for (int role = v1::ROLE_LEAD; role <= v1::ROLE_AUDITOR; ++role) {
    v1::Submission submission = Valid(v1::Submission::kPublishPlan);
    submission.mutable_publish_plan()->mutable_sections(0)->mutable_audience()->set_roles(0,
                                                                                          static_cast<v1::Role>(role));
    if (role == v1::ROLE_PARTICIPANT || role == v1::ROLE_PROSECUTOR) {
      EXPECT_THAT(FieldsRefused(submission), IsEmpty());
    } else {
      EXPECT_THAT(FieldsRefused(submission), ElementsAre("publish_plan.sections[0].audience.roles[0]"));
    }
  }
}

TEST(SubmissionChecks, AmendmentMustChangeSomething) {
  v1::Submission submission = Valid(v1::Submission::kAmendPlan);
  submission.mutable_amend_plan()->clear_amendments();
  EXPECT_THAT(FieldsRefused(submission), IsEmpty());
  submission.mutable_amend_plan()->clear_removals();
  EXPECT_THAT(FieldsRefused(submission), ElementsAre("amend_plan"));
}

TEST(SubmissionChecks, SectionIsNotAmendedAndRemovedAtOnce) {
  v1::Submission submission = Valid(v1::Submission::kAmendPlan);
  submission.mutable_amend_plan()->mutable_removals(0)->set_section_id(
      submission.amend_plan().amendments(0).section().section_id());
  EXPECT_THAT(FieldsRefused(submission), ElementsAre("amend_plan.removals[0].section_id"));
}

TEST(SubmissionChecks, MoneyIsForSeizedCurrencyOnly) {
  v1::Submission submission = Valid(v1::Submission::kRecordTally);
  submission.mutable_record_tally()->mutable_entry()->set_category(v1::TALLY_CATEGORY_CITATION);
  EXPECT_THAT(FieldsRefused(submission), ElementsAre("record_tally.entry.amount_cents"));
  submission.mutable_record_tally()->mutable_entry()->clear_amount_cents();
  EXPECT_THAT(FieldsRefused(submission), IsEmpty());
}

TEST(SubmissionChecks, AgencyDoesNotAssistItselfNorEntryContainItself) {
  v1::Submission submission = Valid(v1::Submission::kRecordTally);
  v1::TallyEntry* entry = submission.mutable_record_tally()->mutable_entry();
  entry->add_assisting_agency_ids(entry->primary_agency_id());
  entry->add_assisting_agency_ids(entry->assisting_agency_ids(0));
  entry->add_contained_in_entry_ids(entry->entry_id());
  EXPECT_THAT(FieldsRefused(submission),
              ElementsAre("record_tally.entry.assisting_agency_ids[1]", "record_tally.entry.contained_in_entry_ids[1]",
                          "record_tally.entry.assisting_agency_ids[2]"));
}

TEST(SubmissionChecks, ReplacementsHaveNewIdsOfTheirOwn) {
  v1::Submission submission = Valid(v1::Submission::kCorrectTally);
  v1::CorrectTally* correction = submission.mutable_correct_tally();
  *correction->add_replacements() = correction->replacements(0);
  *correction->add_replacements() = correction->replacements(0);
  correction->mutable_replacements(2)->set_entry_id(correction->entry_id());
  EXPECT_THAT(FieldsRefused(submission),
              ElementsAre("correct_tally.replacements[1].entry_id", "correct_tally.replacements[2].entry_id"));
}

TEST(SubmissionChecks, FieldAndCrossFieldFindingsComeTogether) {
  v1::Submission submission = Valid(v1::Submission::kRecordTally);
  submission.set_submission_id("1");
  submission.mutable_record_tally()->mutable_entry()->set_category(v1::TALLY_CATEGORY_CITATION);
  EXPECT_THAT(FieldsRefused(submission), ElementsAre("submission_id", "record_tally.entry.amount_cents"));
  EXPECT_EQ(RejectedOf(ValidateSubmission(submission)).reason(), v1::ERROR_REASON_MALFORMED);
}

TEST(SubmissionChecks, CrossFieldFindingsAreBounded) {
  v1::Submission submission = Valid(v1::Submission::kPublishPlan);
  for (int i = 0; i < 200; ++i)
    *submission.mutable_publish_plan()->add_sections() = submission.publish_plan().sections(0);
  std::vector<FieldViolation> violations;
  CheckSubmission(submission, &violations);
  EXPECT_EQ(violations.size(), kViolationsMax);
}

TEST(SubmissionChecks, CursorAndFromNowExcludeEachOther) {
  v1::SubscribeRequest request;
  EXPECT_TRUE(ValidateSubscribe(request).ok());
  request.set_from_now(true);
  EXPECT_TRUE(ValidateSubscribe(request).ok());
  request.set_after_cursor("cursor");
  EXPECT_EQ(ValidateSubscribe(request).code(), absl::StatusCode::kInvalidArgument);
  request.set_from_now(false);
  EXPECT_TRUE(ValidateSubscribe(request).ok());
  request.set_after_cursor(std::string(65, 'c'));
  EXPECT_FALSE(ValidateSubscribe(request).ok());
}

TEST(SubmissionChecks, T8ThePartsOfAClaimDoNotExceedItsTotal) {
  v1::Submission submission = Valid(v1::Submission::kRecordClaim);
  v1::Claim* claim = submission.mutable_record_claim()->mutable_claim();
  claim->set_value(10);
  claim->mutable_parts(0)->set_category(v1::TALLY_CATEGORY_ARREST_BUYER);
  claim->mutable_parts(0)->set_value(7);
  v1::ClaimedPart* more = claim->add_parts();
  more->set_category(v1::TALLY_CATEGORY_ARREST_TRAFFICKER);
  more->set_value(3);
  EXPECT_THAT(FieldsRefused(submission), IsEmpty());
  more->set_value(4);
  EXPECT_THAT(FieldsRefused(submission), ElementsAre("record_claim.claim.parts"));
  EXPECT_EQ(ValidateSubmission(submission).code(), absl::StatusCode::kInvalidArgument);
  more->set_value(3);
  more->set_category(v1::TALLY_CATEGORY_ARREST_BUYER);
  EXPECT_THAT(FieldsRefused(submission), ElementsAre("record_claim.claim.parts[1].category"));
}

TEST(SubmissionChecks, T5PendingIsNoDecisionOnADuplicate) {
  v1::Submission submission = Valid(v1::Submission::kResolveDuplicate);
  submission.mutable_resolve_duplicate()->set_decision(v1::DUPLICATE_DECISION_PENDING);
  EXPECT_THAT(FieldsRefused(submission), ElementsAre("resolve_duplicate.decision"));
}

TEST(SubmissionChecks, AReleaseNamesEachFigureOnce) {
  v1::Submission submission = Valid(v1::Submission::kDraftRelease);
  *submission.mutable_draft_release()->add_cells() = submission.draft_release().cells(0);
  EXPECT_THAT(FieldsRefused(submission), ElementsAre("draft_release.cells[1]"));
}

TEST(SubmissionChecks, LongListsAreSearchedForWhatIsNamedTwiceToo) {
  v1::Submission submission = Valid(v1::Submission::kSetParticipant);
  auto* sites = submission.mutable_set_participant()->mutable_participant()->mutable_site_ids();
  sites->Clear();
  for (int i = 0; i < 30; ++i) sites->Add("site-" + std::to_string(i));
  EXPECT_THAT(FieldsRefused(submission), IsEmpty());
  *sites->Mutable(20) = "site-3";
  *sites->Mutable(29) = "site-12";
  EXPECT_THAT(FieldsRefused(submission),
              ElementsAre("set_participant.participant.site_ids[20]", "set_participant.participant.site_ids[29]"));
}

// A certificate spares the walk over the message, never a finding.
TEST(SubmissionChecks, OfCertifiedBytesNothingIsLeftButWhatIsWrongBetweenFields) {
  int refused = 0;
  for (v1::Submission& submission : ValidSubmissionOfEveryBody()) {
    const auto is_refused = [&submission] {
      EXPECT_TRUE(WireIsSound(v1::Submission::descriptor(), submission.SerializeAsString()));
      EXPECT_EQ(CheckBetweenFields(submission), ValidateSubmission(submission));
      return !CheckBetweenFields(submission).ok();
    };
    EXPECT_FALSE(is_refused());
    if (submission.has_withdraw_submission()) {
      submission.clear_outbox_number();
      refused += is_refused();
    }
    if (submission.has_record_tally()) {
      submission.mutable_record_tally()->mutable_entry()->set_category(v1::TALLY_CATEGORY_CITATION);
      refused += is_refused();
    }
  }
  EXPECT_EQ(refused, 2);
}

}  // namespace
}  // namespace muster
