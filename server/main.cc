// musterd: the broker. Parses what it is told to do; serve.h does the main thing.

#include <CLI/CLI.hpp>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "common/clock.h"
#include "common/config.h"
#include "common/status_macros.h"
#include "common/tls_files.h"
#include "server/backup_command.h"
#include "server/broker/verify.h"
#include "server/cluster/peers.h"
#include "server/cluster_command.h"
#include "server/config/config.h"
#include "server/serve.h"

namespace muster {
namespace {

absl::Status Verify(const std::string& data_dir) {
  MUSTER_ASSIGN_OR_RETURN(const DataReport report, VerifyData(data_dir));
  std::cout << "checked " << report.log.events << " events in " << report.log.batches << " batches, "
            << report.snapshots_checked << " snapshots\n"
            << "state digest " << report.state_digest << "\n";
  if (report.findings.empty()) {
    std::cout << "all is sound\n";
    return absl::OkStatus();
  }
  for (const std::string& finding : report.findings) std::cout << "DAMAGED: " << finding << "\n";
  return absl::DataLossError(absl::StrCat(data_dir, " is damaged"));
}

// The files that the configuration names, as `serve` will look at them.
absl::Status CheckFiles(const config::v1::BrokerConfig& config) {
  const TlsFiles own = {config.tls().certificate_file(), config.tls().key_file(), config.tls().ca_file()};
  const absl::Time now = SystemClock()->Now();
  MUSTER_RETURN_IF_ERROR(CheckTlsFiles(own, now));
  if (!config.has_cluster()) return absl::OkStatus();
  const config::v1::ClusterConfig& cluster = config.cluster();
  MUSTER_RETURN_IF_ERROR(CheckBrokerCertificate(own, config.tls().trust_domain(), cluster.broker_id(), now));
  return CheckTlsFiles({cluster.etcd_certificate_file(), cluster.etcd_key_file(), cluster.etcd_ca_file()}, now);
}

int ExitCode(const absl::Status& status) {
  if (status.ok()) return 0;
  std::cerr << "musterd: " << status.message() << "\n";
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
      return 3;
    case absl::StatusCode::kDataLoss:
      return 9;
    default:
      return 1;
  }
}

}  // namespace
}  // namespace muster

int main(int argc, char** argv) {
  // Debian's Abseil looks for deadlocks at every lock, which is for tests.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  CLI::App app("musterd: the Muster broker");
  app.require_subcommand(1);
  app.footer("Exit codes: 0 done, 1 failure, 2 wrong usage, 3 unusable configuration, 9 damaged data.");
  std::string config_path = "/etc/muster/musterd.toml";
  std::string data_dir;

  CLI::App* serve = app.add_subcommand("serve", "Serve until SIGTERM or SIGINT");
  muster::ConfigFlags flags;
  const auto add_flags = [&](CLI::App* command) {
    command->add_option("--config", config_path, "Configuration file")->capture_default_str();
    command->add_option("--data-dir", flags.data_dir, "Instead of the file's data_dir");
    command->add_option("--listen", flags.listen_address, "host:port, instead of the file's listen.address");
    command->add_option("--admin", flags.admin_address, "host:port on loopback, instead of the file's admin.address");
    command->add_option("--log-level", flags.log_level, "Instead of the file's logging.level");
  };
  add_flags(serve);
  serve->footer(
      "Examples:\n  musterd serve --config /etc/muster/musterd.toml\n"
      "  musterd serve --config musterd.toml --listen 127.0.0.1:0 --log-level debug");
  CLI::App* verify = app.add_subcommand("verify", "Check every record of the log, and the state against its snapshots");
  verify->add_option("data_dir", data_dir, "The broker's data folder")->required();
  verify->footer("Example:\n  musterd verify /var/lib/muster");
  muster::BackupCommands backup_commands;
  backup_commands.AddTo(&app);
  muster::ClusterCommands cluster_commands;
  for (CLI::App* command : cluster_commands.AddTo(&app)) add_flags(command);
  CLI::App* config = app.add_subcommand("config", "Look at the configuration");
  config->require_subcommand(1);
  CLI::App* check =
      config->add_subcommand("check", "Read the configuration, say what is wrong, print what will be used");
  add_flags(check);
  check->footer("Example:\n  musterd config check --config /etc/muster/musterd.toml");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (backup_commands.parsed()) return muster::ExitCode(backup_commands.Run());
  if (verify->parsed()) return muster::ExitCode(muster::Verify(data_dir));
  const auto loaded = muster::LoadConfig(config_path, flags);
  if (!loaded.ok()) return muster::ExitCode(loaded.status());
  if (cluster_commands.parsed()) return muster::ExitCode(cluster_commands.Run(*loaded));
  if (serve->parsed()) return muster::ExitCode(muster::Serve(*loaded));
  std::cout << muster::DescribeConfig(*loaded);
  return muster::ExitCode(muster::CheckFiles(*loaded));
}
