// Decides one submission against the state: changes it and collects the notices, or changes nothing and says why. Lets
// happen, in the same way, what has fallen due.
//
// Lives for one submission or one timer. Every rule of the domain that can reject a submission is here or in the record
// it calls. The decisions of each concept are in the folder of its name, decide_*.cc.
#ifndef MUSTER_SERVER_STATE_DECIDER_H_
#define MUSTER_SERVER_STATE_DECIDER_H_

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "common/submission_body.h"
#include "muster/v1/submission.pb.h"
#include "server/state/model.h"
#include "server/state/notices.h"
#include "server/state/readiness/readiness_view.h"
#include "server/state/rules.h"
#include "server/state/tallies/counting.h"

namespace muster {

class State;

class Decider {
 public:
  // All borrowed. `at`: when it happens, which for a timer is when it fell due.
  Decider(const State* state, Model* model, const v1::Event& event, const google::protobuf::Timestamp& at);

  // All or nothing. A rejection carries its reason (common/error_reason.h).
  absl::StatusOr<v1::Accepted> Decide();

  // Instead of Decide: cannot fail.
  void Happen(const Timer& timer);

  // After Decide returned OK, or Happen.
  Notices&& TakeNotices() && { return std::move(notices_); }
  bool access_changed() const { return access_changed_; }

 private:
  using Decision = absl::StatusOr<v1::Accepted>;

  Decision Apply(const NoBody& body);
  Decision Apply(const v1::RegisterAgency& body);
  Decision Apply(const v1::RevokeCertificate& body);
  Decision Apply(const v1::SetAgencyStanding& body);
  Decision Apply(const v1::RegisterOperator& body);
  Decision Apply(const v1::CreateOperation& body);
  Decision Apply(const v1::AddSite& body);
  Decision Apply(const v1::SetParticipant& body);
  Decision Apply(const v1::RemoveParticipant& body);
  Decision Apply(const v1::SetOperationPhase& body);
  Decision Apply(const v1::PublishPlan& body);
  Decision Apply(const v1::AmendPlan& body);
  Decision Apply(const v1::WithdrawPlan& body);
  Decision Apply(const v1::AcknowledgePlan& body);
  Decision Apply(const v1::RecordTally& body);
  Decision Apply(const v1::CorrectTally& body);
  Decision Apply(const v1::ResolveDuplicate& body);
  Decision Apply(const v1::RecordClaim& body);
  Decision Apply(const v1::EnterActivity& body);
  Decision Apply(const v1::AmendActivity& body);
  Decision Apply(const v1::CancelActivity& body);
  Decision Apply(const v1::AdvanceConflict& body);
  Decision Apply(const v1::ResolveConflict& body);
  Decision Apply(const v1::SetHHour& body);
  Decision Apply(const v1::ReportReadiness& body);
  Decision Apply(const v1::WaiveReadiness& body);
  Decision Apply(const v1::ApproveGo& body);
  Decision Apply(const v1::CallHold& body);
  Decision Apply(const v1::LiftHold& body);
  Decision Apply(const v1::CallAbort& body);
  Decision Apply(const v1::AcknowledgeGo& body);
  Decision Apply(const v1::DraftRelease& body);
  Decision Apply(const v1::CheckRelease& body);
  Decision Apply(const v1::ApproveRelease& body);
  Decision Apply(const v1::IssueRelease& body);
  Decision Apply(const v1::PublishReadinessNotice& body);
  Decision Apply(const v1::ReportCapacity& body);
  Decision Apply(const v1::ReportServiceCounts& body);
  Decision Apply(const v1::RequestReferral& body);
  Decision Apply(const v1::AnswerReferral& body);
  Decision Apply(const v1::WithdrawSubmission& body);

  void EscalateConflict(const Timer& timer);
  void ExpireConflict(const Timer& timer);
  void EndActivity(const Timer& timer);
  void EscalateGo(const Timer& timer);

