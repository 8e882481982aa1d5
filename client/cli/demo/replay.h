// What the steps of a replay share: the scenario, the broker, and every agency's own way to it.
#ifndef MUSTER_CLIENT_CLI_DEMO_REPLAY_H_
#define MUSTER_CLIENT_CLI_DEMO_REPLAY_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "client/cli/demo/agency_feed.h"
#include "client/cli/demo/broker_process.h"
#include "client/cli/demo/pace.h"
#include "client/cli/demo/progress.h"
#include "client/cli/demo/scenario.h"
#include "client/lib/client.h"
#include "client/lib/connection.h"

namespace muster {

// How long a replay waits for what it has caused to arrive on a feed.
inline constexpr absl::Duration kFeedTimeout = absl::Seconds(60);

// How long brokers of one cluster may differ in what they have seen, on this machine.
inline constexpr absl::Duration kBetweenBrokers = absl::Milliseconds(100);

// An agency's command post: its certificate, its connection, its feed.
struct AgencyPost {
  std::shared_ptr<Connection> connection;
  std::unique_ptr<Client> client;
  std::unique_ptr<AgencyFeed> feed;  // From the moment the agency is enrolled.
};

struct Replay {
  const Scenario& scenario;
  // Where every post connects to: the first that answers.
  const std::vector<std::string> brokers;
  // Null when they were there already.
  BrokerProcess* const own_broker;
  Progress& progress;
  const uint64_t seed;
  const Pace pace = {};
  // Of brokers that were there already, what to run in the middle of the tallies, and where its output goes.
  const std::vector<std::string> in_the_middle = {};
  const std::string log_folder = {};
  std::map<std::string, AgencyPost> posts = {};  // By agency; for every participant.
  // The lead's certificates by post: what its persons act with.
  std::map<std::string, std::unique_ptr<Client>> lead_posts = {};

  Client& client(const std::string& agency_id) { return HandOver(posts.at(agency_id).client.get()); }
  Client& lead() { return client(scenario.lead()); }
  Client& lead_post(const std::string& post) { return HandOver(lead_posts.at(post).get()); }
  // Of the first agency with the role.
  Client& client(v1::Role role) { return client(AgencyWithRole(scenario, role)); }

  // What one has just done is seen by another, at another broker, a moment later; `next` begins after that moment.
  Client& HandOver(Client* next) {
    if (last_speaker.exchange(next) != next && own_broker == nullptr) absl::SleepFor(kBetweenBrokers);
    return *next;
  }

  std::atomic<Client*> last_speaker = nullptr;
};

// The agencies that make-certs.sh made certificates for, by id: <certificates>/agencies.csv.
absl::StatusOr<std::map<std::string, v1::Agency>> LoadAgencies(const std::string& certificates);

// Prepares every participant's connection with its own certificate, and those of the lead's persons.
absl::Status OpenPosts(const std::string& certificates, Replay& replay);

// Registers the agencies and the lead's persons (the lead is the registrar), opens the agencies' feeds, creates the
// operation with its sites and participants.
absl::Status Enrol(const std::map<std::string, v1::Agency>& agencies, Replay& replay);

// Publishes the plan, arms the operation, has everyone acknowledge; then amends it, sees the acknowledgements reset
// (rule P4), and has everyone acknowledge again.
absl::Status RunPlanRounds(Replay& replay);

absl::Status SetPhase(v1::OperationPhase phase, Replay& replay);

// What the agency's feed has brought it up to now.
absl::StatusOr<std::vector<v1::Delivery>> ReadFeed(const std::string& agency_id, Replay& replay);

// A refusal in a few words, "NOT_READY (rule G1)"; "accepted" for OK.
std::string RefusalInWords(const absl::Status& status);

// `status` with what was being done in front of its message; its code and payloads are kept.
absl::Status While(absl::string_view doing, const absl::Status& status);

}  // namespace muster

#endif  // MUSTER_CLIENT_CLI_DEMO_REPLAY_H_
