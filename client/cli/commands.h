// Every noun adds its commands to the parser. Each is defined in the file of its name; `invocation` outlives `app`.
#ifndef MUSTER_CLIENT_CLI_COMMANDS_H_
#define MUSTER_CLIENT_CLI_COMMANDS_H_

#include "CLI/CLI.hpp"
#include "client/cli/invocation.h"

namespace muster::cli {

void AddContextCommands(CLI::App& app, Invocation& invocation);
void AddAgencyCommands(CLI::App& app, Invocation& invocation);
void AddOperationCommands(CLI::App& app, Invocation& invocation);
void AddPlanCommands(CLI::App& app, Invocation& invocation);
void AddTallyCommands(CLI::App& app, Invocation& invocation);
void AddClaimCommands(CLI::App& app, Invocation& invocation);
void AddActivityCommands(CLI::App& app, Invocation& invocation);
void AddConflictCommands(CLI::App& app, Invocation& invocation);
void AddReadinessCommands(CLI::App& app, Invocation& invocation);
// go, hold and abort.
void AddGoCommands(CLI::App& app, Invocation& invocation);
void AddReleaseCommands(CLI::App& app, Invocation& invocation);
void AddVictimsCommands(CLI::App& app, Invocation& invocation);
// explain and disclosures.
void AddAccessCommands(CLI::App& app, Invocation& invocation);
// submit.
void AddSubmissionCommands(CLI::App& app, Invocation& invocation);
void AddFeedCommands(CLI::App& app, Invocation& invocation);
// What the daemon holds and how it is: outbox; agent; doctor, which looks after a broker's link too.
void AddOutboxCommands(CLI::App& app, Invocation& invocation);
void AddAgentCommands(CLI::App& app, Invocation& invocation);
void AddDoctorCommand(CLI::App& app, Invocation& invocation);
// cluster: for those who run brokers; over their admin ports.
void AddClusterCommands(CLI::App& app, Invocation& invocation);

}  // namespace muster::cli

#endif  // MUSTER_CLIENT_CLI_COMMANDS_H_