  // The operation that the policy table has found the caller to take part in.
  OperationRecord& Operation(const std::string& operation_id) { return model_.operations.at(operation_id); }
  const v1::Participant& Self(const OperationRecord& operation) const;
  absl::string_view agency_id() const { return event_.principal().agency_id(); }

  // ---- Agencies
  void TellAgency(const std::string& agency_id);
  // Tells a reinstated agency what it now sees of every operation it takes part in.
  void TellWhereItStands(const std::string& agency_id);

  // ---- Operations
  void TellOwnView(const OperationRecord& operation, const v1::Participant& participant);
  void TellParticipant(const OperationRecord& operation, const v1::ParticipantChange& change);
  void TellPhase(const OperationRecord& operation);
  // Who hears of the operation itself (rule V2).
  bool HearsOfOperation(const v1::Participant& participant) const;

  // ---- Plans
  absl::Status CheckPlanChange(const OperationRecord& operation, const v1::Audience& audience) const;
  // Tells every participant whose view differs from what it was at `version_before`.
  void TellPlan(const OperationRecord& operation, uint32_t version_before, bool always);
  // Nothing when it sees no plan.
  void TellOwnPlan(const OperationRecord& operation, const v1::Participant& participant);
  v1::Accepted PlanAccepted(const OperationRecord& operation) const;

  // ---- Tallies
  absl::Status CheckEntry(const OperationRecord& operation, const v1::TallyEntry& entry) const;
  TallyLedger::Filing FilingIn(const OperationRecord& operation) const;
  void TellEntry(OperationRecord* operation, const v1::TallyEntryRecord& filed);

  // ---- Activities
  // Whether the caller may enter it, and in which mode.
  absl::StatusOr<v1::OperationMode> ModeOf(const v1::Activity& activity) const;
  absl::Status CheckSite(const OperationRecord& operation, const v1::Activity& activity) const;
  absl::Status CheckAmendment(const v1::Activity& before, const v1::Activity& after) const;
  // The caller's own, or one over which it keeps watch. The same refusal whether or not there is one.
  absl::StatusOr<EnteredActivity> ActivityToChange(const std::string& owner_agency_id,
                                                   const std::string& activity_id) const;
  v1::Accepted DeconflictionAccepted(const EnteredActivity& activity) const;
  // Each reader whose view differs from that of `before` (null: there was none).
  void TellActivity(const EnteredActivity* before, const EnteredActivity& after);
  // As of the operation, or of none when it is empty.
  void TellAbout(const std::string& operation_id, std::vector<std::string> agency_ids, v1::Notice notice,
                 std::string why, Notices::Secrecy secrecy);
  // Opens, updates, reopens and closes the activity's conflicts (rule C4).
  void Deconflict(const EnteredActivity* before, const EnteredActivity& after);
  void CloseConflict(v1::ConflictRecord conflict, absl::string_view text);
  // Records it and tells; escalates it first when that is due.
  void PutConflict(v1::ConflictRecord conflict);
  void AddStep(v1::ConflictState state, absl::string_view text, v1::ConflictRecord* conflict) const;
  // An open one of which the caller is told. The same refusal whether or not there is one.
  absl::StatusOr<v1::ConflictRecord> ConflictToChange(const std::string& conflict_id) const;
  // Its parties, watch desks, lead and auditors, each as it may see it.
  void TellConflict(const v1::ConflictRecord& conflict);
  void TellAlert(const v1::ConflictRecord& conflict, int side);
  // `agency_ids` see the same.
  void TellConflictView(const v1::ConflictRecord& conflict, std::vector<std::string> agency_ids);
  void TellConflictEscalation(const v1::ConflictRecord& conflict);
  // Tells an agency that joins, changes its role or is reinstated which activities of others it now sees in an
  // operation, with the disclosure that this is (rule V4); and one that joins, which open conflicts.
  void TellActivitiesIn(absl::string_view operation_id, const std::string& agency_id);
  void TellConflictsIn(absl::string_view operation_id, const std::string& agency_id);
  // What a reinstated agency starts from: the open conflicts of which it is told.
  void TellOwnConflicts(const std::string& agency_id);

