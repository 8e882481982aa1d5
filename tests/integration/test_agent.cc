#include "tests/integration/test_agent.h"

#include <signal.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/status_macros.h"
#include "gtest/gtest.h"

namespace muster {
namespace {

// Impatient with the network, patient with the machine: a broker that comes back is found at once.
constexpr char kQuickLink[] =
    "answer_within = \"20s\"\nkeepalive = \"6s\"\nkeepalive_timeout = \"2s\"\nreconnect_max = \"500ms\"\n";

std::string Contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream contents;
  contents << file.rdbuf();
  return contents.str();
}

}  // namespace

Finished RunMusterAgent(const std::vector<std::string>& arguments) {
  std::vector<std::string> argv = {MUSTER_AGENT_PATH};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return RunToEnd(argv);
}

agent::v1::EnrollmentBundle BundleOf(const CertificateFiles& files, const std::vector<std::string>& brokers) {
  agent::v1::EnrollmentBundle bundle;
  for (const std::string& broker : brokers) bundle.add_brokers(broker);
  bundle.set_trust_domain(kTestTrustDomain);
  bundle.set_ca(Contents(CaFile()));
  bundle.set_certificate(Contents(files.certificate));
  bundle.set_key(Contents(files.key));
  return bundle;
}

TestAgent::TestAgent(Options options) : options_(std::move(options)) {}

std::string TestAgent::state_dir() const {
  return options_.state_dir.empty() ? folder_.path() + "/state" : options_.state_dir;
}

absl::Status TestAgent::WriteConfig() const {
  if (!std::filesystem::exists(key_file())) {
    const Finished made = RunMusterAgent({"new-key", key_file()});
    if (made.exit_code != 0) return absl::InternalError(made.output);
  }
  std::ofstream file(config_file(), std::ios::trunc);
  file << "state_dir = \"" << state_dir() << "\"\n[key]\n"
       << (options_.key.empty() ? "file = \"agent.key\"" : options_.key) << "\n"
       << "[listen]\nsocket = \"agent.sock\"\n"
       << "[link]\n"
       << (options_.link.empty() ? kQuickLink : options_.link) << "\n[hook]\n"
       << options_.hook << "\n"
       << options_.tables << "\n";
  file.flush();
  return file ? absl::OkStatus() : absl::InternalError("cannot write " + config_file());
}

absl::Status TestAgent::Launch(const std::vector<std::string>& environment) {
  MUSTER_RETURN_IF_ERROR(WriteConfig());
  std::vector<std::string> argv = {"/usr/bin/env"};
  argv.insert(argv.end(), environment.begin(), environment.end());
  argv.insert(argv.end(), options_.wrapper.begin(), options_.wrapper.end());
  argv.insert(argv.end(), {options_.program.empty() ? std::string(MUSTER_AGENT_PATH) : options_.program, "serve",
                           "--config", config_file()});
  MUSTER_ASSIGN_OR_RETURN(process_, Subprocess::Start(argv, folder_.path() + "/agent.log"));
  return absl::OkStatus();
}

absl::Status TestAgent::Start(const std::vector<std::string>& environment) {
  MUSTER_RETURN_IF_ERROR(Launch(environment));
  const std::shared_ptr<Connection> connection = Connect();
  const auto answers = [&] {
    agent::v1::GetStatusResponse status;
    return connection
        ->Call("/muster.agent.v1.AgentService/GetStatus", agent::v1::GetStatusRequest(), &status, absl::Seconds(1))
        .ok();
  };
  if (Eventually([&] { return !Running() || answers(); }) && Running()) return absl::OkStatus();
  return absl::InternalError("the agent did not come up: " + process_->LogTail());
}

absl::Status TestAgent::Enroll() { return Enroll(BundleOf(OperatorOf(options_.agency_id), options_.brokers)); }

absl::Status TestAgent::Enroll(const agent::v1::EnrollmentBundle& bundle) {
  agent::v1::EnrollRequest request;
  *request.mutable_bundle() = bundle;
  return Call<agent::v1::EnrollResponse>("Enroll", request).status();
}

void TestAgent::Kill() {
  process_->Signal(SIGKILL);
  (void)process_->Wait(kPatience);
}

absl::StatusOr<int> TestAgent::Stop() {
  process_->Signal(SIGTERM);
  return process_->Wait(kPatience);
}

