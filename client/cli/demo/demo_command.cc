#include "client/cli/demo/demo_command.h"

#include <unistd.h>

#include <memory>

#include "client/cli/demo/demo.h"
#include "client/cli/exit_code.h"
#include "client/cli/options.h"

namespace muster::cli {
namespace {

absl::Status Run(DemoOptions options, Invocation& invocation) {
  Printer& printer = invocation.printer();
  if (printer.format() != OutputFormat::kTable && printer.format() != OutputFormat::kJson) {
    return UsageError("the demo ends with a table or with one JSON object; use -o table or -o json");
  }
  options.brokers = invocation.flags().brokers;
  if (options.brokers.empty() != options.certificates.empty()) {
    return UsageError("brokers that are there already need both --broker and --certificates");
  }
  if (options.dashboard && !options.brokers.empty()) {
    return UsageError("--dashboard shows a broker of the demo's own; leave --broker out");
  }
  if (!options.in_the_middle.empty() && options.brokers.empty()) {
    return UsageError("--in-the-middle is for brokers that are there already: give --broker and --certificates too");
  }
  if (options.pace.has_value() && options.brokers.empty() && !options.dashboard) {
    return UsageError("--pace is for a replay that somebody watches: give --dashboard or --broker too");
  }
  options.json = printer.format() == OutputFormat::kJson;
  options.terminal = isatty(options.json ? STDERR_FILENO : STDOUT_FILENO) != 0;
  options.keyboard = isatty(STDIN_FILENO) != 0;
  return RunDemo(options, printer.out(), printer.err());
}

}  // namespace

void AddDemoCommand(CLI::App& app, Invocation& invocation) {
  CLI::App* demo = AddNoun(app, "demo", "Show Muster at work, with a broker of its own",
                           {"demo united-front", "demo united-front --keep /tmp/united-front"});
  const auto options = std::make_shared<DemoOptions>();
  CLI::App* united_front = AddVerb(*demo, invocation, "united-front",
                                   "Replay Operation United Front as an EXERCISE: twelve states, a plan and an "
                                   "amendment, planted conflicts, GO by two\n"
                                   "persons, tallies posted at the same time while the broker is killed and restarted, "
                                   "claims, and a release. Exit code\n"
                                   "0 only if every figure is as published and every finding as planted",
                                   {"demo united-front", "demo united-front -o json | tail -n 1",
                                    "demo united-front --seed 42", "demo united-front --keep /tmp/united-front",
                                    "demo united-front --dashboard", "demo united-front --dashboard --pace 0.3",
                                    "demo united-front --broker a:7443,b:7443,c:7443 --certificates /tmp/certs"},
                                   [options, &invocation] { return Run(*options, invocation); });
  AddText(united_front, "--keep", &options->paths.keep,
          "Work in this folder, which must be new or empty, and leave it there");
  AddText(united_front, "--musterd", &options->paths.musterd, "The broker program (default: beside muster)");
  AddText(united_front, "--scenario", &options->paths.scenario, "The folder with the scenario's files");
  AddText(united_front, "--make-certs", &options->paths.make_certs, "The script that makes the certificates");
  AddText(united_front, "--muster-gateway", &options->paths.muster_gateway,
          "The program that serves the dashboard (default: beside muster)");
  AddText(united_front, "--dashboard-dir", &options->paths.dashboard_dir,
          "The folder with the dashboard's built files");
  united_front->add_flag(
      "--dashboard", options->dashboard,
      "Show it: the dashboard of three offices on this machine, the replay slowed down. Serves until Ctrl-C");
  AddText(united_front, "--certificates", &options->certificates,
          "With --broker: replay against brokers that are there, new and with mo-ago as registrar; these are the\n"
          "certificates that make-certs.sh made for them");
  AddText(united_front, "--in-the-middle", &options->in_the_middle,
          "With --broker: a program to run in the middle of the tallies, which breaks what serves and mends it");
  united_front
      ->add_option("--pace", options->pace,
                   "With --dashboard or --broker, how slowly: 1 takes about three minutes, 0.5 half of it, 0 no pauses")
      ->check(CLI::Range(0.0, 3.0));
  united_front->add_option("--seed", options->seed, "Repeat a run: when repeats are sent and when the broker dies");
}

}  // namespace muster::cli
