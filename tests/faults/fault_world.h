// Who takes part in a scenario: a real broker, or several on a real etcd, real command posts, senders and readers that
// write down all that they are told, and at the end the comparison of that with the truth.
//
//   FaultWorld world(options, &report);
//   if (!world.SetUp()) return;
//   world.StartTraffic();
//   ... faults ...
//   world.Finish();    // Lets everybody come to the end of what they have, and checks.
//
// Threading: the main thread (see client/cli/demo/subprocess.h); the senders and readers have threads of their own.
#ifndef MUSTER_TESTS_FAULTS_FAULT_WORLD_H_
#define MUSTER_TESTS_FAULTS_FAULT_WORLD_H_

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "tests/faults/history.h"
#include "tests/faults/report.h"
#include "tests/integration/test_agent.h"
#include "tests/integration/test_broker.h"
#include "tests/integration/test_cluster.h"

namespace muster {

struct FaultWorldOptions {
  TestBroker::Options broker;
  // Several brokers instead of one; `broker` says what each is like.
  std::optional<TestCluster::Options> cluster;
  // Of the command posts of ky-ago and nd-bci; no agents at all when this is false.
  bool agents = true;
  std::string agent_program;
  std::string agent_link;                       // As TestAgentOptions::link.
  std::vector<std::string> agent_wrapper;       // As TestAgentOptions::wrapper.
  std::vector<std::string> agent_state_dirs;    // One for each; empty: in their own folders.
  std::vector<std::string> agent_environment;   // Of every start.
  std::vector<std::string> broker_environment;  // Of every start.
  bool direct = true;                           // Senders and readers that need no agent.
  absl::Duration pace = absl::Milliseconds(4);  // Between two submissions of one sender.
  absl::Duration patience = absl::Seconds(60);  // For everything to come to its end.
};

class FaultWorld {
 public:
  FaultWorld(FaultWorldOptions options, Report* report);
  ~FaultWorld();
  FaultWorld(const FaultWorld&) = delete;
  FaultWorld& operator=(const FaultWorld&) = delete;

  // Starts everybody and arms the operation. False, and a failure on the report, when that does not work.
  bool SetUp();
  void StartTraffic();
  // Waits until this many more submissions have been acknowledged, but not long: some faults let nothing through.
  bool WaitForTraffic(uint64_t more, absl::Duration patience = absl::Seconds(20));
  // Ends the senders, waits until all that was saved is decided and all that was published is read, stops everybody,
  // and adds the verdict to the report. `before_check` is called when nothing is sent any more and all still runs.
  void Finish(const std::function<void()>& before_check = {});

  // Start, with a failure on the report.
  bool StartBroker(const std::vector<std::string>& environment = {}) { return StartBroker(0, environment); }
  bool StartBroker(size_t i, const std::vector<std::string>& environment);
  bool StartAgent(size_t i, const std::vector<std::string>& environment = {});
  // That broker `i` ended though nobody ended it, with the end of its log.
  void ReportEnded(size_t i);
  // That nothing is acknowledged any more, with the ends of all brokers' logs.
  void ReportStuck();

  TestBroker& broker() { return *broker_; }
  TestCluster& cluster() { return *cluster_; }
  size_t agent_count() const { return agents_.size(); }
  TestAgent& agent(size_t i) { return *agents_[i]; }
  History& history() { return history_; }
  // Broker and agents, as "musterd", "muster-agent 1" ...
  std::string NameOf(size_t process) const;
  // Of several brokers to number `first`, and to the others when that does not answer.
  std::shared_ptr<Connection> ConnectToBroker(absl::string_view agency_id, size_t first = 0) const;
  // Where the agency's feed ends now: the cursor of its last delivery.
  absl::StatusOr<std::string> EndOfFeed(absl::string_view agency_id) const;

 private:
  bool SetUpBrokers();
  absl::Status SetUpOperation();
  std::vector<std::string> BrokerAddresses() const;
  void Send(const std::string& sender, const std::string& agency_id, std::shared_ptr<Connection> connection);
  void SendOne(Client& client, const std::string& sender, const v1::Submission& submission);
  void Read(const std::string& reader, const std::string& agency_id, std::shared_ptr<Connection> connection);
  void TakeOutboxes();
  // So that readers know where they have read everything.
  void NoteEndsOfFeeds();
  std::string EndOfLog(size_t i);
  void CheckStopped(const std::string& program, const absl::StatusOr<int>& exit_code, const std::string& log);
  // Everything on every feed, from every broker.
  std::vector<Transcript> FeedsAnew();
  Transcript FeedAnew(const std::string& agency_id, size_t first);
  void StopProcesses();
  void StopCluster();
  void CheckAll();

  const FaultWorldOptions options_;
  Report* const report_;
  History history_;
  std::unique_ptr<TestBroker> broker_;  // One of these two.
  std::unique_ptr<TestCluster> cluster_;
  std::vector<std::unique_ptr<TestAgent>> agents_;
  uint64_t baseline_ = 0;  // Events of the set-up.
  std::atomic<uint64_t> entries_{0};
  std::atomic<bool> senders_stop_{false};
  std::atomic<bool> readers_stop_{false};
  absl::Mutex mu_;
  std::vector<std::string> trouble_ ABSL_GUARDED_BY(mu_);              // Of the threads.
  std::map<std::string, std::string> feed_ends_ ABSL_GUARDED_BY(mu_);  // By agency, once nothing more is sent.
  std::vector<std::thread> senders_;
  std::vector<std::thread> readers_;
};

}  // namespace muster

#endif  // MUSTER_TESTS_FAULTS_FAULT_WORLD_H_
