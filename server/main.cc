// musterd: the broker. Parses, opens, recovers, serves, drains.

#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/config.h"
#include "common/logging.h"
#include "common/openssl_config.h"
#include "common/random.h"
#include "common/service_notify.h"
#include "common/status_macros.h"
#include "google/protobuf/stubs/logging.h"
#include "server/admin/admin_server.h"
#include "server/admin/broker_metrics.h"
#include "server/broker/broker.h"
#include "server/broker/verify.h"
#include "server/config/config.h"
#include "server/log/local_log.h"
#include "server/rpc/rpc_server.h"

namespace muster {
namespace {

constexpr unsigned int kDrainSecondsMax = 30;

absl::Status PrepareDataDir(const std::string& dir) {
  std::error_code error;
  std::filesystem::create_directories(dir, error);
  if (error) return absl::UnavailableError(absl::StrCat("cannot create ", dir, ": ", error.message()));
  if (chmod(dir.c_str(), 0700) != 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot protect ", dir));
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Broker>> OpenBroker(const config::v1::BrokerConfig& config) {
  MUSTER_RETURN_IF_ERROR(PrepareDataDir(config.data_dir()));
  LocalLog::Options log_options;
  log_options.limits.batch_bytes_max = size_t{config.limits().message_bytes_max()} * 2;
  MUSTER_ASSIGN_OR_RETURN(std::unique_ptr<LocalLog> log, LocalLog::Open(config.data_dir(), log_options));
  LogInfo("event log opened", {{"events", log->last_sequence()},
                               {"wal_frames_recovered", log->open_report().wal_frames_recovered},
                               {"wal_frames_discarded", log->open_report().wal_frames_discarded}});
  Broker::Options options;
  options.data_dir = config.data_dir();
  options.genesis.set_log_id(RandomBytes(8));
  options.genesis.set_trust_domain(config.tls().trust_domain());
  *options.genesis.mutable_registrar() = config.bootstrap().registrar();
  options.sequencer = {config.limits().queue_max(), config.limits().batch_max()};
  options.publisher.reader_queue_max = config.limits().reader_queue_max();
  options.publisher.reader_queue_bytes_max = config.limits().reader_queue_bytes_max();
  options.snapshot_every_events = config.snapshot().every_events();
  options.snapshots_kept = config.snapshot().keep();
  options.history_notices_max = config.limits().history_notices_max();
  MUSTER_ASSIGN_OR_RETURN(std::unique_ptr<Broker> broker, Broker::Open(options, std::move(log), SystemClock()));
  for (const std::string& path : broker->recovery().damaged_snapshots) LogWarn("damaged snapshot", {{"path", path}});
  const std::string trust_domain = broker->WithState([](const State& state) { return state.genesis().trust_domain(); });
  if (trust_domain != config.tls().trust_domain()) {
    LogWarn("the log was begun for another trust domain than the configuration names",
            {{"log", trust_domain}, {"configuration", config.tls().trust_domain()}});
  }
  LogInfo("recovered", {{"from_snapshot", broker->recovery().from_snapshot},
                        {"events_replayed", broker->recovery().events_replayed},
                        {"feed_rebuilt", broker->recovery().feed_rebuilt}});
  return broker;
}

RpcServer::Options RpcOptions(const config::v1::BrokerConfig& config) {
  RpcServer::Options options;
  options.address = config.listen().address();
  options.tls = {config.tls().certificate_file(), config.tls().key_file(), config.tls().ca_file()};
  options.tls_live_dir = absl::StrCat(config.data_dir(), "/tls");
  options.tls_reload_interval = absl::Seconds(config.tls().reload_interval().seconds());
  options.trust_domain = config.tls().trust_domain();
  options.message_bytes_max = static_cast<int>(config.limits().message_bytes_max());
  options.stream_in_flight_max = config.limits().stream_in_flight_max();
  return options;
}

absl::StatusOr<std::unique_ptr<AdminServer>> StartAdmin(const config::v1::BrokerConfig& config, const Broker& broker,
                                                        const std::atomic<bool>& serving,
                                                        const std::atomic<RpcServer*>& rpc) {
  if (config.admin().address().empty()) return nullptr;
  AdminServer::Options options;
  options.address = config.admin().address();
  options.live = [&broker] {
    return broker.Stats().failed ? absl::UnavailableError("the fate of a commit is unknown; restarting")
                                 : absl::OkStatus();
  };
  options.ready = [&serving] { return serving ? absl::OkStatus() : absl::UnavailableError("starting or draining"); };
  options.metrics = [&broker, &rpc] {
    const RpcServer* const server = rpc.load();
    return BrokerMetrics(broker.Stats(), server == nullptr ? 0 : server->open_streams());
  };
  MUSTER_ASSIGN_OR_RETURN(std::unique_ptr<AdminServer> admin, AdminServer::Start(std::move(options)));
  LogInfo("admin port open", {{"port", admin->port()}});
  return admin;
}

absl::Status Serve(const config::v1::BrokerConfig& config) {
  // Before any thread exists, so that every thread inherits the mask and only sigwait below takes these.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);  // Whoever reads the log may go away; the broker goes on.

  MUSTER_RETURN_IF_ERROR(InitLogging(config.logging().level(), config.logging().format()));
  // libprotobuf writes a line for every text that is not UTF-8; whoever sends such gets an answer that says so.
  google::protobuf::SetLogHandler(nullptr);
  MUSTER_RETURN_IF_ERROR(DisableTlsSessionTickets());
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<Broker> broker, OpenBroker(config));
  std::atomic<bool> serving = false;
  std::atomic<RpcServer*> rpc_in_service = nullptr;
  Broker::Hooks hooks;
  hooks.access_changed = [&] {
    if (RpcServer* server = rpc_in_service.load()) server->OnAccessChanged();
  };
  hooks.failed = [](const absl::Status&) { kill(getpid(), SIGTERM); };
  broker->Start(hooks);
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<AdminServer> admin,
                          StartAdmin(config, *broker, serving, rpc_in_service));
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<RpcServer> rpc,
                          RpcServer::Start(RpcOptions(config), broker.get(), SystemClock()));
  rpc_in_service = rpc.get();
  serving = true;
  std::ofstream(absl::StrCat(config.data_dir(), "/address")) << rpc->address() << "\n";
  LogInfo("serving", {{"address", rpc->address()}, {"pid", getpid()}});
  NotifyService(absl::StrCat("READY=1\nSTATUS=serving on ", rpc->address()));

  int signal = 0;
  sigwait(&signals, &signal);
  LogInfo("draining", {{"signal", signal}});
  NotifyService("STOPPING=1");
  serving = false;
  alarm(kDrainSecondsMax);  // If anything below hangs, end all the same: everything acknowledged is durable.
  rpc->BeginDrain();
  broker->StopAccepting();
  rpc_in_service = nullptr;
  rpc->Shutdown(absl::Seconds(5));
  broker->Stop();
  if (broker->Stats().failed) return absl::UnknownError("stopped because the fate of a commit is unknown; start again");
  LogInfo("stopped");
  return absl::OkStatus();
}

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
  if (verify->parsed()) return muster::ExitCode(muster::Verify(data_dir));
  const auto loaded = muster::LoadConfig(config_path, flags);
  if (!loaded.ok()) return muster::ExitCode(loaded.status());
  if (serve->parsed()) return muster::ExitCode(muster::Serve(*loaded));
  std::cout << muster::DescribeConfig(*loaded);
  return muster::ExitCode(
      muster::CheckTlsFiles({loaded->tls().certificate_file(), loaded->tls().key_file(), loaded->tls().ca_file()},
                            muster::SystemClock()->Now()));
}
