// A real muster-agent for one test: its own folder with key file, configuration, state and socket, and an identity made
// of the test certificates.
//
//   TestAgent agent({.agency_id = kKentucky, .brokers = {broker_.address()}});
//   ASSERT_TRUE(agent.Start().ok());
//   ASSERT_TRUE(agent.Enroll().ok());
//   ASSERT_TRUE(agent.WaitUntil(agent::v1::LINK_STATE_CONNECTED));
//   Client client = agent.client();                       // As with a broker.
//
// Threading: Start and the destructor on the main thread (see client/cli/demo/subprocess.h); the rest from any.
#ifndef MUSTER_TESTS_INTEGRATION_TEST_AGENT_H_
#define MUSTER_TESTS_INTEGRATION_TEST_AGENT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/lib/client.h"
#include "muster/agent/v1/agent.pb.h"
#include "tests/integration/test_broker.h"

namespace muster {

// Runs `muster-agent` with these arguments to its end.
Finished RunMusterAgent(const std::vector<std::string>& arguments);

// The bundle for `files` and `brokers`.
agent::v1::EnrollmentBundle BundleOf(const CertificateFiles& files, const std::vector<std::string>& brokers);

struct TestAgentOptions {
  std::string agency_id = {};
  std::vector<std::string> brokers = {};
  std::string link = {};                  // Lines of the [link] table instead of quick ones.
  std::string hook = {};                  // Lines of the [hook] table.
  std::string key = {};                   // The line of the [key] table instead of a key file.
  std::string tables = {};                // Further tables.
  std::string state_dir = {};             // Elsewhere than in the agent's own folder.
  std::string program = {};               // Instead of the muster-agent that was built.
  std::vector<std::string> wrapper = {};  // A program and its arguments that runs it: `ip netns exec NAME`.
};

class TestAgent {
 public:
  using Options = TestAgentOptions;

  explicit TestAgent(Options options);
  TestAgent(const TestAgent&) = delete;
  TestAgent& operator=(const TestAgent&) = delete;

  // Starts muster-agent with these environment variables ("NAME=value") added, and waits until it answers.
  absl::Status Start(const std::vector<std::string>& environment = {});
  // Starts it and waits for nothing: for a start that is to be killed in its middle.
  absl::Status Launch(const std::vector<std::string>& environment = {});
  // Gives it the agency's operator certificate and the brokers of the options. Once; it keeps them.
  absl::Status Enroll();
  absl::Status Enroll(const agent::v1::EnrollmentBundle& bundle);

  // SIGKILL.
  void Kill();
  // SIGTERM, and waits for the end: the exit code.
  absl::StatusOr<int> Stop();
  void Signal(int signal) { process_->Signal(signal); }
  // The exit code (128 + the signal) once it has ended.
  absl::StatusOr<int> WaitForEnd() { return process_->Wait(kPatience); }
  bool Running() { return process_ != nullptr && process_->Running(); }

  std::string folder() const { return folder_.path(); }
  std::string state_dir() const;
  std::string socket() const { return folder_.path() + "/agent.sock"; }
  std::string config_file() const { return folder_.path() + "/agent.toml"; }
  std::string key_file() const { return folder_.path() + "/agent.key"; }
  // All that it has logged, every start included.
  std::string Log() const;

  // A connection to its socket. `on_copy` is told of answers that are copies.
  std::shared_ptr<Connection> Connect(absl::Duration deadline = kPatience,
                                      std::function<void(const Freshness&)> on_copy = {}) const;
  Client client() const { return Client(Connect()); }

  // Calls of AgentService.
  absl::StatusOr<agent::v1::GetStatusResponse> Status() const;
  absl::StatusOr<agent::v1::OutboxItem> Item(uint64_t number) const;
  // Waits until it is decided or dropped.
  absl::StatusOr<agent::v1::OutboxItem> Await(uint64_t number) const;
  absl::StatusOr<agent::v1::OutboxItem> Retry(uint64_t number) const;
  absl::StatusOr<agent::v1::OutboxItem> Drop(uint64_t number, const std::string& reason) const;
  // Every item, in the order of numbers.
  absl::StatusOr<std::vector<agent::v1::OutboxItem>> Outbox() const;

  // Waits for a state of the link.
  bool WaitUntil(agent::v1::LinkState state) const;
  // Waits until nothing in the outbox is undecided.
  bool WaitUntilAllDecided() const;

 private:
  absl::Status WriteConfig() const;
  template <typename Response>
  absl::StatusOr<Response> Call(absl::string_view method, const google::protobuf::Message& request,
                                absl::Duration deadline = kPatience) const;

  const Options options_;
  TemporaryFolder folder_;
  std::unique_ptr<Subprocess> process_;
};

}  // namespace muster

#endif  // MUSTER_TESTS_INTEGRATION_TEST_AGENT_H_
