// muster-gateway: serves the dashboard to browsers and passes their calls on to brokers or to the local agent.

#include <sys/prctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/gateway/config.h"
#include "client/gateway/gateway.h"
#include "client/gateway/people/people.h"
#include "client/lib/label.h"
#include "common/clock.h"
#include "common/config.h"
#include "common/logging.h"
#include "common/openssl_config.h"
#include "common/service_notify.h"
#include "common/status_macros.h"
#include "google/protobuf/stubs/logging.h"

namespace muster::gateway {
namespace {

using config::v1::GatewayConfig;

constexpr unsigned int kDrainSecondsMax = 30;
constexpr absl::Duration kCallGrace = absl::Seconds(3);

// Where people open the dashboard.
std::string UrlOf(const GatewayConfig& config, absl::string_view port) {
  std::string host;
  std::string ignored;
  SplitAddress(config.listen().address(), &host, &ignored);
  if (!config.listen().public_name().empty()) host = config.listen().public_name();
  return absl::StrCat("https://", absl::StrContains(host, ':') ? absl::StrCat("[", host, "]") : host, ":", port, "/");
}

absl::Status Serve(const GatewayConfig& config) {
  // A core would hold sessions and what people read.
  prctl(PR_SET_DUMPABLE, 0);
  // Before any thread exists, so that every thread inherits the mask and only sigwait below takes these.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  MUSTER_RETURN_IF_ERROR(InitLogging(config.logging().level(), config.logging().format()));
  // libprotobuf writes a line for every text that is not UTF-8; whoever sends such gets an answer that says so.
  google::protobuf::SetLogHandler(nullptr);
  MUSTER_RETURN_IF_ERROR(DisableTlsSessionTickets());
  Gateway::Options options;
  options.config = config;
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<Gateway> gateway, Gateway::Start(std::move(options)));
  LogInfo("serving", {{"url", UrlOf(config, absl::StrCat(gateway->port()))},
                      {"certificate_login_port", gateway->login_port().value_or(0)},
                      {"dashboard", gateway->has_application()},
                      {"pid", getpid()}});
  NotifyService("READY=1");

  int signal = 0;
  sigwait(&signals, &signal);
  LogInfo("draining", {{"signal", signal}});
  NotifyService("STOPPING=1");
  alarm(kDrainSecondsMax);  // If anything below hangs, end all the same: nothing is kept here that must be saved.
  gateway->Stop(kCallGrace);
  LogInfo("stopped");
  return absl::OkStatus();
}

struct InviteFlags {
  std::string name;
  std::string role;
  std::string certificate_file;
};

absl::Status Invite(const GatewayConfig& config, const InviteFlags& flags) {
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<People> people, People::Open(config.state_dir(), SystemClock()));
  const v1::PersonRole role = flags.role == "operator" ? v1::PERSON_ROLE_OPERATOR : v1::PERSON_ROLE_VIEWER;
  if (!flags.certificate_file.empty()) {
    std::ifstream file(flags.certificate_file);
    if (!file) return absl::NotFoundError(absl::StrCat("cannot read ", flags.certificate_file));
    const std::string pem((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    MUSTER_ASSIGN_OR_RETURN(const std::string sha256, CertificateSha256(pem, flags.certificate_file));
    MUSTER_RETURN_IF_ERROR(people->AddCertificate(flags.name, role, sha256));
    std::cout << flags.name << " (" << flags.role << ") signs in with the certificate in " << flags.certificate_file
              << "\n";
    if (!config.listen().has_certificate_login()) {
      std::cout << "but not yet: set [listen.certificate_login] in the configuration, and restart the gateway\n";
    }
    return absl::OkStatus();
  }
  MUSTER_ASSIGN_OR_RETURN(const std::string code, people->Invite(flags.name, role));
  std::string ignored;
  std::string port;
  SplitAddress(config.listen().address(), &ignored, &port);
  std::cout << "Invitation for " << flags.name << " (" << flags.role << "), good once and for 24 hours:\n\n  " << code
            << "\n\nTell it to " << flags.name << " in person or by telephone, not by e-mail. They open "
            << UrlOf(config, port) << ", choose \"I have a code\" and set a password.\n";
  return absl::OkStatus();
}

absl::Status ListPeople(const GatewayConfig& config) {
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<People> people, People::Open(config.state_dir(), SystemClock()));
  const std::vector<v1::PersonRecord> all = people->List();
  if (all.empty()) std::cout << "nobody yet: muster-gateway invite NAME --role viewer\n";
  for (const v1::PersonRecord& person : all) {
    std::cout << person.name() << "\t" << EnumLabel(v1::PersonRole_descriptor(), person.role()) << "\t"
              << (person.password_hash().empty() ? "" : "password ")
              << (person.certificate_sha256s().empty() ? "" : "certificate") << "\n";
  }
  return absl::OkStatus();
}

absl::Status RemovePerson(const GatewayConfig& config, const std::string& name) {
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<People> people, People::Open(config.state_dir(), SystemClock()));
  MUSTER_RETURN_IF_ERROR(people->Remove(name));
  std::cout << name << " was removed; their sessions end within a second\n";
  return absl::OkStatus();
}

