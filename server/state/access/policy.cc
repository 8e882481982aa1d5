#include "server/state/access/policy.h"

#include <cstddef>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "common/error_reason.h"
#include "common/submission_body.h"
#include "server/state/access/access_matrix.h"
#include "server/state/state.h"

namespace muster {
namespace {

using Who = PolicyRule::Who;
using v1::Submission;

constexpr v1::AccessForm kFull = v1::ACCESS_FORM_FULL;
constexpr v1::AccessForm kMetadata = v1::ACCESS_FORM_METADATA;

// One person answers for it (rules T5, S6), whoever else may write of the class.
constexpr RoleSet kLead = Roles(v1::ROLE_LEAD);
// What section 7 has no "W" for: the answers that rule V2 lets a partner give.
constexpr RoleSet kVictimServices = Roles(v1::ROLE_VICTIM_SERVICES);

// Whoever reads a plan's text without writing it says that it has.
RoleSet Acknowledgers() { return ReadersOf(v1::OBJECT_CLASS_PLAN, {kFull}) & ~WritersOf(v1::OBJECT_CLASS_PLAN); }

const std::vector<PolicyRule>& Table() {
  static const auto* const kTable = new std::vector<PolicyRule>{
      {"muster.v1.AgencyService/RegisterAgency", Submission::kRegisterAgency, Who::kRegistrar},
      {"muster.v1.AgencyService/RevokeCertificate", Submission::kRevokeCertificate, Who::kRegistrarOrAgencyItself},
      {"muster.v1.AgencyService/SetAgencyStanding", Submission::kSetAgencyStanding, Who::kRegistrar},
      {"muster.v1.AgencyService/RegisterOperator", Submission::kRegisterOperator, Who::kRegistrar},
      {"muster.v1.AgencyService/GetAgency", Submission::BODY_NOT_SET, Who::kEnrolled},
      {"muster.v1.AgencyService/ListAgencies", Submission::BODY_NOT_SET, Who::kEnrolled},
      {"muster.v1.AgencyService/WhoAmI", Submission::BODY_NOT_SET, Who::kEnrolled},

      {"muster.v1.OperationService/CreateOperation", Submission::kCreateOperation, Who::kMayLead},
      {"muster.v1.OperationService/AddSite", Submission::kAddSite, Who::kRole, WritersOf(v1::OBJECT_CLASS_OPERATION)},
      {"muster.v1.OperationService/SetParticipant", Submission::kSetParticipant, Who::kRole,
       WritersOf(v1::OBJECT_CLASS_OPERATION)},
      {"muster.v1.OperationService/RemoveParticipant", Submission::kRemoveParticipant, Who::kRole,
       WritersOf(v1::OBJECT_CLASS_OPERATION)},
      {"muster.v1.OperationService/SetOperationPhase", Submission::kSetOperationPhase, Who::kRole,
       WritersOf(v1::OBJECT_CLASS_OPERATION)},
      {"muster.v1.OperationService/GetOperation", Submission::BODY_NOT_SET, Who::kRole,
       ReadersOf(v1::OBJECT_CLASS_OPERATION)},
      {"muster.v1.OperationService/ListOperations", Submission::BODY_NOT_SET, Who::kEnrolled},
      {"muster.v1.OperationService/ListPresence", Submission::BODY_NOT_SET, Who::kRole,
       ReadersOf(v1::OBJECT_CLASS_OPERATION)},

      {"muster.v1.PlanService/PublishPlan", Submission::kPublishPlan, Who::kRole, WritersOf(v1::OBJECT_CLASS_PLAN)},
      {"muster.v1.PlanService/AmendPlan", Submission::kAmendPlan, Who::kRole, WritersOf(v1::OBJECT_CLASS_PLAN)},
      {"muster.v1.PlanService/WithdrawPlan", Submission::kWithdrawPlan, Who::kRole, WritersOf(v1::OBJECT_CLASS_PLAN)},
      {"muster.v1.PlanService/AcknowledgePlan", Submission::kAcknowledgePlan, Who::kRole, Acknowledgers()},
      {"muster.v1.PlanService/GetPlan", Submission::BODY_NOT_SET, Who::kRole, ReadersOf(v1::OBJECT_CLASS_PLAN)},
      {"muster.v1.PlanService/ListAcknowledgements", Submission::BODY_NOT_SET, Who::kRole,
       ReadersOf(v1::OBJECT_CLASS_PLAN, {kFull, kMetadata})},

      {"muster.v1.TallyService/RecordTally", Submission::kRecordTally, Who::kRole,
       WritersOf(v1::OBJECT_CLASS_TALLY_ENTRY)},
      {"muster.v1.TallyService/CorrectTally", Submission::kCorrectTally, Who::kRole,
       WritersOf(v1::OBJECT_CLASS_TALLY_ENTRY)},
      {"muster.v1.TallyService/GetTotals", Submission::BODY_NOT_SET, Who::kRole,
       ReadersOf(v1::OBJECT_CLASS_TALLY_ENTRY)},
      {"muster.v1.TallyService/ListTallyEntries", Submission::BODY_NOT_SET, Who::kRole,
       ReadersOf(v1::OBJECT_CLASS_TALLY_ENTRY, {kFull})},
      {"muster.v1.TallyService/ExplainTally", Submission::BODY_NOT_SET, Who::kRole,
       ReadersOf(v1::OBJECT_CLASS_TALLY_ENTRY, {kFull})},
      {"muster.v1.TallyService/ResolveDuplicate", Submission::kResolveDuplicate, Who::kRole, kLead},
      {"muster.v1.TallyService/ListSuspectedDuplicates", Submission::BODY_NOT_SET, Who::kRole,
       ReadersOf(v1::OBJECT_CLASS_CLAIM)},

      {"muster.v1.ClaimService/RecordClaim", Submission::kRecordClaim, Who::kRole, WritersOf(v1::OBJECT_CLASS_CLAIM)},
      {"muster.v1.ClaimService/Reconcile", Submission::BODY_NOT_SET, Who::kRole, ReadersOf(v1::OBJECT_CLASS_CLAIM)},

      // About activities of any operation or none: decided per activity and conflict.
      {"muster.v1.DeconflictionService/EnterActivity", Submission::kEnterActivity, Who::kEnrolled},
      {"muster.v1.DeconflictionService/AmendActivity", Submission::kAmendActivity, Who::kEnrolled},
      {"muster.v1.DeconflictionService/CancelActivity", Submission::kCancelActivity, Who::kEnrolled},
      {"muster.v1.DeconflictionService/AdvanceConflict", Submission::kAdvanceConflict, Who::kEnrolled},
      {"muster.v1.DeconflictionService/ResolveConflict", Submission::kResolveConflict, Who::kEnrolled},
      {"muster.v1.DeconflictionService/GetActivity", Submission::BODY_NOT_SET, Who::kEnrolled},
      {"muster.v1.DeconflictionService/ListActivities", Submission::BODY_NOT_SET, Who::kEnrolled},
      {"muster.v1.DeconflictionService/GetConflict", Submission::BODY_NOT_SET, Who::kEnrolled},
      {"muster.v1.DeconflictionService/ListConflicts", Submission::BODY_NOT_SET, Who::kEnrolled},

      {"muster.v1.ReadinessService/SetHHour", Submission::kSetHHour, Who::kRole,
       WritersOfAll(v1::OBJECT_CLASS_READINESS)},
      {"muster.v1.ReadinessService/ReportReadiness", Submission::kReportReadiness, Who::kRole,
       WritersOf(v1::OBJECT_CLASS_READINESS)},
      {"muster.v1.ReadinessService/WaiveReadiness", Submission::kWaiveReadiness, Who::kRole,
       WritersOfAll(v1::OBJECT_CLASS_READINESS)},
      {"muster.v1.ReadinessService/ApproveGo", Submission::kApproveGo, Who::kRole,
       WritersOfAll(v1::OBJECT_CLASS_READINESS)},
      {"muster.v1.ReadinessService/CallHold", Submission::kCallHold, Who::kRole, WritersOf(v1::OBJECT_CLASS_READINESS)},
      {"muster.v1.ReadinessService/LiftHold", Submission::kLiftHold, Who::kRole, WritersOf(v1::OBJECT_CLASS_READINESS)},
      {"muster.v1.ReadinessService/CallAbort", Submission::kCallAbort, Who::kRole,
       WritersOf(v1::OBJECT_CLASS_READINESS)},
      {"muster.v1.ReadinessService/AcknowledgeGo", Submission::kAcknowledgeGo, Who::kRole,
       WritersOf(v1::OBJECT_CLASS_READINESS)},
      {"muster.v1.ReadinessService/GetReadinessBoard", Submission::BODY_NOT_SET, Who::kRole,
       ReadersOf(v1::OBJECT_CLASS_READINESS)},

      {"muster.v1.ReleaseService/DraftRelease", Submission::kDraftRelease, Who::kRole,
       WritersOf(v1::OBJECT_CLASS_RELEASE)},
      {"muster.v1.ReleaseService/CheckRelease", Submission::kCheckRelease, Who::kRole,
       WritersOf(v1::OBJECT_CLASS_RELEASE)},
      {"muster.v1.ReleaseService/ApproveRelease", Submission::kApproveRelease, Who::kRole, kLead},
      {"muster.v1.ReleaseService/IssueRelease", Submission::kIssueRelease, Who::kRole, kLead},
      {"muster.v1.ReleaseService/GetRelease", Submission::BODY_NOT_SET, Who::kRole,
       ReadersOf(v1::OBJECT_CLASS_RELEASE)},
      {"muster.v1.ReleaseService/ListReleases", Submission::BODY_NOT_SET, Who::kRole,
       ReadersOf(v1::OBJECT_CLASS_RELEASE)},
      {"muster.v1.ReleaseService/PreviewRelease", Submission::BODY_NOT_SET, Who::kRole,
       WritersOf(v1::OBJECT_CLASS_RELEASE)},

      {"muster.v1.VictimServicesService/PublishReadinessNotice", Submission::kPublishReadinessNotice, Who::kRole,
       WritersOf(v1::OBJECT_CLASS_READINESS_NOTICE)},
      {"muster.v1.VictimServicesService/ReportCapacity", Submission::kReportCapacity, Who::kRole, kVictimServices},
      {"muster.v1.VictimServicesService/ReportServiceCounts", Submission::kReportServiceCounts, Who::kRole,
       kVictimServices},
      {"muster.v1.VictimServicesService/RequestReferral", Submission::kRequestReferral, Who::kRole,
       WritersOf(v1::OBJECT_CLASS_VICTIM_COUNT)},
      {"muster.v1.VictimServicesService/AnswerReferral", Submission::kAnswerReferral, Who::kRole, kVictimServices},
      {"muster.v1.VictimServicesService/GetVictimServices", Submission::BODY_NOT_SET, Who::kRole,
       ReadersOf(v1::OBJECT_CLASS_READINESS_NOTICE)},

      // Any agency about itself; the lead and the auditor about others.
      {"muster.v1.AccessService/ExplainAccess", Submission::BODY_NOT_SET, Who::kEnrolled},
      {"muster.v1.AccessService/ListDisclosures", Submission::BODY_NOT_SET, Who::kEnrolled},

      // Each submission they carry is held to its own row.
      {"muster.v1.SubmissionService/Submit", Submission::BODY_NOT_SET, Who::kEnrolled},
      {"muster.v1.SubmissionService/StreamSubmit", Submission::BODY_NOT_SET, Who::kEnrolled},
      // Has no call of its own.
      {"", Submission::kWithdrawSubmission, Who::kEnrolled},

      {"muster.v1.FeedService/Subscribe", Submission::BODY_NOT_SET, Who::kEnrolled},
      {"muster.v1.FeedService/GetFeedCursor", Submission::BODY_NOT_SET, Who::kEnrolled},

      // Served by gRPC itself.
      {"grpc.health.v1.Health/Check", Submission::BODY_NOT_SET, Who::kEnrolled},
      {"grpc.health.v1.Health/Watch", Submission::BODY_NOT_SET, Who::kEnrolled},
      {"grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", Submission::BODY_NOT_SET, Who::kEnrolled},
  };
  return *kTable;
}

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

absl::Span<const PolicyRule> PolicyTable() { return Table(); }

const PolicyRule* FindRule(absl::string_view rpc) {
  static const auto* const kByRpc = [] {
    auto* by_rpc = new absl::flat_hash_map<absl::string_view, const PolicyRule*>;
    for (const PolicyRule& rule : Table()) by_rpc->try_emplace(rule.rpc, &rule);
    return by_rpc;
  }();
  const auto it = kByRpc->find(rpc);
  return it == kByRpc->end() ? nullptr : it->second;
}

const PolicyRule* FindRule(v1::Submission::BodyCase body) {
  static const auto* const kByBody = [] {
    auto* by_body = new std::vector<const PolicyRule*>;
    for (const PolicyRule& rule : Table()) {
      if (rule.body == Submission::BODY_NOT_SET) continue;
      const auto number = static_cast<size_t>(rule.body);
      if (number >= by_body->size()) by_body->resize(number + 1);
      if ((*by_body)[number] == nullptr) (*by_body)[number] = &rule;
    }
    return by_body;
  }();
  const auto number = static_cast<size_t>(body);
  return number < kByBody->size() ? (*kByBody)[number] : nullptr;
}

PolicySubject SubjectOf(const google::protobuf::Message& message) {
  const auto text = [&message](const char* name) -> absl::string_view {
    const google::protobuf::FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(name);
    if (field == nullptr) return {};
    std::string unused;  // For representations that cannot be referred to; generated types have none.
    return message.GetReflection()->GetStringReference(message, field, &unused);
  };
  return {text("operation_id"), text("agency_id")};
}

PolicySubject SubjectOf(const v1::Submission& submission) {
  return VisitBody(submission, [](const auto& body) {
    PolicySubject subject;
    if constexpr (requires { body.operation_id(); }) subject.operation_id = body.operation_id();
    if constexpr (requires { body.agency_id(); }) subject.agency_id = body.agency_id();
    return subject;
  });
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
