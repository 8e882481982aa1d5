#include "server/state/operations/operation_record.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/error_reason.h"
#include "common/status_macros.h"

namespace muster {
namespace {

std::string PhaseName(v1::OperationPhase phase) {
  return v1::OperationPhase_Name(phase).substr(sizeof("OPERATION_PHASE_") - 1);
}

// PLANNING -> ARMED -> EXECUTING -> REPORTING -> CLOSED; any before CLOSED -> ABORTED. StandDown is no step of the
// lead's.
bool IsStep(v1::OperationPhase from, v1::OperationPhase to) {
  if (from == v1::OPERATION_PHASE_CLOSED || from == v1::OPERATION_PHASE_ABORTED) return false;
  if (to == v1::OPERATION_PHASE_ABORTED) return true;
  return static_cast<int>(to) == static_cast<int>(from) + 1;
}

}  // namespace

OperationRecord::OperationRecord(const v1::CreateOperation& creation, absl::string_view lead_agency_id,
                                 const google::protobuf::Timestamp& created_at)
    : operation_(creation.operation()), lead_agency_id_(lead_agency_id), created_at_(created_at) {
  plan_.set_operation_id(id());
  for (const v1::Site& site : creation.sites()) sites_[site.site_id()] = site;
  v1::Participant& lead = participants_[lead_agency_id_];
  lead.set_agency_id(lead_agency_id_);
  lead.set_role(v1::ROLE_LEAD);
}

const v1::Site* OperationRecord::FindSite(absl::string_view site_id) const {
  const auto it = sites_.find(site_id);
  return it == sites_.end() ? nullptr : &it->second;
}

const v1::Participant* OperationRecord::FindParticipant(absl::string_view agency_id) const {
  const auto it = participants_.find(agency_id);
  return it == participants_.end() ? nullptr : &it->second;
}

absl::Status OperationRecord::AddSite(const v1::Site& site) {
  MUSTER_RETURN_IF_ERROR(CheckOpen());
  if (FindSite(site.site_id()) != nullptr) {
    return Refusal(v1::ERROR_REASON_ALREADY_EXISTS,
                   absl::StrCat("site ", site.site_id(), " is part of the operation already"));
  }
  Touch()->sites_[site.site_id()] = site;
  ++revision_;
  return absl::OkStatus();
}

absl::Status OperationRecord::SetParticipant(const v1::Participant& participant) {
  MUSTER_RETURN_IF_ERROR(CheckOpen());
  if (participant.agency_id() == lead_agency_id_) {
    return Refusal(v1::ERROR_REASON_NOT_PERMITTED,
                   "the lead's own role and sites cannot be changed: it sees all of them");
  }
  for (const std::string& site_id : participant.site_ids()) {
    if (FindSite(site_id) == nullptr) {
      return Refusal(v1::ERROR_REASON_UNKNOWN_REFERENCE,
                     absl::StrCat("site ", site_id, " is not part of the operation; add it first"));
    }
  }
  if (const v1::Participant* before = FindParticipant(participant.agency_id());
      before != nullptr && !plan_.SeeTheSame(*before, participant)) {
    plan_.ForgetAnswer(participant.agency_id());
  }
  Touch()->participants_[participant.agency_id()] = participant;
  ++revision_;
  plan_.Prepare(participants_);
  return absl::OkStatus();
}

absl::Status OperationRecord::RemoveParticipant(absl::string_view agency_id) {
  MUSTER_RETURN_IF_ERROR(CheckOpen());
  const auto it = participants_.find(agency_id);
  if (it == participants_.end()) {
    return Refusal(v1::ERROR_REASON_NOT_FOUND,
                   absl::StrCat("agency ", agency_id, " does not take part in the operation"));
  }
  if (it->second.role() == v1::ROLE_LEAD) {
    return Refusal(v1::ERROR_REASON_NOT_PERMITTED, "the lead cannot be removed from its own operation");
  }
  plan_.ForgetAnswer(agency_id);
  Touch()->participants_.erase(it);
  ++revision_;
  plan_.Prepare(participants_);
  return absl::OkStatus();
}

absl::Status OperationRecord::SetPhase(v1::OperationPhase phase) {
  if (!IsStep(phase_, phase)) {
    return Refusal(
        v1::ERROR_REASON_WRONG_PHASE,
        absl::StrCat("an operation in phase ", PhaseName(phase_), " cannot go to ", PhaseName(phase),
                     "; the order is PLANNING, ARMED, EXECUTING, REPORTING, CLOSED, and ABORTED from any before "
                     "CLOSED"));
  }
  const bool needs_plan = phase == v1::OPERATION_PHASE_ARMED || phase == v1::OPERATION_PHASE_EXECUTING;
  if (needs_plan && !plan_.is_published()) {
    return Refusal(v1::ERROR_REASON_WRONG_PHASE,
                   absl::StrCat("the operation cannot be ", PhaseName(phase), " before its plan is published"));
  }
  if (needs_plan && plan_.is_withdrawn()) {
    return Refusal(
        v1::ERROR_REASON_PLAN_WITHDRAWN,
        absl::StrCat("the operation cannot be ", PhaseName(phase), " on a withdrawn plan; publish an amendment first"),
        "P5");
  }
  Touch()->phase_ = phase;
  return absl::OkStatus();
}

absl::Status OperationRecord::PublishPlan(const v1::PublishPlan& plan, const google::protobuf::Timestamp& at) {
  MUSTER_RETURN_IF_ERROR(Touch()->plan_.Publish(plan, at));
  plan_.Prepare(participants_);
  return absl::OkStatus();
}

absl::Status OperationRecord::AmendPlan(const v1::AmendPlan& amendment, const google::protobuf::Timestamp& at) {
  MUSTER_RETURN_IF_ERROR(Touch()->plan_.Amend(amendment, at));
  plan_.Prepare(participants_);
  return absl::OkStatus();
}

absl::Status OperationRecord::CheckOpen() const {
  if (phase_ != v1::OPERATION_PHASE_CLOSED && phase_ != v1::OPERATION_PHASE_ABORTED) return absl::OkStatus();
  return Refusal(v1::ERROR_REASON_WRONG_PHASE,
                 absl::StrCat("operation ", id(), " is ", PhaseName(phase_), " and can no longer be changed"));
}

absl::Status OperationRecord::CheckReporting() const {
  switch (phase_) {
    case v1::OPERATION_PHASE_ARMED:
    case v1::OPERATION_PHASE_EXECUTING:
    case v1::OPERATION_PHASE_REPORTING:
    case v1::OPERATION_PHASE_ABORTED:
      return absl::OkStatus();
    case v1::OPERATION_PHASE_CLOSED:
      return Refusal(
          v1::ERROR_REASON_WRONG_PHASE,
          absl::StrCat("operation ", id(), " is CLOSED and takes corrections only; correct an entry instead"));
    default:
      return Refusal(v1::ERROR_REASON_WRONG_PHASE,
                     absl::StrCat("operation ", id(), " is ", PhaseName(phase_),
                                  " and takes no tallies yet; the lead must arm it first"));
  }
}

std::function<storage::v1::OperationImage()> OperationRecord::Freeze() const {
  storage::v1::OperationImage image;
  *image.mutable_operation() = operation_;
  image.set_phase(phase_);
  image.set_lead_agency_id(lead_agency_id_);
  *image.mutable_created_at() = created_at_;
  for (const auto& [id, site] : sites_) *image.add_sites() = site;
  for (const auto& [id, participant] : participants_) *image.add_participants() = participant;
  *image.mutable_plan() = plan_.ToImage();
  readiness_.ToImage(&image);
  victims_.ToImage(&image);
  return [image = std::move(image), add_body = body_->Freeze()]() mutable {
    add_body(&image);
    return std::move(image);
  };
}

void OperationRecord::FromImage(const storage::v1::OperationImage& image, Timers* timers, OperationBody::Load load) {
  operation_ = image.operation();
  phase_ = image.phase();
  lead_agency_id_ = image.lead_agency_id();
  created_at_ = image.created_at();
  for (const v1::Site& site : image.sites()) sites_[site.site_id()] = site;
  for (const v1::Participant& participant : image.participants()) participants_[participant.agency_id()] = participant;
  plan_.set_operation_id(id());
  plan_.FromImage(image.plan());
  plan_.Prepare(participants_);
  readiness_.FromImage(image, id(), timers);
  victims_.FromImage(image);
  if (load) {
    body_ = std::make_unique<OperationBody>(std::move(load));
  } else {
    body_->FromImage(image);
  }
}

}  // namespace muster
