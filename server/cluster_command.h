// `musterd cluster begin` and `musterd cluster remove` (server/cluster/opening.h).
#ifndef MUSTER_SERVER_CLUSTER_COMMAND_H_
#define MUSTER_SERVER_CLUSTER_COMMAND_H_

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "muster/config/v1/config.pb.h"

namespace muster {

// The commands. Lives as long as the application that it adds them to.
class ClusterCommands {
 public:
  // The commands that read a configuration, for their flags to be added.
  std::vector<CLI::App*> AddTo(CLI::App* app);

  // Whether one of them was given; then Run does it. It says on standard output what it did.
  bool parsed() const { return begin_->parsed() || remove_->parsed(); }
  absl::Status Run(const config::v1::BrokerConfig& config) const;

 private:
  CLI::App* begin_ = nullptr;  // Both are the application's.
  CLI::App* remove_ = nullptr;
  std::string broker_id_;
};

}  // namespace muster

#endif  // MUSTER_SERVER_CLUSTER_COMMAND_H_
