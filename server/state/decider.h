// Decides one submission against the state: changes it and collects the notices, or changes nothing and says why.
//
// Lives for one event. Every rule of the domain that can reject a submission is here or in the record it calls.
#ifndef MUSTER_SERVER_STATE_DECIDER_H_
#define MUSTER_SERVER_STATE_DECIDER_H_

#include <string>

#include "absl/container/btree_map.h"
#include "absl/status/statusor.h"
#include "muster/v1/submission.pb.h"
#include "server/state/notices.h"
#include "server/state/operation_record.h"
#include "server/state/roster.h"

namespace muster {

class State;

class Decider {
 public:
  // All pointers borrowed; `event` is a submission.
  Decider(const State* state, Roster* roster, absl::btree_map<std::string, OperationRecord>* operations,
          const v1::Event& event);

  // All or nothing. A rejection carries its reason (common/error_reason.h).
  absl::StatusOr<v1::Accepted> Decide();

  // After Decide returned OK.
  Notices TakeNotices() && { return std::move(notices_); }
  bool access_changed() const { return access_changed_; }

 private:
  using Decision = absl::StatusOr<v1::Accepted>;

  Decision Apply(const v1::RegisterAgency& registration);
  Decision Apply(const v1::RevokeCertificate& revocation);
  Decision Apply(const v1::SetAgencyStanding& change);
  Decision Apply(const v1::CreateOperation& creation);
  Decision Apply(const v1::AddSite& addition);
  Decision Apply(const v1::SetParticipant& change);
  Decision Apply(const v1::RemoveParticipant& removal);
  Decision Apply(const v1::SetOperationPhase& change);
  Decision Apply(const v1::PublishPlan& plan);
  Decision Apply(const v1::AmendPlan& amendment);
  Decision Apply(const v1::WithdrawPlan& withdrawal);
  Decision Apply(const v1::AcknowledgePlan& acknowledgement);
  Decision Apply(const v1::RecordTally& record);
  Decision Apply(const v1::CorrectTally& correction);

  // The operation that the policy table has found the caller to take part in.
  OperationRecord& Operation(const std::string& operation_id) { return operations_->at(operation_id); }
  const v1::Participant& Self(const OperationRecord& operation) const;
  absl::string_view agency_id() const { return event_.principal().agency_id(); }

  absl::Status CheckPlanChange(const OperationRecord& operation, const v1::Audience& audience) const;
  absl::Status CheckEntry(const OperationRecord& operation, const v1::TallyEntry& entry) const;
  TallyLedger::Filing FilingIn(const OperationRecord& operation) const;

  // Tells every participant whose view differs from what it was at `version_before`.
  void TellPlan(const OperationRecord& operation, uint32_t version_before, bool always);
  void TellAgency(const std::string& agency_id);
  // Tells a reinstated agency what it now sees of every operation it takes part in.
  void TellWhereItStands(const std::string& agency_id);
  void TellOwnView(const OperationRecord& operation, const v1::Participant& participant);
  // Nothing when it sees no plan.
  void TellOwnPlan(const OperationRecord& operation, const v1::Participant& participant);
  void TellParticipant(const OperationRecord& operation, const v1::ParticipantChange& change);
  v1::Accepted PlanAccepted(const OperationRecord& operation) const;

  const State& state_;
  Roster* const roster_;
  absl::btree_map<std::string, OperationRecord>* const operations_;
  const v1::Event& event_;
  Notices notices_;
  bool access_changed_ = false;
};

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_DECIDER_H_
