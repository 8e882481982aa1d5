// Typed calls to a broker: one method per RPC.
//
// Calls that change something take the submission's body and, if the caller wants to be able to repeat it after a crash
// of its own, a submission_id (a UUIDv7); without one, each call makes a new one. Every retry inside the call uses the
// same id. They return the Outcome: accepted, or from a daemon saved_here; a rejected one comes back as an error whose
// reason RejectedOf() tells (common/error_reason.h). Requests are validated first: a malformed one costs no round trip.
//
// Thread safety: all methods may be called from any thread. Calls block for at most the connection's deadline.
// Errors: those that each RPC documents in proto/muster/v1, and those of Connection::Call.
#ifndef MUSTER_CLIENT_LIB_CLIENT_H_
#define MUSTER_CLIENT_LIB_CLIENT_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/lib/connection.h"
#include "muster/v1/access.pb.h"
#include "muster/v1/submission.pb.h"

namespace muster {

class Client {
 public:
  explicit Client(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}

  // ---- Agencies
  absl::StatusOr<v1::Outcome> RegisterAgency(v1::RegisterAgency body, std::string submission_id = {});
  absl::StatusOr<v1::Outcome> RevokeCertificate(v1::RevokeCertificate body, std::string submission_id = {});
  absl::StatusOr<v1::Outcome> SetAgencyStanding(v1::SetAgencyStanding body, std::string submission_id = {});
  absl::StatusOr<v1::Outcome> RegisterOperator(v1::RegisterOperator body, std::string submission_id = {});
  absl::StatusOr<v1::GetAgencyResponse> GetAgency(const v1::GetAgencyRequest& request);
  absl::StatusOr<v1::ListAgenciesResponse> ListAgencies(const v1::ListAgenciesRequest& request);
  absl::StatusOr<v1::WhoAmIResponse> WhoAmI();

  // ---- Operations
  absl::StatusOr<v1::Outcome> CreateOperation(v1::CreateOperation body, std::string submission_id = {});
  absl::StatusOr<v1::Outcome> AddSite(v1::AddSite body, std::string submission_id = {});
  absl::StatusOr<v1::Outcome> SetParticipant(v1::SetParticipant body, std::string submission_id = {});
  absl::StatusOr<v1::Outcome> RemoveParticipant(v1::RemoveParticipant body, std::string submission_id = {});
  absl::StatusOr<v1::Outcome> SetOperationPhase(v1::SetOperationPhase body, std::string submission_id = {});
  absl::StatusOr<v1::GetOperationResponse> GetOperation(const v1::GetOperationRequest& request);
  absl::StatusOr<v1::ListOperationsResponse> ListOperations(const v1::ListOperationsRequest& request);
  absl::StatusOr<v1::ListPresenceResponse> ListPresence(const v1::ListPresenceRequest& request);

  // ---- Plans
  absl::StatusOr<v1::Outcome> PublishPlan(v1::PublishPlan body, std::string submission_id = {});
  absl::StatusOr<v1::Outcome> AmendPlan(v1::AmendPlan body, std::string submission_id = {});
  absl::StatusOr<v1::Outcome> WithdrawPlan(v1::WithdrawPlan body, std::string submission_id = {});
  absl::StatusOr<v1::Outcome> AcknowledgePlan(v1::AcknowledgePlan body, std::string submission_id = {});
  absl::StatusOr<v1::GetPlanResponse> GetPlan(const v1::GetPlanRequest& request);
  absl::StatusOr<v1::ListAcknowledgementsResponse> ListAcknowledgements(const v1::ListAcknowledgementsRequest& request);

  // ---- Tallies
  absl::StatusOr<v1::Outcome> RecordTally(v1::RecordTally body, std::string submission_id = {});
  absl::StatusOr<v1::Outcome> CorrectTally(v1::CorrectTally body, std::string submission_id = {});
  absl::StatusOr<v1::Outcome> ResolveDuplicate(v1::ResolveDuplicate body, std::string submission_id = {});
  absl::StatusOr<v1::GetTotalsResponse> GetTotals(const v1::GetTotalsRequest& request);
  absl::StatusOr<v1::ListTallyEntriesResponse> ListTallyEntries(const v1::ListTallyEntriesRequest& request);
  absl::StatusOr<v1::ExplainTallyResponse> ExplainTally(const v1::ExplainTallyRequest& request);
  absl::StatusOr<v1::ListSuspectedDuplicatesResponse> ListSuspectedDuplicates(
      const v1::ListSuspectedDuplicatesRequest& request);

  // ---- Claims
  absl::StatusOr<v1::Outcome> RecordClaim(v1::RecordClaim body, std::string submission_id = {});
  absl::StatusOr<v1::ReconcileResponse> Reconcile(const v1::ReconcileRequest& request);

