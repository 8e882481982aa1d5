#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/error_reason.h"
#include "common/status_macros.h"
#include "server/state/decider.h"
#include "server/state/victims/victim_visibility.h"

namespace muster {
namespace {

constexpr size_t kTicketBytes = 16;

}  // namespace

Decider::Decision Decider::Apply(const v1::PublishReadinessNotice& publication) {
  OperationRecord& operation = Operation(publication.operation_id());
  MUSTER_RETURN_IF_ERROR(operation.CheckOpen());
  operation.victims().Publish(publication.notice(), at_);
  TellReadinessNotice(operation, ParticipantsWhere(operation, ReadsReadinessNotice));
  return v1::Accepted();
}

// What a partner sends is taken in every phase of the operation: refusing it would tell the phase (rule V2), and people
// are helped after an operation is closed.
Decider::Decision Decider::Apply(const v1::ReportCapacity& report) {
  OperationRecord& operation = Operation(report.operation_id());
  v1::Notice notice;
  *notice.mutable_capacity() = operation.victims().Report(agency_id(), report.capacity(), at_);
  notices_.TellOf(
      operation,
      ParticipantsWhere(operation, [&](const v1::Participant& reader) { return SeesCapacityOf(reader, agency_id()); }),
      std::move(notice));
  return v1::Accepted();
}

Decider::Decision Decider::Apply(const v1::ReportServiceCounts& report) {
  OperationRecord& operation = Operation(report.operation_id());
  v1::Notice notice;
  *notice.mutable_services() = operation.victims().Report(agency_id(), report.counts(), at_);
  notices_.TellOf(
      operation,
      ParticipantsWhere(operation, [&](const v1::Participant& reader) { return SeesServicesOf(reader, agency_id()); }),
      std::move(notice));
  return v1::Accepted();
}

Decider::Decision Decider::Apply(const v1::RequestReferral& request) {
  OperationRecord& operation = Operation(request.operation_id());
  if (operation.phase() == v1::OPERATION_PHASE_CLOSED) {
    return Refusal(v1::ERROR_REASON_WRONG_PHASE,
                   absl::StrCat("operation ", operation.id(), " is CLOSED and takes no new referrals"));
  }
  const v1::Participant* partner = operation.FindParticipant(request.to_agency_id());
  if (partner == nullptr || partner->role() != v1::ROLE_VICTIM_SERVICES) {
    return Refusal(v1::ERROR_REASON_UNKNOWN_REFERENCE,
                   absl::StrCat(request.to_agency_id(),
                                " is not a victim-services partner of the operation; ask the lead for one"));
  }
  if (event_.entropy().size() != kTicketBytes) {
    return Refusal(v1::ERROR_REASON_MALFORMED,
                   "the broker drew no random number for the ticket; send the request again under a new submission_id",
                   "V1");
  }
  const std::string ticket = absl::BytesToHexString(event_.entropy());
  MUSTER_RETURN_IF_ERROR(operation.victims().Request(ticket, agency_id(), request, at_));
  TellReferral(operation, operation.victims().referrals().at(ticket));
  v1::Accepted accepted;
  accepted.set_referral_ticket(ticket);
  return accepted;
}

Decider::Decision Decider::Apply(const v1::AnswerReferral& answer) {
  OperationRecord& operation = Operation(answer.operation_id());
  bool changed = false;
  MUSTER_RETURN_IF_ERROR(operation.victims().Answer(agency_id(), answer, at_, &changed));
  v1::Accepted accepted;
  accepted.set_already_recorded(!changed);
  if (changed) TellReferral(operation, operation.victims().referrals().at(answer.ticket()));
  return accepted;
}

void Decider::TellReadinessNotice(const OperationRecord& operation, std::vector<std::string> readers) {
  if (!operation.victims().has_notice()) return;
  v1::Notice notice;
  *notice.mutable_readiness_notice() = operation.victims().notice();
  notices_.TellOf(operation, std::move(readers), std::move(notice));
}

// The two agencies that know what the ticket stands for, as long as they take part.
void Decider::TellReferral(const OperationRecord& operation, const v1::Referral& referral) {
  v1::Notice notice;
  *notice.mutable_referral() = referral;
  notices_.TellOf(
      operation,
      ParticipantsWhere(operation, [&](const v1::Participant& reader) { return SeesReferral(reader, referral); }),
      std::move(notice));
}

void Decider::TellOwnVictimServices(const OperationRecord& operation, const v1::Participant& participant) {
  if (!ReadsReadinessNotice(participant)) return;
  TellReadinessNotice(operation, {participant.agency_id()});
  if (participant.role() != v1::ROLE_VICTIM_SERVICES) return;
  for (const auto& [ticket, referral] : operation.victims().referrals()) {
    const bool waits = referral.state() == v1::REFERRAL_STATE_REQUESTED;
    if (!waits || !SeesReferral(participant, referral)) continue;
    v1::Notice notice;
    *notice.mutable_referral() = referral;
    notices_.TellOf(operation, {participant.agency_id()}, std::move(notice));
  }
}

}  // namespace muster
