#include "server/cluster_command.h"

#include <iostream>

#include "common/clock.h"
#include "common/status_macros.h"
#include "server/cluster/opening.h"
#include "server/serve.h"

namespace muster {

std::vector<CLI::App*> ClusterCommands::AddTo(CLI::App* app) {
  CLI::App* const cluster = app->add_subcommand("cluster", "Begin a cluster with a log, or remove a broker from one");
  cluster->require_subcommand(1);
  begin_ = cluster->add_subcommand("begin", "Begin the cluster's log: with the one in data_dir, or a new one");
  begin_->footer(
      "Once for a cluster, with the broker stopped:\n  musterd cluster begin --config /etc/muster/musterd.toml");
  remove_ = cluster->add_subcommand("remove", "Forget a broker that is gone for good");
  remove_->add_option("broker", broker_id_, "Its broker_id")->required();
  remove_->footer("Example:\n  musterd cluster remove broker-3 --config /etc/muster/musterd.toml");
  return {begin_, remove_};
}

absl::Status ClusterCommands::Run(const config::v1::BrokerConfig& config) const {
  if (!config.has_cluster()) {
    return absl::InvalidArgumentError("the configuration has no [cluster]: this broker is alone");
  }
  if (begin_->parsed()) {
    MUSTER_ASSIGN_OR_RETURN(const Sequence last, BeginCluster(config, NewGenesis(config), SystemClock()));
    if (last == 0) {
      std::cout << "a new log is begun in etcd; start the brokers\n";
    } else {
      std::cout << "etcd goes on where the log in " << config.data_dir() << " ends, with event " << last
                << ". Start this broker first, then the others, whose data_dir is empty or holds the beginning of the "
                << "same log\n";
    }
    return absl::OkStatus();
  }
  MUSTER_RETURN_IF_ERROR(RemoveFromCluster(config, broker_id_));
  std::cout << broker_id_ << " is forgotten. If it comes again it is a broker like any other\n";
  return absl::OkStatus();
}

}  // namespace muster
