// What the steps of a replay share: the scenario, the broker, and every agency's own way to it.
#ifndef MUSTER_CLIENT_CLI_DEMO_REPLAY_H_
#define MUSTER_CLIENT_CLI_DEMO_REPLAY_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/cli/demo/agency_feed.h"
#include "client/cli/demo/broker_process.h"
#include "client/cli/demo/progress.h"
#include "client/cli/demo/scenario.h"
#include "client/lib/client.h"
#include "client/lib/connection.h"

namespace muster {

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
  std::map<std::string, AgencyPost> posts = {};  // By agency; for every participant.

  Client& lead() { return *posts.at(scenario.lead()).client; }
};

// The agencies that make-certs.sh made certificates for, by id: <certificates>/agencies.csv.
absl::StatusOr<std::map<std::string, v1::Agency>> LoadAgencies(const std::string& certificates);

// Prepares every participant's connection with its own certificate.
absl::Status OpenPosts(const std::string& certificates, Replay& replay);

// Registers the agencies (the lead is the registrar), opens their feeds, creates the operation with its sites and
// participants.
absl::Status Enrol(const std::map<std::string, v1::Agency>& agencies, Replay& replay);

// Publishes the plan, arms the operation, has everyone acknowledge; then amends it, sees the acknowledgements reset
// (rule P4), and has everyone acknowledge again.
absl::Status RunPlanRounds(Replay& replay);

absl::Status SetPhase(v1::OperationPhase phase, Replay& replay);

// `status` with what was being done in front of its message; its code and payloads are kept.
absl::Status While(absl::string_view doing, const absl::Status& status);

}  // namespace muster

#endif  // MUSTER_CLIENT_CLI_DEMO_REPLAY_H_
