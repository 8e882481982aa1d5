// One operation as the state holds it: who takes part, where, in which phase, its plan and its tally.
//
// Threading: guarded by the owner (State).
#ifndef MUSTER_SERVER_STATE_OPERATIONS_OPERATION_RECORD_H_
#define MUSTER_SERVER_STATE_OPERATIONS_OPERATION_RECORD_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "muster/storage/v1/storage.pb.h"
#include "muster/v1/operation.pb.h"
#include "server/state/operations/operation_body.h"
#include "server/state/plans/plan_book.h"
#include "server/state/readiness/readiness_board.h"
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

  // Grows with every change of the sites or participants. Of this object, not of its image.
  uint64_t revision() const { return revision_; }

  // Null when there is none of that name.
  const v1::Site* FindSite(absl::string_view site_id) const;
  const v1::Participant* FindParticipant(absl::string_view agency_id) const;

  // Change the plan with PublishPlan and AmendPlan, so that it stays prepared for the participants.
  const PlanBook& plan() const { return plan_; }
  PlanBook& plan() { return Touch()->plan_; }
  const ReadinessBoard& readiness() const { return readiness_; }
  ReadinessBoard& readiness() { return Touch()->readiness_; }
  const VictimDesk& victims() const { return victims_; }
  VictimDesk& victims() { return Touch()->victims_; }
  // Of the body, which may have to be loaded: never for a look at many operations.
  const TallyLedger& ledger() const { return body_->Get().ledger; }
  TallyLedger& ledger() { return Touch()->body_->Get().ledger; }
  const ClaimBook& claims() const { return body_->Get().claims; }
  ClaimBook& claims() { return Touch()->body_->Get().claims; }
  const ReleaseBook& releases() const { return body_->Get().releases; }
  ReleaseBook& releases() { return Touch()->body_->Get().releases; }
  const DisclosureLog& disclosures() const { return body_->Get().disclosures; }
  DisclosureLog& disclosures() { return Touch()->body_->Get().disclosures; }

  absl::Status AddSite(const v1::Site& site);
  // Adds a participant or replaces its role and sites. A role or site change that changes what the participant may see
  // of the plan takes back its acknowledgement.
  absl::Status SetParticipant(const v1::Participant& participant);
  absl::Status RemoveParticipant(absl::string_view agency_id);
  absl::Status SetPhase(v1::OperationPhase phase);
  // EXECUTING -> ARMED, the only step back: the H-hour has moved, so that nobody has GO any more (rule G3).
  void StandDown() { Touch()->phase_ = v1::OPERATION_PHASE_ARMED; }
  absl::Status PublishPlan(const v1::PublishPlan& plan, const google::protobuf::Timestamp& at);
  absl::Status AmendPlan(const v1::AmendPlan& amendment, const google::protobuf::Timestamp& at);

  // OK unless `phase()` forbids changing the plan, the participants or the sites.
  absl::Status CheckOpen() const;
  // OK when reports may come in: from ARMED on, and after an abort, but not after closing.
  absl::Status CheckReporting() const;

  storage::v1::OperationImage ToImage() const { return Freeze()(); }
  // Makes the image of what the operation is now, once, from another thread while it goes on. Valid as long as the
  // operation.
  std::function<storage::v1::OperationImage()> Freeze() const;
  // Sets its timers in `timers`. With `load`, its body is loaded when something asks for it.
  void FromImage(const storage::v1::OperationImage& image, Timers* timers, OperationBody::Load load = nullptr);

  // From now on the first change, and the first after each ForgetChanges, adds the operation's id to `changed`, which
  // is not owned.
  void NoteChangesIn(std::vector<std::string>* changed) { changed_ = changed; }
  // Notes a change. Everything that is not const does, whether or not it changes something then.
  OperationRecord* Touch() {
    if (changed_ != nullptr && !noted_) changed_->push_back(id());
    noted_ = changed_ != nullptr;
    return this;
  }
  // The next change is noted again.
  void ForgetChanges() { noted_ = false; }

 private:
  v1::Operation operation_;
  v1::OperationPhase phase_ = v1::OPERATION_PHASE_PLANNING;
  std::string lead_agency_id_;
  google::protobuf::Timestamp created_at_;
  uint64_t revision_ = 0;
  absl::btree_map<std::string, v1::Site> sites_;
  absl::btree_map<std::string, v1::Participant> participants_;
  PlanBook plan_;
  ReadinessBoard readiness_;
  VictimDesk victims_;
  std::unique_ptr<OperationBody> body_ = std::make_unique<OperationBody>();  // Never null.
  std::vector<std::string>* changed_ = nullptr;
  bool noted_ = false;
};

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_OPERATIONS_OPERATION_RECORD_H_