absl::Status PrintConfig(const GatewayConfig& config) {
  std::cout << DescribeConfig(config);
  return absl::OkStatus();
}

// What the command line says. Filled while it is parsed.
struct CommandLine {
  std::string config_path = "/etc/muster/gateway.toml";
  ConfigFlags flags;
  InviteFlags invite;
  std::string removed;
  // What to do with the configuration; set by the command that was given.
  std::function<absl::Status(const GatewayConfig&)> run;
};

// A command that reads the configuration, below `above`.
CLI::App* AddCommand(CLI::App& above, const std::string& name, const std::string& what, CommandLine& line) {
  CLI::App* command = above.add_subcommand(name, what);
  command->add_option("--config", line.config_path, "Configuration file")->capture_default_str();
  command->add_option("--state-dir", line.flags.state_dir, "Instead of the file's state_dir");
  return command;
}

void AddServe(CLI::App& app, CommandLine& line) {
  CLI::App* serve = AddCommand(app, "serve", "Serve until SIGTERM or SIGINT", line);
  serve->add_option("--dashboard-dir", line.flags.dashboard_dir, "Instead of the file's dashboard_dir");
  serve->add_option("--log-level", line.flags.log_level, "Instead of the file's logging.level");
  serve->footer("Example:\n  muster-gateway serve --config /etc/muster/gateway.toml");
  serve->callback([&line] { line.run = Serve; });
}

void AddInvite(CLI::App& app, CommandLine& line) {
  CLI::App* invite = AddCommand(app, "invite", "Let a person in: with a code for setting a password, or a card", line);
  invite->add_option("NAME", line.invite.name, "Lower-case letters, digits and hyphens: j-smith")->required();
  invite->add_option("--role", line.invite.role, "viewer reads; operator also acts for the office")
      ->required()
      ->check(CLI::IsMember({"viewer", "operator"}));
  invite->add_option("--certificate", line.invite.certificate_file,
                     "PEM file of the person's certificate, instead of a code");
  invite->footer(
      "Examples:\n  muster-gateway invite j-smith --role viewer\n"
      "  muster-gateway invite j-smith --role operator --certificate j-smith.pem");
  invite->callback(
      [&line] { line.run = [&line](const GatewayConfig& config) { return Invite(config, line.invite); }; });
}

void AddPeople(CLI::App& app, CommandLine& line) {
  CLI::App* people = app.add_subcommand("people", "Who may look at the dashboard");
  people->require_subcommand(1);
  CLI::App* ls = AddCommand(*people, "ls", "List them", line);
  ls->footer("Example:\n  muster-gateway people ls");
  ls->callback([&line] { line.run = ListPeople; });
  CLI::App* remove = AddCommand(*people, "remove", "Take a person's access away, and end their sessions", line);
  remove->add_option("NAME", line.removed, "As people ls shows it")->required();
  remove->footer("Example:\n  muster-gateway people remove j-smith");
  remove->callback(
      [&line] { line.run = [&line](const GatewayConfig& config) { return RemovePerson(config, line.removed); }; });
}

void AddConfig(CLI::App& app, CommandLine& line) {
  CLI::App* config = app.add_subcommand("config", "Look at the configuration");
  config->require_subcommand(1);
  CLI::App* check =
      AddCommand(*config, "check", "Read the configuration, say what is wrong, print what will be used", line);
  check->footer("Example:\n  muster-gateway config check --config /etc/muster/gateway.toml");
  check->callback([&line] { line.run = PrintConfig; });
}

int ExitCode(const absl::Status& status) {
  if (status.ok()) return 0;
  std::cerr << "muster-gateway: " << status.message() << "\n";
  return absl::IsInvalidArgument(status) || absl::IsNotFound(status) ? 3 : 1;
}

int Run(int argc, char** argv) {
  CLI::App app("muster-gateway: the dashboard's way to browsers");
  app.require_subcommand(1);
  app.set_version_flag("--version", MUSTER_VERSION);
  app.footer("Exit codes: 0 done, 1 failure, 2 wrong usage, 3 unusable configuration or input.");
  CommandLine line;
  AddServe(app, line);
  AddInvite(app, line);
  AddPeople(app, line);
  AddConfig(app, line);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  const absl::StatusOr<GatewayConfig> config = LoadGatewayConfig(line.config_path, line.flags);
  return ExitCode(config.ok() ? line.run(*config) : config.status());
}

}  // namespace
}  // namespace muster::gateway

int main(int argc, char** argv) { return muster::gateway::Run(argc, argv); }