  // ---- Deconfliction
  absl::StatusOr<v1::Outcome> EnterActivity(v1::EnterActivity body, std::string submission_id = {});
  absl::StatusOr<v1::Outcome> AmendActivity(v1::AmendActivity body, std::string submission_id = {});
  absl::StatusOr<v1::Outcome> CancelActivity(v1::CancelActivity body, std::string submission_id = {});
  absl::StatusOr<v1::Outcome> AdvanceConflict(v1::AdvanceConflict body, std::string submission_id = {});
  absl::StatusOr<v1::Outcome> ResolveConflict(v1::ResolveConflict body, std::string submission_id = {});
  absl::StatusOr<v1::GetActivityResponse> GetActivity(const v1::GetActivityRequest& request);
  absl::StatusOr<v1::ListActivitiesResponse> ListActivities(const v1::ListActivitiesRequest& request);
  absl::StatusOr<v1::GetConflictResponse> GetConflict(const v1::GetConflictRequest& request);
  absl::StatusOr<v1::ListConflictsResponse> ListConflicts(const v1::ListConflictsRequest& request);

  // ---- Readiness, GO, HOLD and ABORT
  absl::StatusOr<v1::Outcome> SetHHour(v1::SetHHour body, std::string submission_id = {});
  absl::StatusOr<v1::Outcome> ReportReadiness(v1::ReportReadiness body, std::string submission_id = {});
  absl::StatusOr<v1::Outcome> WaiveReadiness(v1::WaiveReadiness body, std::string submission_id = {});
  absl::StatusOr<v1::Outcome> ApproveGo(v1::ApproveGo body, std::string submission_id = {});
  absl::StatusOr<v1::Outcome> CallHold(v1::CallHold body, std::string submission_id = {});
  absl::StatusOr<v1::Outcome> LiftHold(v1::LiftHold body, std::string submission_id = {});
  absl::StatusOr<v1::Outcome> CallAbort(v1::CallAbort body, std::string submission_id = {});
  absl::StatusOr<v1::Outcome> AcknowledgeGo(v1::AcknowledgeGo body, std::string submission_id = {});
  absl::StatusOr<v1::GetReadinessBoardResponse> GetReadinessBoard(const v1::GetReadinessBoardRequest& request);

  // ---- Releases
  absl::StatusOr<v1::Outcome> DraftRelease(v1::DraftRelease body, std::string submission_id = {});
  absl::StatusOr<v1::Outcome> CheckRelease(v1::CheckRelease body, std::string submission_id = {});
  absl::StatusOr<v1::Outcome> ApproveRelease(v1::ApproveRelease body, std::string submission_id = {});
  absl::StatusOr<v1::Outcome> IssueRelease(v1::IssueRelease body, std::string submission_id = {});
  absl::StatusOr<v1::GetReleaseResponse> GetRelease(const v1::GetReleaseRequest& request);
  absl::StatusOr<v1::ListReleasesResponse> ListReleases(const v1::ListReleasesRequest& request);
  absl::StatusOr<v1::PreviewReleaseResponse> PreviewRelease(const v1::PreviewReleaseRequest& request);

  // ---- Victim services
  absl::StatusOr<v1::Outcome> PublishReadinessNotice(v1::PublishReadinessNotice body, std::string submission_id = {});
  absl::StatusOr<v1::Outcome> ReportCapacity(v1::ReportCapacity body, std::string submission_id = {});
  absl::StatusOr<v1::Outcome> ReportServiceCounts(v1::ReportServiceCounts body, std::string submission_id = {});
  absl::StatusOr<v1::Outcome> RequestReferral(v1::RequestReferral body, std::string submission_id = {});
  absl::StatusOr<v1::Outcome> AnswerReferral(v1::AnswerReferral body, std::string submission_id = {});
  absl::StatusOr<v1::GetVictimServicesResponse> GetVictimServices(const v1::GetVictimServicesRequest& request);

  // ---- Access
  absl::StatusOr<v1::ExplainAccessResponse> ExplainAccess(const v1::ExplainAccessRequest& request);
  absl::StatusOr<v1::ListDisclosuresResponse> ListDisclosures(const v1::ListDisclosuresRequest& request);

  // ---- Any submission. Unlike the typed calls, a rejected outcome is returned as such and not as an error. A missing
  // submission_id is made.
  absl::StatusOr<v1::Outcome> Submit(v1::Submission submission);

  // ---- The feed (see Subscription for reading it)
  absl::StatusOr<v1::GetFeedCursorResponse> GetFeedCursor();

  const std::shared_ptr<Connection>& connection() const { return connection_; }

 private:
  template <typename Response>
  absl::StatusOr<Response> Call(absl::string_view method, const google::protobuf::Message& request);
  // Sends a mutating request and turns a rejected outcome into an error.
  template <typename Request, typename Response>
  absl::StatusOr<v1::Outcome> Change(absl::string_view method, Request request, std::string submission_id);

  const std::shared_ptr<Connection> connection_;
};

}  // namespace muster

#endif  // MUSTER_CLIENT_LIB_CLIENT_H_