std::string TestAgent::Log() const { return Contents(folder_.path() + "/agent.log"); }

std::shared_ptr<Connection> TestAgent::Connect(absl::Duration deadline,
                                               std::function<void(const Freshness&)> on_copy) const {
  ConnectionOptions options;
  options.brokers = {absl::StrCat("unix:", socket())};
  options.deadline = deadline;
  options.attempt_deadline = deadline;
  options.on_copy = std::move(on_copy);
  absl::StatusOr<std::shared_ptr<Connection>> connection = muster::Connect(options);
  EXPECT_TRUE(connection.ok()) << connection.status();
  return connection.ok() ? *std::move(connection) : nullptr;
}

template <typename Response>
absl::StatusOr<Response> TestAgent::Call(absl::string_view method, const google::protobuf::Message& request,
                                         absl::Duration deadline) const {
  Response response;
  MUSTER_RETURN_IF_ERROR(
      Connect(deadline)->Call(absl::StrCat("/muster.agent.v1.AgentService/", method), request, &response));
  return response;
}

absl::StatusOr<agent::v1::GetStatusResponse> TestAgent::Status() const {
  return Call<agent::v1::GetStatusResponse>("GetStatus", agent::v1::GetStatusRequest());
}

absl::StatusOr<agent::v1::OutboxItem> TestAgent::Item(uint64_t number) const {
  agent::v1::GetOutboxItemRequest request;
  request.mutable_item()->set_number(number);
  MUSTER_ASSIGN_OR_RETURN(agent::v1::GetOutboxItemResponse response,
                          Call<agent::v1::GetOutboxItemResponse>("GetOutboxItem", request));
  return std::move(*response.mutable_item());
}

absl::StatusOr<agent::v1::OutboxItem> TestAgent::Await(uint64_t number) const {
  agent::v1::AwaitOutboxItemRequest request;
  request.mutable_item()->set_number(number);
  MUSTER_ASSIGN_OR_RETURN(agent::v1::AwaitOutboxItemResponse response,
                          Call<agent::v1::AwaitOutboxItemResponse>("AwaitOutboxItem", request));
  return std::move(*response.mutable_item());
}

absl::StatusOr<agent::v1::OutboxItem> TestAgent::Retry(uint64_t number) const {
  agent::v1::RetryOutboxItemRequest request;
  request.mutable_item()->set_number(number);
  MUSTER_ASSIGN_OR_RETURN(agent::v1::RetryOutboxItemResponse response,
                          Call<agent::v1::RetryOutboxItemResponse>("RetryOutboxItem", request));
  return std::move(*response.mutable_item());
}

absl::StatusOr<agent::v1::OutboxItem> TestAgent::Drop(uint64_t number, const std::string& reason) const {
  agent::v1::DropOutboxItemRequest request;
  request.mutable_item()->set_number(number);
  request.set_reason(reason);
  MUSTER_ASSIGN_OR_RETURN(agent::v1::DropOutboxItemResponse response,
                          Call<agent::v1::DropOutboxItemResponse>("DropOutboxItem", request));
  return std::move(*response.mutable_item());
}

absl::StatusOr<std::vector<agent::v1::OutboxItem>> TestAgent::Outbox() const {
  std::vector<agent::v1::OutboxItem> items;
  agent::v1::ListOutboxRequest request;
  request.mutable_page()->set_page_size(1000);
  do {
    MUSTER_ASSIGN_OR_RETURN(agent::v1::ListOutboxResponse page,
                            Call<agent::v1::ListOutboxResponse>("ListOutbox", request));
    for (agent::v1::OutboxItem& item : *page.mutable_items()) items.push_back(std::move(item));
    request.mutable_page()->set_page_token(page.next_page_token());
  } while (!request.page().page_token().empty());
  return items;
}

bool TestAgent::WaitUntil(agent::v1::LinkState state) const {
  return Eventually([&] {
    const absl::StatusOr<agent::v1::GetStatusResponse> status = Status();
    return status.ok() && status->link().state() == state;
  });
}

bool TestAgent::WaitUntilAllDecided() const {
  return Eventually([&] {
    const absl::StatusOr<agent::v1::GetStatusResponse> status = Status();
    return status.ok() && status->outbox().saved_here() == 0;
  });
}

}  // namespace muster
