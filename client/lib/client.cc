#include "client/lib/client.h"

#include "common/clock.h"
#include "common/error_reason.h"
#include "common/status_macros.h"
#include "common/uuid.h"
#include "common/validation.h"

namespace muster {

template <typename Response>
absl::StatusOr<Response> Client::Call(absl::string_view method, const google::protobuf::Message& request) {
  MUSTER_RETURN_IF_ERROR(Validate(request));
  Response response;
  MUSTER_RETURN_IF_ERROR(connection_->Call(method, request, &response));
  return response;
}

template <typename Request, typename Response>
absl::StatusOr<v1::Outcome> Client::Change(absl::string_view method, Request request, std::string submission_id) {
  if (submission_id.empty()) submission_id = NewUuidV7(connection_->clock().Now());
  request.set_submission_id(std::move(submission_id));
  MUSTER_ASSIGN_OR_RETURN(Response response, Call<Response>(method, request));
  if (response.outcome().has_rejected()) return ToStatus(response.outcome().rejected());
  return std::move(*response.mutable_outcome());
}

// One mutating RPC: Name(body) sends NameRequest{submission_id, field: body} to service.
#define MUSTER_CHANGE(Service, Name, field)                                                                    \
  absl::StatusOr<v1::Outcome> Client::Name(v1::Name body, std::string submission_id) {                         \
    v1::Name##Request request;                                                                                 \
    *request.mutable_##field() = std::move(body);                                                              \
    return Change<v1::Name##Request, v1::Name##Response>("/muster.v1." #Service "/" #Name, std::move(request), \
                                                         std::move(submission_id));                            \
  }

// One reading RPC.
#define MUSTER_READ(Service, Name)                                                    \
  absl::StatusOr<v1::Name##Response> Client::Name(const v1::Name##Request& request) { \
    return Call<v1::Name##Response>("/muster.v1." #Service "/" #Name, request);       \
  }

MUSTER_CHANGE(AgencyService, RegisterAgency, registration)
MUSTER_CHANGE(AgencyService, RevokeCertificate, revocation)
MUSTER_CHANGE(AgencyService, SetAgencyStanding, change)
MUSTER_CHANGE(AgencyService, RegisterOperator, registration)
MUSTER_READ(AgencyService, GetAgency)
MUSTER_READ(AgencyService, ListAgencies)

MUSTER_CHANGE(OperationService, CreateOperation, creation)
MUSTER_CHANGE(OperationService, AddSite, addition)
MUSTER_CHANGE(OperationService, SetParticipant, change)
MUSTER_CHANGE(OperationService, RemoveParticipant, removal)
MUSTER_CHANGE(OperationService, SetOperationPhase, change)
MUSTER_READ(OperationService, GetOperation)
MUSTER_READ(OperationService, ListOperations)
MUSTER_READ(OperationService, ListPresence)

MUSTER_CHANGE(PlanService, PublishPlan, plan)
MUSTER_CHANGE(PlanService, AmendPlan, amendment)
MUSTER_CHANGE(PlanService, WithdrawPlan, withdrawal)
MUSTER_CHANGE(PlanService, AcknowledgePlan, acknowledgement)
MUSTER_READ(PlanService, GetPlan)
MUSTER_READ(PlanService, ListAcknowledgements)

MUSTER_CHANGE(TallyService, RecordTally, record)
MUSTER_CHANGE(TallyService, CorrectTally, correction)
MUSTER_CHANGE(TallyService, ResolveDuplicate, decision)
MUSTER_READ(TallyService, GetTotals)
MUSTER_READ(TallyService, ListTallyEntries)
MUSTER_READ(TallyService, ExplainTally)
MUSTER_READ(TallyService, ListSuspectedDuplicates)

MUSTER_CHANGE(ClaimService, RecordClaim, record)
MUSTER_READ(ClaimService, Reconcile)

MUSTER_CHANGE(DeconflictionService, EnterActivity, entry)
MUSTER_CHANGE(DeconflictionService, AmendActivity, amendment)
MUSTER_CHANGE(DeconflictionService, CancelActivity, cancellation)
MUSTER_CHANGE(DeconflictionService, AdvanceConflict, step)
MUSTER_CHANGE(DeconflictionService, ResolveConflict, resolution)
MUSTER_READ(DeconflictionService, GetActivity)
MUSTER_READ(DeconflictionService, ListActivities)
MUSTER_READ(DeconflictionService, GetConflict)
MUSTER_READ(DeconflictionService, ListConflicts)

MUSTER_CHANGE(ReadinessService, SetHHour, change)
MUSTER_CHANGE(ReadinessService, ReportReadiness, report)
MUSTER_CHANGE(ReadinessService, WaiveReadiness, waiver)
MUSTER_CHANGE(ReadinessService, ApproveGo, approval)
MUSTER_CHANGE(ReadinessService, CallHold, hold)
MUSTER_CHANGE(ReadinessService, LiftHold, lifting)
MUSTER_CHANGE(ReadinessService, CallAbort, abort)
MUSTER_CHANGE(ReadinessService, AcknowledgeGo, acknowledgement)
MUSTER_READ(ReadinessService, GetReadinessBoard)

MUSTER_CHANGE(ReleaseService, DraftRelease, draft)
MUSTER_CHANGE(ReleaseService, CheckRelease, check)
MUSTER_CHANGE(ReleaseService, ApproveRelease, approval)
MUSTER_CHANGE(ReleaseService, IssueRelease, issue)
MUSTER_READ(ReleaseService, GetRelease)
MUSTER_READ(ReleaseService, ListReleases)
MUSTER_READ(ReleaseService, PreviewRelease)

MUSTER_CHANGE(VictimServicesService, PublishReadinessNotice, publication)
MUSTER_CHANGE(VictimServicesService, ReportCapacity, report)
MUSTER_CHANGE(VictimServicesService, ReportServiceCounts, report)
MUSTER_CHANGE(VictimServicesService, RequestReferral, referral)
MUSTER_CHANGE(VictimServicesService, AnswerReferral, answer)
MUSTER_READ(VictimServicesService, GetVictimServices)

MUSTER_READ(AccessService, ExplainAccess)
MUSTER_READ(AccessService, ListDisclosures)

#undef MUSTER_CHANGE
#undef MUSTER_READ

absl::StatusOr<v1::WhoAmIResponse> Client::WhoAmI() {
  return Call<v1::WhoAmIResponse>("/muster.v1.AgencyService/WhoAmI", v1::WhoAmIRequest());
}

absl::StatusOr<v1::GetFeedCursorResponse> Client::GetFeedCursor() {
  return Call<v1::GetFeedCursorResponse>("/muster.v1.FeedService/GetFeedCursor", v1::GetFeedCursorRequest());
}

absl::StatusOr<v1::Outcome> Client::Submit(v1::Submission submission) {
  if (submission.submission_id().empty()) submission.set_submission_id(NewUuidV7(connection_->clock().Now()));
  v1::SubmitRequest request;
  *request.mutable_submission() = std::move(submission);
  MUSTER_ASSIGN_OR_RETURN(v1::SubmitResponse response,
                          Call<v1::SubmitResponse>("/muster.v1.SubmissionService/Submit", request));
  return std::move(*response.mutable_outcome());
}

}  // namespace muster
