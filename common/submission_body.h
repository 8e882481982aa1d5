// The one list of what a submission may be.
#ifndef MUSTER_COMMON_SUBMISSION_BODY_H_
#define MUSTER_COMMON_SUBMISSION_BODY_H_

#include <utility>

#include "muster/v1/submission.pb.h"

namespace muster {

// What stands for a submission without a body, or with one that this build does not know.
struct NoBody {};

// Calls `visit` with the body of `submission` (v1::RecordTally, ...), or with NoBody, and returns what it returns.
template <typename Visit>
auto VisitBody(const v1::Submission& submission, Visit&& visit) {
  switch (submission.body_case()) {
    case v1::Submission::kRegisterAgency:
      return visit(submission.register_agency());
    case v1::Submission::kRevokeCertificate:
      return visit(submission.revoke_certificate());
    case v1::Submission::kSetAgencyStanding:
      return visit(submission.set_agency_standing());
    case v1::Submission::kRegisterOperator:
      return visit(submission.register_operator());
    case v1::Submission::kCreateOperation:
      return visit(submission.create_operation());
    case v1::Submission::kAddSite:
      return visit(submission.add_site());
    case v1::Submission::kSetParticipant:
      return visit(submission.set_participant());
    case v1::Submission::kRemoveParticipant:
      return visit(submission.remove_participant());
    case v1::Submission::kSetOperationPhase:
      return visit(submission.set_operation_phase());
    case v1::Submission::kPublishPlan:
      return visit(submission.publish_plan());
    case v1::Submission::kAmendPlan:
      return visit(submission.amend_plan());
    case v1::Submission::kWithdrawPlan:
      return visit(submission.withdraw_plan());
    case v1::Submission::kAcknowledgePlan:
      return visit(submission.acknowledge_plan());
    case v1::Submission::kRecordTally:
      return visit(submission.record_tally());
    case v1::Submission::kCorrectTally:
      return visit(submission.correct_tally());
    case v1::Submission::kResolveDuplicate:
      return visit(submission.resolve_duplicate());
    case v1::Submission::kRecordClaim:
      return visit(submission.record_claim());
    case v1::Submission::kEnterActivity:
      return visit(submission.enter_activity());
    case v1::Submission::kAmendActivity:
      return visit(submission.amend_activity());
    case v1::Submission::kCancelActivity:
      return visit(submission.cancel_activity());
    case v1::Submission::kAdvanceConflict:
      return visit(submission.advance_conflict());
    case v1::Submission::kResolveConflict:
      return visit(submission.resolve_conflict());
    case v1::Submission::kSetHHour:
      return visit(submission.set_h_hour());
    case v1::Submission::kReportReadiness:
      return visit(submission.report_readiness());
    case v1::Submission::kWaiveReadiness:
      return visit(submission.waive_readiness());
    case v1::Submission::kApproveGo:
      return visit(submission.approve_go());
    case v1::Submission::kCallHold:
      return visit(submission.call_hold());
    case v1::Submission::kLiftHold:
      return visit(submission.lift_hold());
    case v1::Submission::kCallAbort:
      return visit(submission.call_abort());
    case v1::Submission::kAcknowledgeGo:
      return visit(submission.acknowledge_go());
    case v1::Submission::kDraftRelease:
      return visit(submission.draft_release());
    case v1::Submission::kCheckRelease:
      return visit(submission.check_release());
    case v1::Submission::kApproveRelease:
      return visit(submission.approve_release());
    case v1::Submission::kIssueRelease:
      return visit(submission.issue_release());
    case v1::Submission::kPublishReadinessNotice:
      return visit(submission.publish_readiness_notice());
    case v1::Submission::kReportCapacity:
      return visit(submission.report_capacity());
    case v1::Submission::kReportServiceCounts:
      return visit(submission.report_service_counts());
    case v1::Submission::kRequestReferral:
      return visit(submission.request_referral());
    case v1::Submission::kAnswerReferral:
      return visit(submission.answer_referral());
    case v1::Submission::kWithdrawSubmission:
      return visit(submission.withdraw_submission());
    case v1::Submission::BODY_NOT_SET:
      break;
  }
  return visit(NoBody());
}

}  // namespace muster

#endif  // MUSTER_COMMON_SUBMISSION_BODY_H_
