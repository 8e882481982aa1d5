// muster-agent: the command post's daemon. Parses, unlocks, opens, serves, drains.

#include <sys/prctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/agent/agent.h"
#include "client/agent/config.h"
#include "client/agent/serve/local_server.h"
#include "client/agent/start_anew.h"
#include "client/agent/store/store.h"
#include "client/agent/store/unlock_key.h"
#include "client/lib/label.h"
#include "common/clock.h"
#include "common/clock_watch.h"
#include "common/config.h"
#include "common/logging.h"
#include "common/openssl_config.h"
#include "common/service_notify.h"
#include "common/status_macros.h"
#include "google/protobuf/stubs/logging.h"

namespace muster::agent {
namespace {

constexpr unsigned int kDrainSecondsMax = 30;
constexpr absl::Duration kCallGrace = absl::Seconds(3);
// What ClockWatch sends us. An operator may, too.
constexpr int kStartAnew = SIGUSR1;
constexpr absl::Duration kClockLook = absl::Seconds(1);
constexpr absl::Duration kSetBackMax = absl::Seconds(10);

// `typed` gets a passphrase, and stays as it is for any other key.
absl::StatusOr<std::unique_ptr<Store>> OpenStore(const config::v1::AgentConfig& config, UnlockKey* typed = nullptr) {
  MUSTER_ASSIGN_OR_RETURN(const UnlockKey key, LoadUnlockKey(config.key()));
  if (typed != nullptr && key.is_passphrase) *typed = key;
  return Store::Open({.state_dir = config.state_dir(), .sqlite_vfs = ""}, key);
}

// What `systemctl status` shows, and the log says once per change.
void ReportLink(const std::string& agency_id, const v1::LinkStatus& link) {
  const v1::LinkState state = link.state();
  const std::string label = EnumLabel(v1::LinkState_descriptor(), state);
  NotifyService(absl::StrCat("STATUS=", label, link.trouble().empty() ? "" : ": ", link.trouble()));
  const LogFields fields = {
      {"state", label}, {"agency_id", agency_id}, {"broker", link.broker()}, {"trouble", link.trouble()}};
  if (state == v1::LINK_STATE_CONNECTED || state == v1::LINK_STATE_CONNECTING) {
    LogInfo("link", fields);
  } else {
    LogWarn("link", fields);
  }
}

// Waits for a signal to end. A new start does not return; the status says if it failed.
absl::Status AwaitEnd(const Start& start, const UnlockKey& typed, const sigset_t& signals, Agent* agent) {
  while (true) {
    int signal = 0;
    sigwait(&signals, &signal);
    if (signal != kStartAnew) {
      LogInfo("draining", {{"signal", signal}});
      return absl::OkStatus();
    }
    sigset_t pending;
    sigpending(&pending);
    const bool ends = sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1;
    if (ends || !agent->store().failed().ok()) continue;  // That signal comes next.
    if (const absl::Status able = CanStartAnew(start); !able.ok()) {
      LogError("a new start would fail, so the daemon goes on; restart it when that is mended",
               {{"why", able.message()}});
      continue;
    }
    agent->StopHook();
    return StartAnew(start, typed);
  }
}

absl::Status Serve(const config::v1::AgentConfig& config, const Start& start) {
  prctl(PR_SET_NAME, "muster-agent");  // After a new start it would be that of a link.
  // A core would hold keys and plans in the clear.
  prctl(PR_SET_DUMPABLE, 0);
  // Before any thread exists, so that every thread inherits the mask and only sigwait below takes these.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, kStartAnew}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);  // Whoever reads the log may go away; the daemon goes on.

  MUSTER_RETURN_IF_ERROR(InitLogging(config.logging().level(), config.logging().format()));
  // libprotobuf writes a line for every text that is not UTF-8; whoever sends such gets an answer that says so.
  google::protobuf::SetLogHandler(nullptr);
  MUSTER_RETURN_IF_ERROR(DisableTlsSessionTickets());
  UnlockKey typed;
  MUSTER_ASSIGN_OR_RETURN(std::unique_ptr<Store> store, OpenStore(config, &typed));
  // Before gRPC waits for anything.
  const ClockWatch clock_watch(SystemClock(), kClockLook, kSetBackMax, [](absl::Duration by) {
    LogWarn("the clock was set back, and gRPC waits for moments of it: the daemon starts anew",
            {{"by", absl::FormatDuration(by)}});
    kill(getpid(), kStartAnew);
  });
  Agent agent(config, std::move(store), SystemClock(), [](const absl::Status&) { kill(getpid(), SIGTERM); });
  agent.link().OnChange([&agent] { ReportLink(agent.link().agency_id(), agent.link().status()); });
  MUSTER_RETURN_IF_ERROR(agent.Start());
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<LocalServer> server, LocalServer::Start(&agent));
  LogInfo("serving", {{"socket", server->socket_path()},
                      {"tcp", server->tcp_address()},
                      {"agency_id", agent.store().agency_id()},
                      {"outbox_id", agent.store().outbox().outbox_id()},
                      {"pid", getpid()}});
  NotifyService("READY=1");

