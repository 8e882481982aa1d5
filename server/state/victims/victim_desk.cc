#include "server/state/victims/victim_desk.h"

#include "absl/strings/str_cat.h"
#include "common/error_reason.h"

namespace muster {
namespace {

bool IsStep(v1::ReferralState from, v1::ReferralState to) {
  switch (from) {
    case v1::REFERRAL_STATE_REQUESTED:
      return to == v1::REFERRAL_STATE_ACCEPTED || to == v1::REFERRAL_STATE_DECLINED;
    case v1::REFERRAL_STATE_ACCEPTED:
      return to == v1::REFERRAL_STATE_COMPLETED;
    default:
      return false;
  }
}

}  // namespace

void VictimDesk::Publish(const v1::ReadinessNotice& notice, const google::protobuf::Timestamp& at) {
  has_notice_ = true;
  notice_ = notice;
  published_at_ = at;
}

const v1::CapacityReport& VictimDesk::Report(absl::string_view agency_id, const v1::Capacity& capacity,
                                             const google::protobuf::Timestamp& at) {
  v1::CapacityReport& report = capacities_[std::string(agency_id)];
  report.set_agency_id(std::string(agency_id));
  *report.mutable_capacity() = capacity;
  *report.mutable_reported_at() = at;
  return report;
}

const v1::ServiceReport& VictimDesk::Report(absl::string_view agency_id, const v1::ServiceCounts& counts,
                                            const google::protobuf::Timestamp& at) {
  v1::ServiceReport& report = services_[std::string(agency_id)];
  report.set_agency_id(std::string(agency_id));
  *report.mutable_counts() = counts;
  *report.mutable_reported_at() = at;
  return report;
}

absl::Status VictimDesk::Request(const std::string& ticket, absl::string_view from_agency_id,
                                 const v1::RequestReferral& request, const google::protobuf::Timestamp& at) {
  const auto [it, is_new] = referrals_.try_emplace(ticket);
  if (!is_new) {
    return Refusal(v1::ERROR_REASON_ALREADY_EXISTS,
                   "the ticket that was drawn is taken; send the request again under a new submission_id");
  }
  v1::Referral& referral = it->second;
  referral.set_ticket(ticket);
  referral.set_from_agency_id(std::string(from_agency_id));
  referral.set_to_agency_id(request.to_agency_id());
  *referral.mutable_needs() = request.needs();
  referral.set_language(request.language());
  referral.set_minor(request.minor());
  referral.set_state(v1::REFERRAL_STATE_REQUESTED);
  *referral.mutable_requested_at() = at;
  return absl::OkStatus();
}

absl::Status VictimDesk::Answer(absl::string_view agency_id, const v1::AnswerReferral& answer,
                                const google::protobuf::Timestamp& at, bool* changed) {
  const auto it = referrals_.find(answer.ticket());
  if (it == referrals_.end() || it->second.to_agency_id() != agency_id) {
    return Refusal(
        v1::ERROR_REASON_NOT_FOUND,
        absl::StrCat("no referral of that ticket was sent to ", agency_id, "; GetVictimServices lists those that were"),
        "V1");
  }
  v1::Referral& referral = it->second;
  *changed = referral.state() != answer.state();
  if (!*changed) return absl::OkStatus();
  if (!IsStep(referral.state(), answer.state())) {
    return Refusal(v1::ERROR_REASON_WRONG_PHASE,
                   absl::StrCat("a referral in ", v1::ReferralState_Name(referral.state()), " cannot go to ",
                                v1::ReferralState_Name(answer.state()),
                                "; the order is REQUESTED, then ACCEPTED or DECLINED, and COMPLETED after ACCEPTED"));
  }
  referral.set_state(answer.state());
  *referral.mutable_answered_at() = at;
  return absl::OkStatus();
}

void VictimDesk::ToImage(storage::v1::OperationImage* image) const {
  // Leaves no trace in the image, and so in the digest, of an operation without victim services.
  if (!has_notice_ && capacities_.empty() && services_.empty() && referrals_.empty()) return;
  storage::v1::VictimServicesImage* saved = image->mutable_victim_services();
  if (has_notice_) {
    *saved->mutable_notice() = notice_;
    *saved->mutable_published_at() = published_at_;
  }
  for (const auto& [id, report] : capacities_) *saved->add_capacities() = report;
  for (const auto& [id, report] : services_) *saved->add_services() = report;
  for (const auto& [ticket, referral] : referrals_) *saved->add_referrals() = referral;
}

void VictimDesk::FromImage(const storage::v1::OperationImage& image) {
  const storage::v1::VictimServicesImage& saved = image.victim_services();
  has_notice_ = saved.has_notice();
  notice_ = saved.notice();
  published_at_ = saved.published_at();
  for (const v1::CapacityReport& report : saved.capacities()) capacities_[report.agency_id()] = report;
  for (const v1::ServiceReport& report : saved.services()) services_[report.agency_id()] = report;
  for (const v1::Referral& referral : saved.referrals()) referrals_[referral.ticket()] = referral;
}

}  // namespace muster
