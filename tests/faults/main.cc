// muster-faults: runs scenarios of the fault harness and reports. See docs/RELIABILITY.md; tests/faults/run.sh is what
// people and continuous integration run.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>

#include "absl/strings/str_cat.h"
#include "tests/faults/child.h"
#include "tests/faults/cluster.h"
#include "tests/faults/injection.h"
#include "tests/faults/scenario.h"
#include "tests/faults/sweep.h"
#include "tests/integration/test_broker.h"

namespace muster {
namespace {

using Scenario = std::function<Report(const ScenarioOptions&)>;

SweepOptions SweepOptionsOf(const ScenarioOptions& options) {
  SweepOptions sweep;
  sweep.seed = options.seed;
  sweep.folder = options.work;
  if (options.count > 0) sweep.every = options.count;
  sweep.inject_only = options.only;
  return sweep;
}

const std::vector<std::pair<std::string, Scenario>>& Scenarios() {
  static const auto* const scenarios = new std::vector<std::pair<std::string, Scenario>>{
      {"kills", Kills},
      {"power_cuts", PowerCuts},
      {"network", Network},
      {"disk_full", DiskFull},
      {"clock_jumps", ClockJumps},
      {"descriptors", Descriptors},
      {"stopped_reader", StoppedReader},
      {"week_off_line", WeekOffLine},
      {"cluster_kills", ClusterKills},
      {"cluster_partitions", ClusterPartitions},
      {"cluster_etcd_disk_full", ClusterEtcdDiskFull},
      {"cluster_clock_jumps", ClusterClockJumps},
      {"injected", Injected},
      {"sweep_store", [](const ScenarioOptions& options) { return Sweep(StoreSubject(), SweepOptionsOf(options)); }},
      {"sweep_broker", [](const ScenarioOptions& options) { return Sweep(BrokerSubject(), SweepOptionsOf(options)); }},
  };
  return *scenarios;
}

// In a child: what it unshares, leaks or breaks is its own.
Report RunScenario(const std::string& name, const Scenario& scenario, ScenarioOptions options) {
  constexpr int64_t kToEnd = 240;  // Seconds, beside its time limit, to come to its end.
  // Short: a daemon's socket lies below it, whose path the kernel takes 107 bytes of.
  options.work = absl::StrCat(options.work, "/", name.substr(0, 1), name.size());
  std::filesystem::create_directories(options.work);
  const auto seconds = static_cast<unsigned>(absl::ToInt64Seconds(options.time_limit) + kToEnd);
  Child child(seconds, [&](const Child::Pipe& pipe) {
    // Worlds keep their folders here.
    setenv("TMPDIR", options.work.c_str(), 1);
    const Report report = scenario(options);
    pipe.Send('R', report.Encode());
    return 0;
  });
  int exit_code = 0;
  Report report;
  for (const Child::Message& message : child.Wait(&exit_code)) report.Add(Report::Decode(message.text));
  if (exit_code != 0) report.Fail(absl::StrCat("the scenario ended with ", exit_code));
  for (std::string& violation : report.verdict.violations) violation = absl::StrCat(name, ": ", violation);
  return report;
}

// Starts this program again with inject.c loaded, which scenarios that fork need.
void LoadInjection(char** argv, const std::string& library) {
  if (InjectionIsLoaded() || access(library.c_str(), R_OK) != 0 || getenv("LD_PRELOAD") != nullptr) return;
  setenv("LD_PRELOAD", library.c_str(), 1);
  execv("/proc/self/exe", argv);
}

int Run(const std::vector<std::string>& names, ScenarioOptions options, bool json) {
  // The programs that are started are not to have it, but as they are told.
  unsetenv("LD_PRELOAD");
  const TemporaryFolder work;
  options.work = work.path();
  setenv("MUSTER_TEST_CERTIFICATES", CertificatesFolder().c_str(), 0);
  Report all;
  for (const auto& [name, scenario] : Scenarios()) {
    if (!names.empty() && std::find(names.begin(), names.end(), name) == names.end()) continue;
    const absl::Time began = SystemClock()->Now();
    const Report report = RunScenario(name, scenario, options);
    std::cerr << name << ": " << (report.sound() ? "sound" : "VIOLATED") << ", "
              << absl::ToInt64Seconds(SystemClock()->Now() - began) << " s\n";
    if (!json || !report.sound()) std::cerr << report.Json();
    all.Add(report);
  }
  if (json) std::cout << all.Json();
  return all.sound() ? 0 : 1;
}

}  // namespace
}  // namespace muster

int main(int argc, char** argv) {
  CLI::App app("muster-faults: breaks real brokers and command posts, and checks that nothing is lost");
  app.footer("Exit codes: 0 all is sound, 1 a violation, 2 wrong usage.");
  std::vector<std::string> names;
  muster::ScenarioOptions options;
  double time_limit_s = 600;
  std::string output = "table";
  std::vector<std::string> read_feed;
  app.add_option("scenarios", names, "Which; none: all")->check(CLI::IsMember([] {
    std::vector<std::string> known;
    for (const auto& scenario : muster::Scenarios()) known.push_back(scenario.first);
    return known;
  }()));
  app.add_option("--seed", options.seed, "Of everything random")->capture_default_str();
  app.add_option("--count", options.count, "How many faults; of a sweep: only every so-manieth point");
  app.add_option("--only", options.only, "Of a sweep, or of a cluster: only this kind of fault");
  app.add_option("--time-limit", time_limit_s, "Seconds for each scenario")->capture_default_str();
  app.add_option("--musterd", options.musterd, "Instead of the musterd that was built");
  app.add_option("--agent", options.agent, "Instead of the muster-agent that was built");
  app.add_option("--read-feed", read_feed, "For the harness itself")->expected(4)->group("");
  app.add_flag("!--no-agents", options.agents, "Without command posts");
  app.add_option("-o", output, "table or json")->check(CLI::IsMember({"table", "json"}));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (!read_feed.empty()) return muster::ReadFeedToFile(read_feed[0], read_feed[1], read_feed[2], read_feed[3]);
  options.injection_library = MUSTER_INJECTION_LIBRARY;
  options.clock_library = MUSTER_CLOCK_LIBRARY;
  muster::LoadInjection(argv, options.injection_library);
  options.time_limit = absl::Seconds(time_limit_s);
  return muster::Run(names, options, output == "json");
}
