// Where the daemon stands, with everything that needs somebody's attention said first and loudly.
#ifndef MUSTER_CLIENT_CLI_AGENT_VIEW_H_
#define MUSTER_CLIENT_CLI_AGENT_VIEW_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "client/cli/printer.h"
#include "muster/agent/v1/agent.pb.h"

namespace muster::cli {

// "CONNECTED to broker.example:7443", "OFF LINE since 14:01:07 CDT (12 minutes ago): ...".
std::string LinkText(const agent::v1::LinkStatus& link, absl::Time now, absl::TimeZone zone);

// What somebody must look at, worst first: gaps, no link, an expiring certificate, a wrong clock, a failing hook.
std::vector<std::string> Alarms(const agent::v1::GetStatusResponse& status, absl::Time now, absl::TimeZone zone);

// Holds a pointer to `status`, which outlives it.
View StatusView(const agent::v1::GetStatusResponse& status, absl::Time now, absl::TimeZone zone);

// One line per finding, and under what warns or fails the command that mends it. Holds a pointer likewise.
View DiagnosisView(const agent::v1::DiagnoseResponse& diagnosis);

}  // namespace muster::cli

#endif  // MUSTER_CLIENT_CLI_AGENT_VIEW_H_
