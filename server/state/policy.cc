#include "server/state/policy.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/error_reason.h"
#include "server/state/state.h"

namespace muster {
namespace {

using Who = PolicyRule::Who;
using v1::Submission;

constexpr RoleSet kLead = Roles(v1::ROLE_LEAD);
constexpr RoleSet kPlanReaders =
    Roles(v1::ROLE_LEAD, v1::ROLE_PARTICIPANT, v1::ROLE_PROSECUTOR, v1::ROLE_OBSERVER, v1::ROLE_AUDITOR);
constexpr RoleSet kAcknowledgers = Roles(v1::ROLE_PARTICIPANT, v1::ROLE_PROSECUTOR);
constexpr RoleSet kAcknowledgementReaders =
    Roles(v1::ROLE_LEAD, v1::ROLE_PARTICIPANT, v1::ROLE_PROSECUTOR, v1::ROLE_AUDITOR);
constexpr RoleSet kReporters = Roles(v1::ROLE_LEAD, v1::ROLE_PARTICIPANT);
constexpr RoleSet kEntryReaders = Roles(v1::ROLE_LEAD, v1::ROLE_PARTICIPANT, v1::ROLE_PROSECUTOR, v1::ROLE_AUDITOR);
constexpr RoleSet kTotalsReaders = kEntryReaders | Roles(v1::ROLE_OBSERVER, v1::ROLE_PUBLIC_INFORMATION);

constexpr PolicyRule kTable[] = {
    {"muster.v1.AgencyService/RegisterAgency", Submission::kRegisterAgency, Who::kRegistrar},
    {"muster.v1.AgencyService/RevokeCertificate", Submission::kRevokeCertificate, Who::kRegistrarOrAgencyItself},
    {"muster.v1.AgencyService/SetAgencyStanding", Submission::kSetAgencyStanding, Who::kRegistrar},
    {"muster.v1.AgencyService/GetAgency", Submission::BODY_NOT_SET, Who::kEnrolled},
    {"muster.v1.AgencyService/ListAgencies", Submission::BODY_NOT_SET, Who::kEnrolled},
    {"muster.v1.AgencyService/WhoAmI", Submission::BODY_NOT_SET, Who::kEnrolled},

    {"muster.v1.OperationService/CreateOperation", Submission::kCreateOperation, Who::kMayLead},
    {"muster.v1.OperationService/AddSite", Submission::kAddSite, Who::kRole, kLead},
    {"muster.v1.OperationService/SetParticipant", Submission::kSetParticipant, Who::kRole, kLead},
    {"muster.v1.OperationService/RemoveParticipant", Submission::kRemoveParticipant, Who::kRole, kLead},
    {"muster.v1.OperationService/SetOperationPhase", Submission::kSetOperationPhase, Who::kRole, kLead},
    {"muster.v1.OperationService/GetOperation", Submission::BODY_NOT_SET, Who::kRole, ~RoleSet{0}},
    {"muster.v1.OperationService/ListOperations", Submission::BODY_NOT_SET, Who::kEnrolled},

    {"muster.v1.PlanService/PublishPlan", Submission::kPublishPlan, Who::kRole, kLead},
    {"muster.v1.PlanService/AmendPlan", Submission::kAmendPlan, Who::kRole, kLead},
    {"muster.v1.PlanService/WithdrawPlan", Submission::kWithdrawPlan, Who::kRole, kLead},
    {"muster.v1.PlanService/AcknowledgePlan", Submission::kAcknowledgePlan, Who::kRole, kAcknowledgers},
    {"muster.v1.PlanService/GetPlan", Submission::BODY_NOT_SET, Who::kRole, kPlanReaders},
    {"muster.v1.PlanService/ListAcknowledgements", Submission::BODY_NOT_SET, Who::kRole, kAcknowledgementReaders},

    {"muster.v1.TallyService/RecordTally", Submission::kRecordTally, Who::kRole, kReporters},
    {"muster.v1.TallyService/CorrectTally", Submission::kCorrectTally, Who::kRole, kReporters},
    {"muster.v1.TallyService/GetTotals", Submission::BODY_NOT_SET, Who::kRole, kTotalsReaders},
    {"muster.v1.TallyService/ListTallyEntries", Submission::BODY_NOT_SET, Who::kRole, kEntryReaders},
    {"muster.v1.TallyService/ExplainTally", Submission::BODY_NOT_SET, Who::kRole, kEntryReaders},

    // Each submission they carry is held to its own row.
    {"muster.v1.SubmissionService/Submit", Submission::BODY_NOT_SET, Who::kEnrolled},
    {"muster.v1.SubmissionService/StreamSubmit", Submission::BODY_NOT_SET, Who::kEnrolled},

    {"muster.v1.FeedService/Subscribe", Submission::BODY_NOT_SET, Who::kEnrolled},
    {"muster.v1.FeedService/GetFeedCursor", Submission::BODY_NOT_SET, Who::kEnrolled},

    // Served by gRPC itself.
    {"grpc.health.v1.Health/Check", Submission::BODY_NOT_SET, Who::kEnrolled},
    {"grpc.health.v1.Health/Watch", Submission::BODY_NOT_SET, Who::kEnrolled},
    {"grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", Submission::BODY_NOT_SET, Who::kEnrolled},
};

bool IsRegistrar(const State& state, absl::string_view agency_id) {
  const v1::AgencyRecord* record = state.roster().Find(agency_id);
  return record != nullptr && record->agency().registrar();
}

bool MayLead(const State& state, absl::string_view agency_id) {
  const v1::AgencyRecord* record = state.roster().Find(agency_id);
  return record != nullptr && record->agency().may_lead();
}

bool HasRole(const State& state, absl::string_view agency_id, absl::string_view operation_id, RoleSet roles) {
  const OperationRecord* operation = state.FindOperation(operation_id);
  if (operation == nullptr) return false;
  const v1::Participant* participant = operation->FindParticipant(agency_id);
  return participant != nullptr && (roles & Roles(participant->role())) != 0;
}

bool Admits(const State& state, absl::string_view agency_id, const PolicyRule& rule, const PolicySubject& subject) {
  switch (rule.who) {
    case Who::kEnrolled:
      return true;
    case Who::kRegistrar:
      return IsRegistrar(state, agency_id);
    case Who::kRegistrarOrAgencyItself:
      return agency_id == subject.agency_id || IsRegistrar(state, agency_id);
    case Who::kMayLead:
      return MayLead(state, agency_id);
    case Who::kRole:
      return HasRole(state, agency_id, subject.operation_id, rule.roles);
  }
  return false;
}

absl::string_view WhoMay(const PolicyRule& rule) {
  switch (rule.who) {
    case Who::kEnrolled:
      return "any active agency";
    case Who::kRegistrar:
      return "a registrar";
    case Who::kRegistrarOrAgencyItself:
      return "a registrar or the agency itself";
    case Who::kMayLead:
      return "an agency that is registered to lead operations";
    case Who::kRole:
      return "an agency with the right role in that operation";
  }
  return "nobody";
}

}  // namespace

absl::Span<const PolicyRule> PolicyTable() { return kTable; }

const PolicyRule* FindRule(absl::string_view rpc) {
  const auto* it =
      std::find_if(std::begin(kTable), std::end(kTable), [&](const auto& rule) { return rule.rpc == rpc; });
  return it == std::end(kTable) ? nullptr : it;
}

const PolicyRule* FindRule(v1::Submission::BodyCase body) {
  if (body == Submission::BODY_NOT_SET) return nullptr;
  const auto* it =
      std::find_if(std::begin(kTable), std::end(kTable), [&](const auto& rule) { return rule.body == body; });
  return it == std::end(kTable) ? nullptr : it;
}

PolicySubject SubjectOf(const v1::Submission& submission) {
  switch (submission.body_case()) {
    case Submission::kRevokeCertificate:
      return {"", submission.revoke_certificate().agency_id()};
    case Submission::kAddSite:
      return {submission.add_site().operation_id(), ""};
    case Submission::kSetParticipant:
      return {submission.set_participant().operation_id(), ""};
    case Submission::kRemoveParticipant:
      return {submission.remove_participant().operation_id(), ""};
    case Submission::kSetOperationPhase:
      return {submission.set_operation_phase().operation_id(), ""};
    case Submission::kPublishPlan:
      return {submission.publish_plan().operation_id(), ""};
    case Submission::kAmendPlan:
      return {submission.amend_plan().operation_id(), ""};
    case Submission::kWithdrawPlan:
      return {submission.withdraw_plan().operation_id(), ""};
    case Submission::kAcknowledgePlan:
      return {submission.acknowledge_plan().operation_id(), ""};
    case Submission::kRecordTally:
      return {submission.record_tally().operation_id(), ""};
    case Submission::kCorrectTally:
      return {submission.correct_tally().operation_id(), ""};
    case Submission::kRegisterAgency:
    case Submission::kSetAgencyStanding:
    case Submission::kCreateOperation:
    case Submission::BODY_NOT_SET:
      break;
  }
  return {};
}

absl::Status Authorize(const State& state, absl::string_view agency_id, const PolicyRule* rule,
                       const PolicySubject& subject) {
  if (rule == nullptr) {
    return Refusal(v1::ERROR_REASON_NOT_PERMITTED, "nobody may do this: it is not in the broker's policy");
  }
  if (Admits(state, agency_id, *rule, subject)) return absl::OkStatus();
  const absl::string_view where = rule->who == Who::kRole ? absl::string_view(" there") : absl::string_view();
  return Refusal(v1::ERROR_REASON_NOT_PERMITTED,
                 absl::StrCat("agency ", agency_id, " may not do this", where, ": it takes ", WhoMay(*rule),
                              ". Ask the operation's lead or the registrar"));
}

}  // namespace muster