  const absl::Status end = AwaitEnd(start, typed, signals, &agent);
  NotifyService("STOPPING=1");
  alarm(kDrainSecondsMax);  // If anything below hangs, end all the same: everything saved is durable.
  server->Stop(kCallGrace);
  agent.Stop();
  MUSTER_RETURN_IF_ERROR(agent.store().failed());
  MUSTER_RETURN_IF_ERROR(end);
  LogInfo("stopped");
  return absl::OkStatus();
}

struct RekeyFlags {
  std::string new_key_file;
  std::string new_credential;
  bool new_passphrase = false;
};

absl::Status Rekey(const config::v1::AgentConfig& config, const RekeyFlags& flags) {
  config::v1::AgentKeyConfig wanted;
  if (!flags.new_key_file.empty()) wanted.set_file(flags.new_key_file);
  if (!flags.new_credential.empty()) wanted.set_credential(flags.new_credential);
  if (flags.new_passphrase) wanted.set_passphrase(true);
  if (wanted.source_case() == config::v1::AgentKeyConfig::SOURCE_NOT_SET) {
    return absl::InvalidArgumentError("name the new key: --new-key-file, --new-credential or --new-passphrase");
  }
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<Store> store, OpenStore(config));
  MUSTER_ASSIGN_OR_RETURN(const UnlockKey key, LoadUnlockKey(wanted));
  MUSTER_RETURN_IF_ERROR(store->ChangeUnlockKey(key));
  std::cout << "from now on " << key.source << " opens " << config.state_dir()
            << ", and nothing else does; name it under [key] in the configuration\n";
  return absl::OkStatus();
}

absl::Status Verify(const config::v1::AgentConfig& config) {
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<Store> store, OpenStore(config));
  MUSTER_RETURN_IF_ERROR(store->Verify());
  MUSTER_ASSIGN_OR_RETURN(const v1::OutboxStatus outbox, store->outbox().Counts());
  MUSTER_ASSIGN_OR_RETURN(const v1::InboxStatus inbox, store->inbox().Status());
  std::cout << "outbox: " << outbox.saved_here() << " saved here, " << outbox.accepted() << " accepted, "
            << outbox.rejected() << " rejected, " << outbox.dropped() << " dropped\n"
            << "inbox: " << inbox.deliveries() << " deliveries, " << inbox.gaps_size() << " gaps\n"
            << "all is sound\n";
  return absl::OkStatus();
}

absl::Status NewKey(const std::string& path) {
  if (path == "-") {
    std::cout << NewKeyText();
    return absl::OkStatus();
  }
  MUSTER_RETURN_IF_ERROR(WriteNewKeyFile(path));
  std::cout << "wrote a new key to " << path
            << "; without it, what the daemon keeps cannot be read: back it up apart\n";
  return absl::OkStatus();
}

int ExitCode(const absl::Status& status) {
  if (status.ok()) return 0;
  std::cerr << "muster-agent: " << status.message() << "\n";
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
}  // namespace muster::agent

int main(int argc, char** argv) {
  using muster::agent::ExitCode;
  CLI::App app("muster-agent: the daemon of a Muster command post");
  app.require_subcommand(1);
  app.set_version_flag("--version", MUSTER_VERSION);
  app.footer("Exit codes: 0 done, 1 failure, 2 wrong usage, 3 unusable configuration, 9 damaged data.");
  std::string config_path = "/etc/muster/agent.toml";
  muster::agent::ConfigFlags flags;
  const auto add_config = [&](CLI::App* command) {
    command->add_option("--config", config_path, "Configuration file")->capture_default_str();
    command->add_option("--state-dir", flags.state_dir, "Instead of the file's state_dir");
  };

  CLI::App* serve = app.add_subcommand("serve", "Serve until SIGTERM or SIGINT");
  add_config(serve);
  serve->add_option("--socket", flags.socket, "Instead of the file's listen.socket");
  serve->add_option("--log-level", flags.log_level, "Instead of the file's logging.level");
  serve->footer(
      "Examples:\n  muster-agent serve --config /etc/muster/agent.toml\n"
      "  muster-agent serve --config agent.toml --state-dir ./state --log-level debug");

  std::string key_path;
  CLI::App* new_key = app.add_subcommand("new-key", "Make a key file to unlock the daemon's store with");
  new_key->add_option("FILE", key_path, "Where to write it; must not exist. - prints the key alone, for systemd-creds")
      ->required();
  new_key->footer("Example:\n  muster-agent new-key /etc/muster/agent.key");

  muster::agent::RekeyFlags rekey_flags;
  CLI::App* rekey = app.add_subcommand("rekey", "Change what unlocks the store; the daemon must not be running");
  add_config(rekey);
  auto* const wanted = rekey->add_option_group("new key", "One of these");
  wanted->add_option("--new-key-file", rekey_flags.new_key_file, "A file made with `muster-agent new-key`");
  wanted->add_option("--new-credential", rekey_flags.new_credential, "The name of a systemd credential");
  wanted->add_flag("--new-passphrase", rekey_flags.new_passphrase, "A passphrase, typed when the daemon starts");
  wanted->require_option(1);
  rekey->footer("Example:\n  muster-agent rekey --config /etc/muster/agent.toml --new-key-file /etc/muster/agent2.key");

  CLI::App* verify = app.add_subcommand("verify", "Check every row of the store; the daemon must not be running");
  add_config(verify);
  verify->footer("Example:\n  muster-agent verify --config /etc/muster/agent.toml");

  CLI::App* config = app.add_subcommand("config", "Look at the configuration");
  config->require_subcommand(1);
  CLI::App* check =
      config->add_subcommand("check", "Read the configuration, say what is wrong, print what will be used");
  add_config(check);
  check->footer("Example:\n  muster-agent config check --config /etc/muster/agent.toml");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (new_key->parsed()) return ExitCode(muster::agent::NewKey(key_path));
  const auto loaded = muster::agent::LoadAgentConfig(config_path, flags);
  if (!loaded.ok()) return ExitCode(loaded.status());
  if (serve->parsed()) return ExitCode(muster::agent::Serve(*loaded, {argv, config_path, flags}));
  if (rekey->parsed()) return ExitCode(muster::agent::Rekey(*loaded, rekey_flags));
  if (verify->parsed()) return ExitCode(muster::agent::Verify(*loaded));
  std::cout << muster::DescribeConfig(*loaded);
  return 0;
}
