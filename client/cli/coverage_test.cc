// The command line covers every RPC of the protocol: each has a command that makes the call, and its --help.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/bundle.h"
#include "client/cli/testing/fake_broker.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "gtest/gtest.h"
#include "muster/agent/v1/agent.pb.h"
#include "muster/v1/readiness.pb.h"
#include "muster/v1/report.pb.h"

namespace muster::cli {
namespace {

using Words = std::vector<std::string>;

constexpr char kOp[] = "united-front-2021";
constexpr char kId[] = "0197f3e0-7a3c-7bbb-8d3f-9a0b1c2d3e4f";
constexpr char kOther[] = "0197f3e1-7a3c-7bbb-8d3f-9a0b1c2d3e4f";
constexpr char kSha[] = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
constexpr char kTicket[] = "0123456789abcdef0123456789abcdef";

std::string File(const std::string& name, const std::string& text) {
  static const std::string folder = [] {
    std::string made = testing::TempDir() + "/muster-coverage-XXXXXX";
    EXPECT_NE(mkdtemp(made.data()), nullptr);
    return made;
  }();
  const std::string path = absl::StrCat(folder, "/", name);
  std::ofstream(path) << text;
  return path;
}

struct Covered {
  std::string rpc;
  // The words of its command, and after `arguments` what makes it call.
  Words command;
  Words arguments;
};

std::vector<Covered> AgencyTable() {
  return {{"AgencyService/RegisterAgency", {"agency", "register"}, {"ky-ago", "--name", "KY", "--kind", "federal"}},
          {"AgencyService/RevokeCertificate",
           {"agency", "revoke-certificate"},
           {"ky-ago", "--sha256", kSha, "--reason", "lost"}},
          {"AgencyService/SetAgencyStanding", {"agency", "suspend"}, {"ky-ago", "--reason", "r"}},
          {"AgencyService/SetAgencyStanding", {"agency", "reinstate"}, {"ky-ago", "--reason", "r"}},
          {"AgencyService/RegisterOperator",
           {"agency", "operator"},
           {"mo-ago", "jane-roe", "--name", "Jane Roe", "--key-sha256", kSha}},
          {"AgencyService/GetAgency", {"agency", "show"}, {"ky-ago"}},
          {"AgencyService/ListAgencies", {"agency", "list"}, {}},
          {"AgencyService/WhoAmI", {"whoami"}, {}}};
}

std::vector<Covered> OperationTable() {
  return {
      {"OperationService/CreateOperation",
       {"operation", "create"},
       {kOp, "--code-name", "United Front", "--mode", "exercise", "--from", "2021-08-26T12:00:00Z", "--to",
        "2021-08-29T12:00:00Z", "--site", "stl:St. Louis:MO"}},
      {"OperationService/AddSite",
       {"operation", "add-site"},
       {kOp, "ky-louisville", "--name", "Louisville", "--state", "KY", "--optional-for-go", "--exclude", "tn-tbi"}},
      {"OperationService/SetParticipant", {"operation", "set-participant"}, {kOp, "ky-ago", "--role", "participant"}},
      {"OperationService/RemoveParticipant", {"operation", "remove-participant"}, {kOp, "ky-ago", "--reason", "r"}},
      {"OperationService/SetOperationPhase", {"operation", "set-phase"}, {kOp, "armed"}},
      {"OperationService/GetOperation", {"operation", "show"}, {kOp}},
      {"OperationService/ListOperations", {"operation", "list"}, {}},
      {"OperationService/ListPresence", {"operation", "presence"}, {kOp}}};
}

std::vector<Covered> PlanTable() {
  const std::string section =
      "\nsection_id = \"situation\"\nkind = \"situation\"\ntitle = \"Situation\"\nbody = \"b\"\naudience.roles = "
      "[\"participant\"]\n";
  const std::string plan = File("plan.toml", absl::StrCat("[[sections]]", section));
  const std::string amendment =
      File("amend.toml", "base_version = 1\n[[removals]]\nsection_id = \"situation\"\nchange = \"material\"\n");
  return {{"PlanService/PublishPlan", {"plan", "publish"}, {kOp, "--file", plan}},
          {"PlanService/AmendPlan", {"plan", "amend"}, {kOp, "--file", amendment}},
          {"PlanService/WithdrawPlan", {"plan", "withdraw"}, {kOp, "--reason", "r", "--base-version", "1"}},
          {"PlanService/AcknowledgePlan", {"plan", "acknowledge"}, {kOp, "--plan-version", "1", "--sha256", kSha}},
          {"PlanService/GetPlan", {"plan", "show"}, {kOp}},
          {"PlanService/ListAcknowledgements", {"plan", "acknowledgements"}, {kOp}},
          {"PlanService/ListAcknowledgements", {"plan", "wait"}, {kOp, "--acknowledged-by", "all"}}};
}

std::vector<Covered> TallyTable() {
  const std::string entries =
      File("entries.csv", absl::StrCat("entry_id,site_id,category,count,primary_agency_id,status\n", kId,
                                       ",ky-louisville,arrest-buyer,4,ky-ago,confirmed\n"));
  const std::string claims =
      File("claims.csv", absl::StrCat("claim_id,figure,value,source\n", kId, ",arrests,102,Missouri\n"));
  return {{"TallyService/RecordTally",
           {"tally", "record"},
           {kOp, "--site", "ky-louisville", "--category", "arrest-buyer", "--count", "4", "--primary", "ky-ago"}},
          {"TallyService/CorrectTally", {"tally", "correct"}, {kOp, kId, "--reason", "r"}},
          {"TallyService/ResolveDuplicate",
           {"tally", "resolve-duplicate"},
           {kOp, kId, kOther, "--decision", "merged", "--reason", "r"}},
          {"TallyService/ListSuspectedDuplicates", {"tally", "duplicates"}, {kOp}},
          {"TallyService/GetTotals", {"tally", "totals"}, {kOp}},
          {"TallyService/ListTallyEntries", {"tally", "list"}, {kOp}},
          {"TallyService/ExplainTally", {"tally", "explain"}, {kOp, "persons"}},
          {"SubmissionService/StreamSubmit", {"tally", "import"}, {kOp, entries}},
          {"SubmissionService/StreamSubmit", {"claim", "import"}, {kOp, claims}},
          {"ClaimService/RecordClaim",
           {"claim", "record"},
           {kOp, "--figure", "persons", "--state", "KY", "--value", "21", "--source", "Kentucky", "--part",
            "person-recovered-minor=2"}},
          {"ClaimService/Reconcile", {"claim", "reconcile"}, {kOp}}};
}

std::vector<Covered> DeconflictionTable() {
  return {{"DeconflictionService/EnterActivity",
           {"activity", "enter"},
           {"--kind", "raid", "--start", "2021-08-26T22:00:00Z", "--for", "1h", "--at", "38.25,-85.75", "--verified",
            "--contact", "Sgt. Roe", "--phone", "+15025550100"}},
          {"DeconflictionService/AmendActivity",
           {"activity", "amend"},
           {kId, "--kind", "raid", "--contact", "Sgt. Roe", "--phone", "+15025550100", "--reason", "moved"}},
          {"DeconflictionService/CancelActivity", {"activity", "cancel"}, {kId, "--reason", "r"}},
          {"DeconflictionService/GetActivity", {"activity", "show"}, {kId}},
          {"DeconflictionService/ListActivities", {"activity", "list"}, {}},
          {"DeconflictionService/AdvanceConflict", {"conflict", "own"}, {"c-1"}},
          {"DeconflictionService/AdvanceConflict", {"conflict", "notified"}, {"c-1"}},
          {"DeconflictionService/AdvanceConflict", {"conflict", "contact"}, {"c-1", "--text", "they spoke"}},
          {"DeconflictionService/ResolveConflict",
           {"conflict", "resolve"},
           {"c-1", "--outcome", "joint", "--text", "together"}},
          {"DeconflictionService/GetConflict", {"conflict", "show"}, {"c-1"}},
          {"DeconflictionService/ListConflicts", {"conflict", "list"}, {"--open"}}};
}

std::vector<Covered> ReadinessTable() {
  return {{"ReadinessService/SetHHour", {"readiness", "set-h-hour"}, {kOp, "2021-08-26T22:00:00-05:00"}},
          {"ReadinessService/ReportReadiness",
           {"readiness", "report"},
           {kOp, "ky-louisville", "not-ready", "--reason", "r"}},
          {"ReadinessService/WaiveReadiness",
           {"readiness", "waive"},
           {kOp, "ky-louisville", "--approver", "Col. Poe", "--reason", "r"}},
          {"ReadinessService/AcknowledgeGo", {"readiness", "acknowledge-go"}, {kOp, "ky-louisville"}},
          {"ReadinessService/GetReadinessBoard", {"readiness", "board"}, {kOp}},
          {"ReadinessService/ApproveGo", {"go", "approve"}, {kOp, "--plan-version", "3"}},
          {"ReadinessService/CallHold", {"hold", "call"}, {kOp, "--reason", "r"}},
          {"ReadinessService/LiftHold", {"hold", "lift"}, {kOp, "--reason", "r"}},
          {"ReadinessService/CallAbort", {"abort", "call"}, {kOp, "--site", "ky-louisville", "--reason", "r"}}};
}

std::vector<Covered> ReleaseAndVictimsTable() {
  return {{"ReleaseService/DraftRelease",
           {"release", "draft"},
           {kOp, "first", "--title", "First", "--cell", "arrests", "--cell", "persons:KY"}},
          {"ReleaseService/CheckRelease", {"release", "check"}, {kOp, "first"}},
          {"ReleaseService/ApproveRelease",
           {"release", "approve"},
           {kOp, "first", "--override-by", "AG Moe", "--override-reason", "r"}},
          {"ReleaseService/IssueRelease", {"release", "issue"}, {kOp, "first"}},
          {"ReleaseService/GetRelease", {"release", "show"}, {kOp, "first"}},
          {"ReleaseService/ListReleases", {"release", "list"}, {kOp}},
          {"ReleaseService/PreviewRelease", {"release", "preview"}, {kOp, "--cell", "persons"}},
          {"VictimServicesService/PublishReadinessNotice",
           {"victims", "notice"},
           {kOp, "--earliest", "2021-08-25", "--latest", "2021-08-29", "--max", "60", "--gender", "female=45",
            "--language", "es=12", "--minors", "--states", "KY,MO"}},
          {"VictimServicesService/ReportCapacity",
           {"victims", "capacity"},
           {kOp, "--beds", "12", "--language", "es=2", "--until", "2021-09-05"}},
          {"VictimServicesService/ReportServiceCounts", {"victims", "counts"}, {kOp, "--offered", "11"}},
          {"VictimServicesService/RequestReferral",
           {"victims", "refer"},
           {kOp, "--to", "haven-ky", "--needs", "shelter,medical"}},
          {"VictimServicesService/AnswerReferral", {"victims", "answer"}, {kOp, kTicket, "accepted"}},
          {"VictimServicesService/GetVictimServices", {"victims", "show"}, {kOp}}};
}

std::vector<Covered> OtherTable() {
  const std::string submission = File(
      "submission.toml", absl::StrCat("[call_abort]\noperation_id = \"", kOp, "\"\nepoch = 1\nreason = \"leaked\"\n"));
  return {{"AccessService/ExplainAccess", {"explain", "access"}, {kOp}},
          {"AccessService/ListDisclosures", {"disclosures"}, {kOp}},
          {"SubmissionService/Submit", {"submit"}, {submission}},
          {"FeedService/Subscribe", {"feed", "watch"}, {"--until-caught-up"}},
          {"FeedService/GetFeedCursor", {"feed", "cursor"}, {}}};
}

// What only a command post's daemon answers. AwaitOutboxItem is called by --wait, for an item that waits.
std::vector<Covered> DaemonTable() {
  agent::v1::EnrollmentBundle bundle;
  bundle.add_brokers("a:1");
  bundle.set_trust_domain("muster.example");
  bundle.set_ca("c");
  bundle.set_certificate("c");
  bundle.set_key("k");
  const std::string file = File("ky.bundle", "");
  EXPECT_TRUE(SaveBundle(bundle, file, /*replace=*/true).ok());
  return {{"AgentService/GetStatus", {"agent", "status"}, {}},
          {"AgentService/Diagnose", {"doctor"}, {}},
          {"AgentService/Enroll", {"agent", "enroll"}, {file}},
          {"AgentService/ListOutbox", {"outbox", "ls"}, {}},
          {"AgentService/GetOutboxItem", {"outbox", "show"}, {"17"}},
          {"AgentService/AwaitOutboxItem", {"outbox", "show"}, {"17", "--wait=1ms"}},
          {"AgentService/RetryOutboxItem", {"outbox", "retry"}, {"17"}},
          {"AgentService/DropOutboxItem", {"outbox", "drop"}, {"17", "--reason", "r"}}};
}

std::vector<Covered> Table() {
  std::vector<Covered> all;
  for (const std::vector<Covered>& part :
       {AgencyTable(), OperationTable(), PlanTable(), TallyTable(), DeconflictionTable(), ReadinessTable(),
        ReleaseAndVictimsTable(), OtherTable()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

// Every RPC of every service in proto/muster/v1, from the files that are there and the descriptors that are linked.
std::set<std::string> RpcsOfTheProtocol() {
  v1::AfterActionReport::descriptor();  // Links the one file that nothing else here needs.
  std::set<std::string> rpcs;
  for (const auto& entry : std::filesystem::directory_iterator(MUSTER_PROTO_DIR "/muster/v1")) {
    const std::string name = "muster/v1/" + entry.path().filename().string();
    const auto* file = google::protobuf::DescriptorPool::generated_pool()->FindFileByName(name);
    EXPECT_NE(file, nullptr) << name << " is not linked into this test";
    for (int i = 0; file != nullptr && i < file->service_count(); ++i) {
      const auto* service = file->service(i);
      for (int j = 0; j < service->method_count(); ++j) {
        rpcs.insert(absl::StrCat(service->name(), "/", service->method(j)->name()));
      }
    }
  }
  return rpcs;
}

// A broker that knows of an H-hour, for the commands that need one.
FakeBroker Broker() {
  FakeBroker broker;
  v1::GetReadinessBoardResponse board;
  board.mutable_board()->mutable_h_hour()->set_epoch(1);
  broker.Answers("ReadinessService/GetReadinessBoard", board);
  v1::GetActivityResponse activity;
  activity.mutable_activity()->mutable_activity()->set_activity_id(kId);
  activity.mutable_activity()->mutable_activity()->set_sensitivity(v1::SENSITIVITY_NORMAL);
  broker.Answers("DeconflictionService/GetActivity", activity);
  return broker;
}

TEST(Coverage, TheCommandLineCoversEveryRpc) {
  std::set<std::string> covered;
  for (const Covered& one : Table()) covered.insert(one.rpc);
  EXPECT_EQ(covered, RpcsOfTheProtocol());
}

// A daemon whose outbox holds one item, which waits.
FakeBroker Daemon() {
  FakeBroker daemon;
  daemon.ActAsDaemon();
  agent::v1::GetOutboxItemResponse waiting;
  waiting.mutable_item()->set_number(17);
  waiting.mutable_item()->set_state(agent::v1::DELIVERY_STATE_SAVED_HERE);
  daemon.Answers("AgentService/GetOutboxItem", waiting);
  return daemon;
}

TEST(Coverage, TheCommandLineCoversEveryRpcOfTheDaemon) {
  std::set<std::string> covered;
  for (const Covered& one : DaemonTable()) covered.insert(one.rpc);
  std::set<std::string> rpcs;
  const google::protobuf::ServiceDescriptor* service =
      agent::v1::EnrollmentBundle::descriptor()->file()->FindServiceByName("AgentService");
  for (int i = 0; i < service->method_count(); ++i) rpcs.insert("AgentService/" + service->method(i)->name());
  EXPECT_EQ(covered, rpcs);
}

TEST(Coverage, EveryCommandForTheDaemonMakesItsCall) {
  for (const Covered& one : DaemonTable()) {
    Words words = one.command;
    words.insert(words.end(), one.arguments.begin(), one.arguments.end());
    FakeBroker daemon = Daemon();
    const Ended ended = daemon.Run(words);
    EXPECT_THAT(daemon.calls(), testing::Contains(one.rpc)) << absl::StrJoin(words, " ") << "\n" << ended.err;
    EXPECT_EQ(ended.err.find("wrong usage"), std::string::npos) << absl::StrJoin(words, " ") << "\n" << ended.err;
  }
}

TEST(Coverage, EveryCommandOfTheTableMakesItsCall) {
  for (const Covered& one : Table()) {
    Words words = one.command;
    words.insert(words.end(), one.arguments.begin(), one.arguments.end());
    FakeBroker broker = Broker();
    const Ended ended = broker.Run(words);
    EXPECT_THAT(broker.calls(), testing::Contains(one.rpc)) << absl::StrJoin(words, " ") << "\n" << ended.err;
    EXPECT_EQ(ended.err.find("wrong usage"), std::string::npos) << absl::StrJoin(words, " ") << "\n" << ended.err;
  }
}

TEST(Coverage, EveryCommandOfTheTableHasHelpWithItsWordsInAnExample) {
  for (const Covered& one : Table()) {
    Words words = one.command;
    words.push_back("--help");
    FakeBroker broker;
    const Ended ended = broker.Run(words);
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_THAT(ended.out, testing::HasSubstr(absl::StrCat("muster ", absl::StrJoin(one.command, " "))));
    EXPECT_TRUE(broker.calls().empty());
  }
}

void Leaves(const CLI::App& command, Words path, std::set<std::string>* leaves) {
  const auto subs = command.get_subcommands([](const CLI::App*) { return true; });
  if (subs.empty()) leaves->insert(absl::StrJoin(path, " "));
  for (const CLI::App* sub : subs) {
    Words longer = path;
    longer.push_back(sub->get_name());
    Leaves(*sub, longer, leaves);
  }
}

TEST(Coverage, EveryCommandThatTalksToABrokerIsInTheTable) {
  std::ostringstream out;
  Invocation invocation(&out, &out);
  std::set<std::string> leaves;
  Leaves(*BuildParser(invocation, {}), {}, &leaves);
  for (const Covered& one : Table()) leaves.erase(absl::StrJoin(one.command, " "));
  for (const Covered& one : DaemonTable()) leaves.erase(absl::StrJoin(one.command, " "));
  EXPECT_THAT(leaves, testing::UnorderedElementsAre("agent bundle", "context add", "context list", "context remove",
                                                    "cluster status", "context show", "context use", "operation report",
                                                    "version"));
}

}  // namespace
}  // namespace muster::cli
