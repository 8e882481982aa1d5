// muster-agent's configuration file: TOML into muster.config.v1.AgentConfig, with defaults filled in and everything
// checked.
#ifndef MUSTER_CLIENT_AGENT_CONFIG_H_
#define MUSTER_CLIENT_AGENT_CONFIG_H_

#include <string>

#include "absl/status/statusor.h"
#include "muster/config/v1/agent.pb.h"

namespace muster::agent {

// What the command line says instead of the file; empty: the file's word stands. Paths are taken from the working
// folder.
struct ConfigFlags {
  std::string state_dir;
  std::string socket;
  std::string log_level;
};

// Reads, completes and checks a configuration. Relative paths in the file are taken from the file's folder.
//
// Errors: INVALID_ARGUMENT names every wrong or missing key at once, and what is wanted. NOT_FOUND the file is not
// there.
absl::StatusOr<config::v1::AgentConfig> LoadAgentConfig(const std::string& path, const ConfigFlags& flags = {});

// What LoadAgentConfig does with what a file said: fills in the defaults and checks. `name` is what errors call it, and
// `folder` (absolute) what relative paths are taken from.
absl::StatusOr<config::v1::AgentConfig> CompleteAgentConfig(config::v1::AgentConfig config, const std::string& name,
                                                            const std::string& folder);

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_CONFIG_H_
