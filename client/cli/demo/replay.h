// What the steps of a replay share: the scenario, the broker, and every agency's own way to it.
#ifndef MUSTER_CLIENT_CLI_DEMO_REPLAY_H_
#define MUSTER_CLIENT_CLI_DEMO_REPLAY_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
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

// An agency's command post: its certificate, its connection, its feed.
struct AgencyPost {
  std::shared_ptr<Connection> connection;
  std::unique_ptr<Client> client;
  std::unique_ptr<AgencyFeed> feed;  // From the moment the agency is enrolled.
};

struct Replay {
  const Scenario& scenario;
  BrokerProcess& broker;
  Progress& progress;
  const uint64_t seed;
  const Pace pace = {};
  std::map<std::string, AgencyPost> posts = {};  // By agency; for every participant.
  // The lead's certificates by post: what its persons act with.
  std::map<std::string, std::unique_ptr<Client>> lead_posts = {};

  Client& client(const std::string& agency_id) { return *posts.at(agency_id).client; }
  Client& lead() { return client(scenario.lead()); }
  // Of the first agency with the role.
  Client& client(v1::Role role) { return client(AgencyWithRole(scenario, role)); }
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
