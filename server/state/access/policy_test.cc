// The policy table: complete, and right for every role.
#include "server/state/access/policy.h"

#include <filesystem>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "common/testing/test_messages.h"
#include "google/protobuf/descriptor.h"
#include "gtest/gtest.h"
#include "muster/v1/report.pb.h"
#include "server/state/victims/testing/victim_support.h"

namespace muster {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptor;

size_t RowsFor(absl::string_view rpc) {
  size_t rows = 0;
  for (const PolicyRule& rule : PolicyTable()) rows += rule.rpc == rpc;
  return rows;
}

// Every RPC of every service in proto/muster/v1, from the files that are there and the descriptors that are linked.
std::set<std::string> RpcsInDescriptors() {
  v1::AfterActionReport::descriptor();  // Links the one file that nothing else here needs.
  std::set<std::string> rpcs;
  for (const auto& entry : std::filesystem::directory_iterator(MUSTER_PROTO_DIR "/muster/v1")) {
    const std::string name = "muster/v1/" + entry.path().filename().string();
    const FileDescriptor* file = DescriptorPool::generated_pool()->FindFileByName(name);
    EXPECT_NE(file, nullptr) << name << " is not linked into this test";
    if (file == nullptr) continue;
    for (int i = 0; i < file->service_count(); ++i) {
      for (int j = 0; j < file->service(i)->method_count(); ++j) {
        rpcs.insert(absl::StrCat(file->service(i)->full_name(), "/", file->service(i)->method(j)->name()));
      }
    }
  }
  return rpcs;
}

TEST(Policy, EveryRpcHasExactlyOneRow) {
  const std::set<std::string> rpcs = RpcsInDescriptors();
  EXPECT_GE(rpcs.size(), 66);
  for (const std::string& rpc : rpcs) EXPECT_EQ(RowsFor(rpc), 1) << rpc;
}

TEST(Policy, EveryRowIsAnRpcThatExists) {
  const std::set<std::string> rpcs = RpcsInDescriptors();
  for (const PolicyRule& rule : PolicyTable()) {
    if (rule.rpc.substr(0, 5) == "grpc." || rule.body == v1::Submission::kWithdrawSubmission) continue;
    EXPECT_EQ(rpcs.count(std::string(rule.rpc)), 1) << rule.rpc;
  }
}

TEST(Policy, EverySubmissionBodyHasExactlyOneRowNamedLikeIt) {
  const auto* body = v1::Submission::descriptor()->FindOneofByName("body");
  for (int i = 0; i < body->field_count(); ++i) {
    size_t rows = 0;
    for (const PolicyRule& rule : PolicyTable()) rows += static_cast<int>(rule.body) == body->field(i)->number();
    EXPECT_EQ(rows, 1) << body->field(i)->name();
    const PolicyRule* rule = FindRule(static_cast<v1::Submission::BodyCase>(body->field(i)->number()));
    ASSERT_NE(rule, nullptr);
    if (rule->body == v1::Submission::kWithdrawSubmission) {
      EXPECT_EQ(rule->rpc, "") << "only Submit and StreamSubmit carry it";
      continue;
    }
    EXPECT_EQ(rule->rpc.substr(rule->rpc.find('/') + 1), body->field(i)->message_type()->name());
  }
}

TEST(Policy, TheSubjectOfEveryBodyIsWhatItsFieldsName) {
  const auto* body = v1::Submission::descriptor()->FindOneofByName("body");
  int operations = 0;
  int agencies = 0;
  for (int i = 0; i < body->field_count(); ++i) {
    v1::Submission submission;
    auto* message = submission.GetReflection()->MutableMessage(&submission, body->field(i));
    const auto name = [&](const char* field, const char* id) {
      const auto* descriptor = body->field(i)->message_type()->FindFieldByName(field);
      if (descriptor != nullptr) message->GetReflection()->SetString(message, descriptor, id);
      return descriptor == nullptr ? "" : id;
    };
    const absl::string_view operation_id = name("operation_id", "the-one");
    const absl::string_view agency_id = name("agency_id", "the-agency");
    operations += operation_id.empty() ? 0 : 1;
    agencies += agency_id.empty() ? 0 : 1;
    for (const PolicySubject& subject : {SubjectOf(submission), SubjectOf(*message)}) {
      EXPECT_EQ(subject.operation_id, operation_id) << body->field(i)->name();
      EXPECT_EQ(subject.agency_id, agency_id) << body->field(i)->name();
    }
  }
  EXPECT_GT(operations, 20);
  EXPECT_GT(agencies, 2);
}

TEST(Policy, WhatIsNotInTheTableIsDenied) {
  World world;
  SetUpOperation(&world);
  EXPECT_EQ(FindRule("muster.v1.PlanService/DeletePlan"), nullptr);
  EXPECT_EQ(FindRule(v1::Submission::BODY_NOT_SET), nullptr);
  const absl::Status denied = Authorize(world.state(), "lead", FindRule("muster.v1.PlanService/DeletePlan"), {});
  EXPECT_EQ(denied.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(world.Submit("lead", v1::Submission()).rejected().reason(), v1::ERROR_REASON_NOT_PERMITTED);
}

// ---- The matrix ----------------------------------------------------------------------------------------------------

struct Actor {
  const char* agency_id;
  char letter;
  const char* site_id;
};
// Every role, then an agency of the roster without one, and the registrar.
constexpr Actor kActors[] = {
    {"lead", 'L', "mo-1"},        {"ky-ago", 'P', "ky-1"},          {"ky-prosecutor", 'S', "ky-1"},
    {"watch-desk", 'W', "ky-1"},  {"victim-services", 'V', "ky-1"}, {"observer", 'O', "ky-1"},
    {"public-info", 'I', "ky-1"}, {"auditor", 'A', "ky-1"},         {"outsider", '-', "ky-1"},
    {kRegistrar, 'R', "ky-1"}};

// By RPC: the letters of those who may call it about kTestOperation (or about another agency).
const std::map<std::string, std::string>& MayCall() {
  static const auto* const kTable = new std::map<std::string, std::string>{
      {"AgencyService/RegisterAgency", "R"},
      {"AgencyService/RevokeCertificate", "R"},
      {"AgencyService/SetAgencyStanding", "R"},
      {"AgencyService/RegisterOperator", "R"},
      {"AgencyService/GetAgency", "LPSWVOIA-R"},
      {"AgencyService/ListAgencies", "LPSWVOIA-R"},
      {"AgencyService/WhoAmI", "LPSWVOIA-R"},
      {"OperationService/CreateOperation", "L"},
      {"OperationService/AddSite", "L"},
      {"OperationService/SetParticipant", "L"},
      {"OperationService/RemoveParticipant", "L"},
      {"OperationService/SetOperationPhase", "L"},
      {"OperationService/GetOperation", "LPSWOIA"},
      {"OperationService/ListOperations", "LPSWVOIA-R"},
      {"OperationService/ListPresence", "LPSWOIA"},
      {"PlanService/PublishPlan", "L"},
      {"PlanService/AmendPlan", "L"},
      {"PlanService/WithdrawPlan", "L"},
      {"PlanService/AcknowledgePlan", "PS"},
      {"PlanService/GetPlan", "LPSOA"},
      {"PlanService/ListAcknowledgements", "LPSA"},
      {"TallyService/RecordTally", "LP"},
      {"TallyService/CorrectTally", "LP"},
      {"TallyService/GetTotals", "LPSOIA"},
      {"TallyService/ListTallyEntries", "LPSA"},
      {"TallyService/ExplainTally", "LPSA"},
      {"TallyService/ResolveDuplicate", "L"},
      {"TallyService/ListSuspectedDuplicates", "LA"},
      {"ClaimService/RecordClaim", "L"},
      {"ClaimService/Reconcile", "LA"},
      {"DeconflictionService/EnterActivity", "LPSWVOIA-R"},
      {"DeconflictionService/AmendActivity", "LPSWVOIA-R"},
      {"DeconflictionService/CancelActivity", "LPSWVOIA-R"},
      {"DeconflictionService/AdvanceConflict", "LPSWVOIA-R"},
      {"DeconflictionService/ResolveConflict", "LPSWVOIA-R"},
      {"DeconflictionService/GetActivity", "LPSWVOIA-R"},
      {"DeconflictionService/ListActivities", "LPSWVOIA-R"},
      {"DeconflictionService/GetConflict", "LPSWVOIA-R"},
      {"DeconflictionService/ListConflicts", "LPSWVOIA-R"},
      {"ReadinessService/SetHHour", "L"},
      {"ReadinessService/ReportReadiness", "LP"},
      {"ReadinessService/WaiveReadiness", "L"},
      {"ReadinessService/ApproveGo", "L"},
      {"ReadinessService/CallHold", "LP"},
      {"ReadinessService/LiftHold", "LP"},
      {"ReadinessService/CallAbort", "LP"},
      {"ReadinessService/AcknowledgeGo", "LP"},
      {"ReadinessService/GetReadinessBoard", "LPA"},
      {"ReleaseService/DraftRelease", "LI"},
      {"ReleaseService/CheckRelease", "LI"},
      {"ReleaseService/ApproveRelease", "L"},
      {"ReleaseService/IssueRelease", "L"},
      {"ReleaseService/GetRelease", "LPSOIA"},
      {"ReleaseService/ListReleases", "LPSOIA"},
      {"ReleaseService/PreviewRelease", "LI"},
      {"VictimServicesService/PublishReadinessNotice", "L"},
      {"VictimServicesService/ReportCapacity", "V"},
      {"VictimServicesService/ReportServiceCounts", "V"},
      {"VictimServicesService/RequestReferral", "LP"},
      {"VictimServicesService/AnswerReferral", "V"},
      {"VictimServicesService/GetVictimServices", "LPSVA"},
      {"AccessService/ExplainAccess", "LPSWVOIA-R"},
      {"AccessService/ListDisclosures", "LPSWVOIA-R"},
      {"SubmissionService/Submit", "LPSWVOIA-R"},
      {"SubmissionService/StreamSubmit", "LPSWVOIA-R"},
      {"FeedService/Subscribe", "LPSWVOIA-R"},
      {"FeedService/GetFeedCursor", "LPSWVOIA-R"},
  };
  return *kTable;
}

TEST(Policy, EveryRoleMayCallExactlyWhatTheRulesSay) {
  World world;
  SetUpOperation(&world);
  size_t checked = 0;
  for (const auto& [rpc, letters] : MayCall()) {
    const PolicyRule* rule = FindRule(absl::StrCat("muster.v1.", rpc));
    ASSERT_NE(rule, nullptr) << rpc;
    for (const Actor& actor : kActors) {
      const bool may = letters.find(actor.letter) != std::string::npos;
      EXPECT_EQ(Authorize(world.state(), actor.agency_id, rule, {kTestOperation, "nd-bci"}).ok(), may)
          << actor.agency_id << " " << rpc;
      ++checked;
    }
  }
  EXPECT_EQ(checked, RpcsInDescriptors().size() * std::size(kActors)) << "an RPC is missing from the matrix";
}

// What the table alone decides: anyone may send it, and who may do it depends on the object.
bool IsDecidedPerObject(absl::string_view rpc) { return rpc.substr(0, rpc.find('/')) == "DeconflictionService"; }

// A submission of each body about kTestOperation. Those made by hand are accepted from whoever may send them; the
// others name nothing that exists, so that who may not send them and who may are refused for different reasons.
std::map<std::string, v1::Submission> EveryBodyBy(const Actor& actor) {
  std::map<std::string, v1::Submission> bodies;
  for (v1::Submission submission : ValidSubmissionOfEveryBody()) {
    if (submission.has_withdraw_submission()) continue;  // Has no call of its own, and is everyone's.
    submission.clear_submission_id();
    submission.clear_outbox_number();
    for (const StringPlace& place : StringsOf(&submission)) {
      if (place.field->name() == "operation_id") place.set(kTestOperation);
      if (place.field->name() == "site_id") place.set(actor.site_id);
    }
    const absl::string_view rpc = FindRule(submission.body_case())->rpc;
    bodies[std::string(rpc.substr(absl::string_view("muster.v1.").size()))] = submission;
  }
  return bodies;
}

std::map<std::string, v1::Submission> AcceptedBodiesBy(const World& world, const Actor& actor) {
  const v1::TallyEntry entry =
      MakeEntry(EntryId(1), actor.agency_id, actor.site_id, v1::TALLY_CATEGORY_ARREST_BUYER, 1);
  return {
      {"AgencyService/RegisterAgency", RegisterAgency("newcomer")},
      {"AgencyService/RevokeCertificate", RevokeCertificate("nd-bci", std::string(64, 'c'))},
      {"AgencyService/SetAgencyStanding", SetStanding("nd-bci", v1::AGENCY_STANDING_SUSPENDED)},
      {"OperationService/CreateOperation", CreateOperation({}, "another")},
      {"OperationService/AddSite", AddSite(MakeSite("tx-1", "TX"))},
      {"OperationService/SetParticipant", SetParticipant("outsider", v1::ROLE_OBSERVER, {})},
      {"OperationService/RemoveParticipant", RemoveParticipant("nd-bci")},
      {"OperationService/SetOperationPhase", SetPhase(v1::OPERATION_PHASE_ABORTED)},
      {"PlanService/AmendPlan", AmendPlan(1, v1::SECTION_CHANGE_EDITORIAL, {MakeSection("a", "A.")})},
      {"PlanService/WithdrawPlan", WithdrawPlan(1)},
      {"PlanService/AcknowledgePlan", AcknowledgePlan(world.PlanOf("ky-ago"))},
      {"TallyService/RecordTally", RecordTally(entry)},
      {"TallyService/CorrectTally", CorrectTally(entry.entry_id(), {})},
      {"VictimServicesService/PublishReadinessNotice", PublishReadinessNotice()},
      {"VictimServicesService/ReportCapacity", ReportCapacity(12)},
      {"VictimServicesService/ReportServiceCounts", ReportServiceCounts(3, 1)},
      {"VictimServicesService/RequestReferral", RequestReferral()},
  };
}

TEST(Policy, ApplyHoldsEveryRoleToItsBodies) {
  for (const Actor& actor : kActors) {
    World world;
    SetUpOperation(&world);
    auto bodies = EveryBodyBy(actor);
    EXPECT_EQ(static_cast<int>(bodies.size()) + 1,
              v1::Submission::descriptor()->FindOneofByName("body")->field_count());
    const std::string before = world.operation().ToImage().SerializeAsString();
    for (const auto& [rpc, submission] : bodies) {
      if (IsDecidedPerObject(rpc) || MayCall().at(rpc).find(actor.letter) != std::string::npos) continue;
      const v1::Outcome outcome = world.Submit(actor.agency_id, submission);
      EXPECT_EQ(outcome.rejected().reason(), v1::ERROR_REASON_NOT_PERMITTED) << actor.agency_id << " " << rpc;
      EXPECT_TRUE(world.last_applied().notices.empty()) << actor.agency_id << " " << rpc;
      EXPECT_EQ(world.operation().ToImage().SerializeAsString(), before) << actor.agency_id << " " << rpc;
    }
  }
}

TEST(Policy, ApplyTakesFromEveryRoleWhatTheRulesSay) {
  for (const Actor& actor : kActors) {
    World probe;
    SetUpOperation(&probe);
    for (const auto& [rpc, submission] : AcceptedBodiesBy(probe, actor)) {
      World world;
      SetUpOperation(&world);
      const v1::Outcome outcome = world.Submit(actor.agency_id, submission);
      const bool may = MayCall().at(rpc).find(actor.letter) != std::string::npos;
      EXPECT_EQ(outcome.has_accepted(), may) << actor.agency_id << " " << rpc << outcome.ShortDebugString();
    }
  }
}

TEST(Policy, AnAgencyMayRevokeItsOwnCertificateAndNoOther) {
  World world;
  SetUpOperation(&world);
  world.MustSubmit("ky-ago", RevokeCertificate("ky-ago", std::string(64, 'd')));
  EXPECT_TRUE(world.last_applied().access_changed);
  EXPECT_EQ(world.Submit("ky-ago", RevokeCertificate("nd-bci", std::string(64, 'd'))).rejected().reason(),
            v1::ERROR_REASON_NOT_PERMITTED);
}

TEST(Policy, ARoleInOneOperationIsNoneInAnother) {
  World world;
  SetUpOperation(&world);
  world.MustSubmit("lead", CreateOperation({}, "other"));
  EXPECT_EQ(world.Submit("ky-ago", CorrectTally(EntryId(1), {}, "why", "other")).rejected().reason(),
            v1::ERROR_REASON_NOT_PERMITTED);
}

}  // namespace
}  // namespace muster