  // ---- Readiness
  // OK when `epoch` is the current one and the operation is not aborted in it (rules G2, G3).
  absl::Status CheckEpoch(const OperationRecord& operation, uint32_t epoch) const;
  // The site, when the caller answers for it.
  absl::StatusOr<const v1::Site*> AnsweredSite(const OperationRecord& operation, const std::string& site_id) const;
  // The site, when the caller may stop it: the lead any, a participant where it works.
  absl::StatusOr<const v1::Site*> StoppableSite(const OperationRecord& operation, const std::string& site_id) const;
  absl::Status CheckReport(const OperationRecord& operation, const v1::Site& site,
                           const v1::ReportReadiness& body) const;
  absl::Status CheckReady(const OperationRecord& operation, const v1::ReportReadiness& body) const;
  // Everything but who approves it (rule G1).
  absl::Status CheckGo(const OperationRecord& operation, const v1::ApproveGo& body) const;
  // Sites that keep GO from being given, each with its status.
  std::vector<std::string> MissingForGo(const OperationRecord& operation) const;
  void GiveGo(OperationRecord* operation);
  // Adds the caller's stop of the site, or of the whole operation.
  Decision StopSite(OperationRecord* operation, const std::string& site_id, const storage::v1::SiteStop& stop);
  Decision StopAll(OperationRecord* operation, const storage::v1::SiteStop& stop);
  // Who has still to say that it has GO, of a site that must.
  v1::Escalation EscalationOf(const OperationRecord& operation, const v1::Site& site) const;
  void CancelEscalations(const OperationRecord& operation);

  // What every reader's board shows before a change, of some sites or of all.
  BoardsBefore Boards(const OperationRecord& operation,
                      std::optional<std::set<std::string>> site_ids = std::nullopt) const {
    return BoardsBefore(model_.roster, operation, std::move(site_ids));
  }
  // Tells every reader what is different on its board since then.
  void TellBoards(const OperationRecord& operation, const BoardsBefore& before);
  // The same after a change of the participants, the plan or its acknowledgements, which may have voided READY.
  void ReviewBoards(OperationRecord* operation, const BoardsBefore& before);
  // The whole board; nothing when it reads none or before the first H-hour.
  void TellOwnBoard(const OperationRecord& operation, const v1::Participant& participant);
  // The boards of the operations that the agency leads and where one person has approved GO: a change of the agency's
  // certificates or operators may let that lapse.
  using ProposedBoards = std::vector<std::pair<const OperationRecord*, BoardsBefore>>;
  ProposedBoards BoardsWithProposals(absl::string_view lead_agency_id) const;
  void TellBoards(const ProposedBoards& before);

  // ---- Releases
  // The lead's figures, as of now.
  Figures FiguresOf(const OperationRecord& operation) const;
  // A copy of a release that the public has not seen.
  absl::StatusOr<storage::v1::ReleaseImage> ReleaseInside(const OperationRecord& operation,
                                                          const std::string& release_id) const;
  // OK unless the ledger, or what has been issued since, has overtaken what was approved.
  absl::Status CheckStillTrue(const OperationRecord& operation, const storage::v1::ReleaseImage& approved) const;
  // Keeps it and tells those who may see it.
  void PutRelease(OperationRecord* operation, storage::v1::ReleaseImage release);

  // ---- Victim services
  // Nothing before there is a notice.
  void TellReadinessNotice(const OperationRecord& operation, std::vector<std::string> readers);
  void TellReferral(const OperationRecord& operation, const v1::Referral& referral);
  // What a participant that joins or is reinstated starts from: the notice, and for a partner what waits for its
  // answer.
  void TellOwnVictimServices(const OperationRecord& operation, const v1::Participant& participant);

  const State& state_;
  Model& model_;
  const v1::Event& event_;
  const google::protobuf::Timestamp& at_;
  const Rules rules_;
  Notices notices_;
  bool access_changed_ = false;
};

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_DECIDER_H_
