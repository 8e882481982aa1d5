// Whole processes on a disk that fails: calls of musterd and muster-agent fail, are cut short, or are the last ones,
// and then the power goes, too. The sweeps (sweep.h) visit every call site; this shows that it holds for the programs
// as they are run, from the first start on.
#include <filesystem>
#include <map>
#include <random>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/clock.h"
#include "tests/faults/disk_model.h"
#include "tests/faults/injection.h"
#include "tests/faults/scenario.h"

namespace muster {
namespace {

constexpr char kFirstStart[] = "first_start";
constexpr uint64_t kPointsByDefault = 120;
// Operations after a start among which one is chosen; a start itself makes some dozens.
constexpr uint64_t kOperations = 240;
constexpr absl::Duration kRunMax = absl::Milliseconds(700);

class Disks {
 public:
  Disks(const ScenarioOptions& options, FaultWorld* world, Report* report)
      : options_(options), world_(*world), report_(*report), random_(options.seed) {}

  static std::string RootOf(const ScenarioOptions& options, size_t process) {
    return absl::StrCat(options.work, "/disk-", process);
  }
  static std::string TraceOf(const ScenarioOptions& options, size_t process) {
    return absl::StrCat(options.work, "/trace-", process);
  }

  // Runs the process on a disk that fails in this way until it ends or has had its time, cuts the power, and starts it
  // on what is left.
  bool FailAndRestart(size_t process, const Injection& injection) {
    Kill(process);
    const std::string trace = TraceOf(options_, process);
    std::filesystem::remove(trace);
    DiskModel disk(RootOf(options_, process));
    disk.Load();
    // With a fault in its start it may not come up.
    const std::vector<std::string> environment =
        InjectionEnvironment(options_.injection_library, injection, RootOf(options_, process), trace);
    if (process == 0) {
      world_.broker().Start(environment).IgnoreError();
    } else {
      world_.agent(process - 1).Launch(environment).IgnoreError();
    }
    const absl::Time deadline = SystemClock()->Now() + kRunMax;
    while (IsRunning(process) && SystemClock()->Now() < deadline) absl::SleepFor(absl::Milliseconds(5));
    return CutPower(process, std::move(disk), injection.Name());
  }

  // Of a process that has been recorded since its first start ever, on an empty disk.
  bool CutPowerAfterFirstStart(size_t process) {
    return CutPower(process, DiskModel(RootOf(options_, process)), kFirstStart);
  }

 private:
  bool CutPower(size_t process, DiskModel disk, const std::string& kind) {
    if (IsRunning(process)) Kill(process);
    const auto operations = ReadTrace(TraceOf(options_, process));
    if (!operations.ok()) report_.Fail(std::string(operations.status().message()));
    if (!operations.ok()) return false;
    for (const DiskOperation& operation : *operations) disk.Apply(operation);
    const bool harsh = kind == kFirstStart || random_() % 2 == 0;
    const DiskModel::Keep keep = harsh ? DiskModel::Keep::kNothing : DiskModel::Keep::kSome;
    std::map<std::string, std::string> left = disk.AfterPowerCut(keep, &random_);
    // musterd's copies of its certificate, made anew at every start, with links, which the model does not know.
    std::erase_if(left, [](const auto& file) { return absl::StartsWith(file.first, "data/tls"); });
    const absl::Status written = WriteTree(left, RootOf(options_, process));
    if (!written.ok()) report_.Fail(std::string(written.message()));
    ++report_.faults["process_" + kind];
    ++report_.faults["simulated_power_cut"];
    return process == 0 ? world_.StartBroker({"MUSTER_INJECT_DIR="})
                        : world_.StartAgent(process - 1, {"MUSTER_INJECT_DIR="});
  }

  void Kill(size_t process) { process == 0 ? world_.broker().Kill() : world_.agent(process - 1).Kill(); }
  bool IsRunning(size_t process) {
    return process == 0 ? world_.broker().Running() : world_.agent(process - 1).Running();
  }

  const ScenarioOptions& options_;
  FaultWorld& world_;
  Report& report_;
  std::mt19937 random_;
};

}  // namespace

Report Injected(const ScenarioOptions& options) {
  Report report;
  FaultWorldOptions world_options = WorldOptions(options);
  for (size_t process = 0; process < 3; ++process) {
    std::filesystem::create_directories(Disks::RootOf(options, process));
  }
  // From the first start on: what a new folder needs to last is part of it.
  const auto recorded = [&](size_t process) {
    return InjectionEnvironment(options.injection_library, {}, Disks::RootOf(options, process),
                                Disks::TraceOf(options, process));
  };
  world_options.broker.data_dir = Disks::RootOf(options, 0) + "/data";
  world_options.broker_environment = recorded(0);
  world_options.agent_state_dirs = {Disks::RootOf(options, 1) + "/state", Disks::RootOf(options, 2) + "/state"};
  world_options.agent_environment = recorded(1);  // The second one is not broken here.
  FaultWorld world(world_options, &report);
  if (!world.SetUp()) return report;
  world.StartTraffic();
  Disks disks(options, &world, &report);
  bool goes_on = world.WaitForTraffic(20);
  const size_t processes = world.agent_count() > 0 ? 2 : 1;
  for (size_t process = 0; goes_on && process < processes; ++process) {
    goes_on = disks.CutPowerAfterFirstStart(process) && world.WaitForTraffic(4);
  }
  using Kind = Injection::Kind;
  const Injection kinds[] = {{Kind::kEio, 0, false},   {Kind::kEio, 0, true},    {Kind::kEnospc, 0, false},
                             {Kind::kEnospc, 0, true}, {Kind::kShort, 0, false}, {Kind::kKill, 0, false}};
  const uint64_t wanted = options.count == 0 ? kPointsByDefault : options.count;
  const absl::Time deadline = SystemClock()->Now() + options.time_limit;
  for (uint64_t i = 0; goes_on && i < wanted && SystemClock()->Now() < deadline; ++i) {
    Injection injection = kinds[i / processes % std::size(kinds)];
    injection.at = 1 + i * 37 % kOperations;
    goes_on = disks.FailAndRestart(i % processes, injection) && world.WaitForTraffic(3);
  }
  if (!goes_on) report.Fail("nothing is acknowledged any more, or a process does not start");
  world.Finish();
  return report;
}

}  // namespace muster
