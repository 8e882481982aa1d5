// A whole broker, its clients, and a world in which everything goes wrong: one run for one seed.
//
// Clients make random submissions, retry until they are answered, send twice, and lose answers. The disk refuses
// batches, or leaves the broker in doubt; the broker is stopped or killed, snapshots are torn, and the feed falls back
// to what an earlier power cut would have left of it. After every restart the run is compared with what must hold:
//   * what was acknowledged is decided in the log, once, with that outcome;
//   * the state is that of a clean replay of the log;
//   * each agency's deliveries are those of the clean replay, and those it had before did not change (rule P2).
//
// Deterministic: one SubmitAll at a time, and all of its answers are awaited; the clock is a fake; snapshots are taken
// at Stop only, since when a running one is finished is up to the machine.
//
// The disk is MemoryLog, with its faults: a batch is written as a whole or not at all, and what Append confirmed stays.
// That LocalLog keeps to this is tested in server/log/.
#ifndef MUSTER_TESTS_SIMULATION_SIMULATION_H_
#define MUSTER_TESTS_SIMULATION_SIMULATION_H_

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "common/clock.h"
#include "server/broker/broker.h"
#include "server/broker/testing/broker_world.h"
#include "server/log/memory_log.h"
#include "server/log/testing/log_files.h"

namespace muster {

// What happened, so that a test can see that it did.
struct SimulationStats {
  uint64_t submissions = 0;
  uint64_t sends = 0;
  uint64_t accepted = 0;
  uint64_t rejected = 0;
  uint64_t repeats = 0;
  uint64_t gaps = 0;
  uint64_t refused = 0;        // Nothing written.
  uint64_t fate_unknown = 0;
  uint64_t answers_lost = 0;
  uint64_t restarts = 0;
  uint64_t snapshots_lost = 0;
  uint64_t feeds_lost = 0;
  uint64_t deliveries = 0;

  void Add(const SimulationStats& other);
};

class Simulation {
 public:
  explicit Simulation(uint32_t seed);

  // Runs to the end, when every submission has been decided. Failures are GoogleTest's.
  void Run();

  const SimulationStats& stats() const { return stats_; }
  // Stands for every event of the log.
  std::string LogDigest() const;

 private:
  // What one agency still has to hear about.
  struct Client {
    std::string agency_id;
    std::string outbox_id;  // Empty: it does not number what it sends.
    uint64_t numbers_made = 0;
    std::deque<v1::Submission> undecided;
    std::vector<v1::Submission> decided;
    std::vector<std::string> notices;  // All of its feed that it has read.
  };
  struct Sent {
    Client* client;
    v1::Submission submission;
  };

  void Open(std::unique_ptr<MemoryLog> log);
  void SetUp();
  void MoveClock();
  void MakeSubmissions();
  v1::Submission RandomSubmission(const Client& client);
  v1::TallyEntry RandomEntry(const std::string& agency_id);
  std::vector<Sent> ChooseWhatToSend();
  void PlanAFault();
  void SendAndHear(const std::vector<Sent>& sent, bool answers_may_be_lost);
  void Hear(const Sent& sent, const absl::StatusOr<v1::Outcome>& answer, bool lost);
  void Restart();
  void DamageFiles();
  void ReadFeed(Client* client);
  void Check();
  Client& ClientOf(absl::string_view agency_id);
  // From 0 to `n` - 1.
  size_t Pick(size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(random_); }
  bool OneIn(size_t n) { return Pick(n) == 0; }

  std::mt19937 random_;
  FakeClock clock_;
  const TemporaryFolder folder_;
  const TemporaryFolder old_feed_;  // A copy of feed.db from some earlier stop.
  Broker::Options options_;
  MemoryLog* log_ = nullptr;  // The broker's.
  std::unique_ptr<Broker> broker_;
  bool broker_failed_ = false;
  uint64_t ids_made_ = 0;
  std::vector<Client> clients_;
  std::map<std::string, std::string> acknowledged_;  // DecisionKey to the outcome, encoded.
  SimulationStats stats_;
};

}  // namespace muster

#endif  // MUSTER_TESTS_SIMULATION_SIMULATION_H_
