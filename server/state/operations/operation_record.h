// One operation as the state holds it: who takes part, where, in which phase, its plan and its tally.
//
// Threading: guarded by the owner (State).
#ifndef MUSTER_SERVER_STATE_OPERATIONS_OPERATION_RECORD_H_
#define MUSTER_SERVER_STATE_OPERATIONS_OPERATION_RECORD_H_

#include <string>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "muster/storage/v1/storage.pb.h"
#include "muster/v1/operation.pb.h"
#include "server/state/access/disclosure_log.h"
#include "server/state/plans/plan_book.h"
#include "server/state/readiness/readiness_board.h"
#include "server/state/releases/release_book.h"
#include "server/state/tallies/claim_book.h"
#include "server/state/tallies/tally_ledger.h"
#include "server/state/timers.h"
#include "server/state/victims/victim_desk.h"

namespace muster {

class OperationRecord {
 public:
  OperationRecord() = default;
  OperationRecord(const v1::CreateOperation& creation, absl::string_view lead_agency_id,
                  const google::protobuf::Timestamp& created_at);

  const v1::Operation& operation() const { return operation_; }
  const std::string& id() const { return operation_.operation_id(); }
  v1::OperationPhase phase() const { return phase_; }
  const std::string& lead_agency_id() const { return lead_agency_id_; }
  const google::protobuf::Timestamp& created_at() const { return created_at_; }
  const absl::btree_map<std::string, v1::Site>& sites() const { return sites_; }
  const absl::btree_map<std::string, v1::Participant>& participants() const { return participants_; }

  // Null when there is none of that name.
  const v1::Site* FindSite(absl::string_view site_id) const;
  const v1::Participant* FindParticipant(absl::string_view agency_id) const;

  // Change the plan with PublishPlan and AmendPlan, so that it stays prepared for the participants.
  const PlanBook& plan() const { return plan_; }
  PlanBook& plan() { return plan_; }
  const TallyLedger& ledger() const { return ledger_; }
  TallyLedger& ledger() { return ledger_; }
  const ClaimBook& claims() const { return claims_; }
  ClaimBook& claims() { return claims_; }
  const ReadinessBoard& readiness() const { return readiness_; }
  ReadinessBoard& readiness() { return readiness_; }
  const ReleaseBook& releases() const { return releases_; }
  ReleaseBook& releases() { return releases_; }
  const VictimDesk& victims() const { return victims_; }
  VictimDesk& victims() { return victims_; }
  const DisclosureLog& disclosures() const { return disclosures_; }
  DisclosureLog& disclosures() { return disclosures_; }

  absl::Status AddSite(const v1::Site& site);
  // Adds a participant or replaces its role and sites. A role or site change that changes what the participant may see
  // of the plan takes back its acknowledgement.
  absl::Status SetParticipant(const v1::Participant& participant);
  absl::Status RemoveParticipant(absl::string_view agency_id);
  absl::Status SetPhase(v1::OperationPhase phase);
  // EXECUTING -> ARMED, the only step back: the H-hour has moved, so that nobody has GO any more (rule G3).
  void StandDown() { phase_ = v1::OPERATION_PHASE_ARMED; }
  absl::Status PublishPlan(const v1::PublishPlan& plan, const google::protobuf::Timestamp& at);
  absl::Status AmendPlan(const v1::AmendPlan& amendment, const google::protobuf::Timestamp& at);

  // OK unless `phase()` forbids changing the plan, the participants or the sites.
  absl::Status CheckOpen() const;
  // OK when reports may come in: from ARMED on, and after an abort, but not after closing.
  absl::Status CheckReporting() const;

  storage::v1::OperationImage ToImage() const;
  // Sets its timers in `timers`.
  void FromImage(const storage::v1::OperationImage& image, Timers* timers);

 private:
  v1::Operation operation_;
  v1::OperationPhase phase_ = v1::OPERATION_PHASE_PLANNING;
  std::string lead_agency_id_;
  google::protobuf::Timestamp created_at_;
  absl::btree_map<std::string, v1::Site> sites_;
  absl::btree_map<std::string, v1::Participant> participants_;
  PlanBook plan_;
  TallyLedger ledger_;
  ClaimBook claims_;
  ReadinessBoard readiness_;
  ReleaseBook releases_;
  VictimDesk victims_;
  DisclosureLog disclosures_;
};

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_OPERATIONS_OPERATION_RECORD_H_
