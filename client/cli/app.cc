#include "client/cli/app.h"

#include <cstdlib>
#include <string>
#include <utility>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/exit_code.h"
#include "client/cli/invocation.h"
#include "client/cli/options.h"
#include "client/cli/text.h"
#include "common/status_macros.h"

namespace muster::cli {
namespace {

constexpr char kSharedFlags[] = "Shared flags (before or after the command)";

void AddGlobalFlags(CLI::App& app, Invocation& invocation) {
  GlobalFlags& flags = invocation.flags();
  const auto add = [&](const std::string& names, std::string& target, const std::string& help) {
    app.add_option(names, target, help)->group(kSharedFlags);
  };
  add("--context", flags.context, "The context to use instead of the current one");
  add("--agent", flags.agent, "The Unix socket of the command post's daemon, instead of a broker");
  app.add_option("--broker", flags.brokers, "host:port of a broker; may be repeated")
      ->delimiter(',')
      ->group(kSharedFlags);
  add("--cert", flags.certificate_file, "PEM file with your agency's certificate chain");
  add("--key", flags.key_file, "PEM file with its key");
  add("--ca", flags.ca_file, "PEM file with the authorities that sign brokers' certificates");
  add("--server-name", flags.server_name, "The name in the broker's certificate, if it differs from the host");
  add("--timeout", flags.timeout, "How long a call may take, retries included (default 30s)");
  add("--submission-id", flags.submission_id, "Repeat a submission by hand: the id that the failed run printed");
  app.add_flag(absl::StrCat("--wait{", kWaitForEver, "}"), flags.wait,
               "When the daemon has saved a submission: wait for the broker's decision, for ever or --wait=DURATION")
      ->group(kSharedFlags);
  const std::map<std::string, OutputFormat> formats = {{"table", OutputFormat::kTable},
                                                       {"json", OutputFormat::kJson},
                                                       {"jsonl", OutputFormat::kJsonLines},
                                                       {"csv", OutputFormat::kCsv}};
  app.add_option_function<std::string>(
         "-o,--output",
         [&invocation, formats](const std::string& name) {
           const auto format = formats.find(name);
           if (format == formats.end()) throw CLI::ValidationError("--output", "is one of table, json, jsonl, csv");
           invocation.printer().set_format(format->second);
         },
         "table (default), json, jsonl or csv")
      ->group(kSharedFlags);
}

absl::Status WhoAmI(Invocation& invocation) {
  MUSTER_ASSIGN_OR_RETURN(Client * client, invocation.client());
  MUSTER_ASSIGN_OR_RETURN(const v1::WhoAmIResponse who, client->WhoAmI());
  View view;
  view.object = &who;
  view.table.columns = {{"field"}, {"value"}};
  view.table.rows = {{"agency", who.principal().agency_id()},
                     {"name", who.agency().agency().name()},
                     {"post", who.principal().post()},
                     {"kind", Label(who.agency().agency().kind())},
                     {"standing", Label(who.agency().standing())},
                     {"may lead", who.agency().agency().may_lead() ? "yes" : "no"},
                     {"registrar", who.agency().agency().registrar() ? "yes" : "no"},
                     {"key_sha256", who.principal().key_sha256()},
                     {"certificate_not_after", TimeText(who.certificate_not_after())},
                     {"broker_time", TimeText(who.broker_time())},
                     {"cursor", CursorText(who.cursor())}};
  invocation.printer().Print(view);
  return absl::OkStatus();
}

absl::Status Version(Invocation& invocation) {
  const bool json =
      invocation.printer().format() == OutputFormat::kJson || invocation.printer().format() == OutputFormat::kJsonLines;
  invocation.printer().out() << (json ? absl::StrCat("{\"version\":", JsonString(MUSTER_VERSION), "}\n")
                                      : absl::StrCat("muster ", MUSTER_VERSION, "\n"));
  return absl::OkStatus();
}

// CLI11 has codes of its own; help is success and everything else wrong usage.
int ReportParseError(const CLI::App& app, const CLI::ParseError& error, std::ostream& out, std::ostream& err) {
  // It would say that a command is missing when there is one that it does not know.
  const std::vector<std::string> unknown = app.remaining(/*recurse=*/true);
  if (error.get_exit_code() != 0 && !unknown.empty()) {
    err << "muster has no command or flag \"" << EscapeForTerminal(unknown.front())
        << "\" there\nRun with --help for more information.\n";
    return kWrongUsage;
  }
  return app.exit(error, out, err) == 0 ? kDone : kWrongUsage;
}

void ReportError(Invocation& invocation, const absl::Status& status) {
  const OutputFormat format = invocation.printer().format();
  const bool json = format == OutputFormat::kJson || format == OutputFormat::kJsonLines;
  const std::string& id = invocation.submission_id_used();
  invocation.printer().out().flush();
  if (json) {
    invocation.printer().err() << ErrorJson(invocation.command(), status, id) << "\n";
  } else {
    invocation.printer().err() << ErrorText(invocation.command(), status, id);
  }
}

}  // namespace

std::shared_ptr<CLI::App> BuildParser(Invocation& invocation, const std::vector<CommandAdder>& more) {
  auto app = std::make_shared<CLI::App>(
      "Coordinates an operation of several agencies through a Muster broker or the command post's daemon.", "muster");
  app->require_subcommand(1);
  app->fallthrough();
  AddGlobalFlags(*app, invocation);
  app->footer(
      absl::StrCat(kExitCodeHelp,
                   "\n\nExamples:\n"
                   "  muster context add mo-ago --broker broker.example:7443 --cert mo.pem --key mo.key --ca ca.pem\n"
                   "  muster context add post --agent /run/muster/agent.sock --use\n"
                   "  muster whoami\n"
                   "  muster agent status\n"
                   "  muster watch united-front-2021\n"
                   "  muster plan wait united-front-2021 --acknowledged-by all --for 2h\n"
                   "  muster tally totals united-front-2021 -o json"));
  AddContextCommands(*app, invocation);
  AddVerb(*app, invocation, "whoami", "Show who the broker takes you to be",
          {"whoami", "whoami --context mo-ago -o json"}, [&invocation] { return WhoAmI(invocation); });
  AddAgencyCommands(*app, invocation);
  AddOperationCommands(*app, invocation);
  AddPlanCommands(*app, invocation);
  AddReadinessCommands(*app, invocation);
  AddGoCommands(*app, invocation);
  AddActivityCommands(*app, invocation);
  AddConflictCommands(*app, invocation);
  AddTallyCommands(*app, invocation);
  AddClaimCommands(*app, invocation);
  AddReleaseCommands(*app, invocation);
  AddVictimsCommands(*app, invocation);
  AddAccessCommands(*app, invocation);
  AddFeedCommands(*app, invocation);
  AddSubmissionCommands(*app, invocation);
  AddOutboxCommands(*app, invocation);
  AddAgentCommands(*app, invocation);
  AddDoctorCommand(*app, invocation);
  AddClusterCommands(*app, invocation);
  AddVerb(*app, invocation, "version", "Show the version of this program", {"version", "version -o json"},
          [&invocation] { return Version(invocation); });
  for (const CommandAdder& add : more) add(*app, invocation);
  return app;
}

int RunAs(Invocation& invocation, int argc, const char* const* argv, const std::vector<CommandAdder>& more) {
  const std::shared_ptr<CLI::App> app = BuildParser(invocation, more);
  try {
    app->parse(argc, argv);
  } catch (const CLI::ParseError& error) {  // The parser's way of reporting; nothing else here throws.
    return ReportParseError(*app, error, invocation.printer().out(), invocation.printer().err());
  }
  // A mistyped --wait must be told before anything is sent.
  const absl::Status patience = invocation.Patience().status();
  const absl::Status status = patience.ok() ? invocation.Run() : patience;
  invocation.printer().WarnOfCopies();
  if (!status.ok()) ReportError(invocation, status);
  return status.ok() ? invocation.verdict() : ExitCodeOf(status);
}

int RunMuster(int argc, const char* const* argv, std::ostream& out, std::ostream& err, bool colour_allowed,
              const std::vector<CommandAdder>& more) {
  Invocation invocation(&out, &err);
  invocation.printer().set_terminal(colour_allowed);
  const char* no_colour = std::getenv("NO_COLOR");
  invocation.printer().set_colour(colour_allowed && (no_colour == nullptr || *no_colour == '\0'));
  return RunAs(invocation, argc, argv, more);
}

}  // namespace muster::cli
