#include "client/agent/serve/diagnose.h"

#include <iterator>
#include <optional>
#include <string>
#include <thread>

#include "client/lib/doctor/doctor.h"
#include "client/lib/doctor/held.h"
#include "client/lib/doctor/machine.h"

namespace muster::agent {
namespace {

doctor::LinkToCheck LinkOf(const std::optional<v1::EnrollmentBundle>& identity) {
  doctor::LinkToCheck link;
  if (!identity.has_value()) {
    link.renew = "muster agent enroll BUNDLE";
    return link;
  }
  link.brokers.assign(identity->brokers().begin(), identity->brokers().end());
  link.server_name = identity->server_name();
  link.tls = TlsContents{.certificate = identity->certificate(), .key = identity->key(), .ca = identity->ca()};
  return link;
}

// Everything but the way to the brokers.
std::vector<v1::Finding> CheckHeld(Agent* agent, const absl::Status& identity) {
  const v1::GetStatusResponse status = agent->Status();
  const absl::Time now = agent->clock().Now();
  const std::string& state_dir = agent->config().state_dir();
  // An identity that cannot be read is a row that does not open.
  const absl::Status verified = identity.ok() ? agent->store().Verify() : identity;
  return {doctor::CheckQueue(status.outbox(), status.link(), now),
          doctor::CheckDisk(state_dir),
          doctor::CheckFsync(state_dir),
          doctor::CheckDatabase(verified, agent->store().failed(), state_dir),
          doctor::CheckFeed(status.inbox(), status.link(), now),
          doctor::CheckHook(status.hook())};
}

}  // namespace

std::vector<v1::Finding> Diagnose(Agent* agent) {
  const absl::StatusOr<std::optional<v1::EnrollmentBundle>> identity = agent->store().identity();
  // At the same time as the rest: brokers that do not answer, a slow disk and a large database each take their seconds.
  std::vector<v1::Finding> findings;
  std::thread link([&] {
    if (identity.ok()) findings = doctor::CheckLink(LinkOf(*identity), agent->clock());
  });
  std::vector<v1::Finding> held = CheckHeld(agent, identity.status());
  link.join();
  findings.insert(findings.end(), std::make_move_iterator(held.begin()), std::make_move_iterator(held.end()));
  return findings;
}

}  // namespace muster::agent
