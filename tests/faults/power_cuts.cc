// Power cuts under the broker's log and under an agent's store, on a real ext4.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/clock.h"
#include "tests/faults/loop_disk.h"
#include "tests/faults/scenario.h"

namespace muster {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kCutsByDefault = 200;
constexpr int kMegabytes = 96;

// Whether no thread of the process runs: each is stopped, or in a system call that cannot be interrupted.
bool StandsStill(const std::string& pid) {
  std::error_code gone;
  for (const auto& task : fs::directory_iterator(absl::StrCat("/proc/", pid, "/task"), gone)) {
    std::ifstream file(task.path() / "stat");
    const std::string stat((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    const size_t state = stat.rfind(") ");
    if (state != std::string::npos && !absl::StrContains("TtDZX", stat.substr(state + 2, 1))) return false;
  }
  return true;
}

// A machine without power answers nothing. The kernel here goes on, and a sync that is under way during the cut may
// return success without its data (seen with Linux 6.18: about one append in twenty cuts), so the process must not get
// to tell: it is stopped first, wherever it is, in the middle of a sync, too.
void StandStill(size_t machine, const std::string& directory, FaultWorld* world) {
  std::string pid;
  std::ifstream(directory + "/LOCK") >> pid;
  machine == 0 ? world->broker().Signal(SIGSTOP) : world->agent(machine - 1).Signal(SIGSTOP);
  Eventually([&pid] { return StandsStill(pid); }, absl::Seconds(2));
}

// Cuts the power of one machine: 0 the broker's, 1 the first agent's. `directory` is where it keeps its data.
bool CutAndRestart(size_t machine, const std::string& directory, LoopDisk* disk, FaultWorld* world, Report* report) {
  StandStill(machine, directory, world);
  absl::Status status = disk->CutPower();
  machine == 0 ? world->broker().Kill() : world->agent(machine - 1).Kill();
  if (status.ok()) status = disk->Restart();
  if (!status.ok()) report->Fail(absl::StrCat("the disk: ", status.message()));
  if (!status.ok()) return false;
  ++report->faults["power_cut"];
  ++report->faults[machine == 0 ? "power_cut_of_broker" : "power_cut_of_agent"];
  return machine == 0 ? world->StartBroker() : world->StartAgent(machine - 1);
}

}  // namespace

Report PowerCuts(const ScenarioOptions& options) {
  Report report;
  absl::Status possible = EnterOwnMounts();
  std::vector<std::unique_ptr<LoopDisk>> disks;
  for (const char* name : {"broker", "agent"}) {
    if (!possible.ok()) break;
    auto disk = LoopDisk::Make(absl::StrCat(options.work, "/", name), kMegabytes);
    possible = disk.status();
    if (disk.ok()) disks.push_back(*std::move(disk));
  }
  if (!possible.ok()) {
    report.Skip("power cuts on ext4", std::string(possible.message()));
    return report;
  }
  FaultWorldOptions world_options = WorldOptions(options);
  world_options.broker.data_dir = disks[0]->path() + "/data";
  world_options.agent_state_dirs = {disks[1]->path() + "/state"};
  {
    FaultWorld world(world_options, &report);
    if (!world.SetUp()) return report;
    world.StartTraffic();
    std::mt19937 random(options.seed);
    const uint64_t wanted = options.count == 0 ? kCutsByDefault : options.count;
    const absl::Time deadline = SystemClock()->Now() + options.time_limit;
    bool goes_on = world.WaitForTraffic(5);
    while (goes_on && report.faults["power_cut"] < wanted && SystemClock()->Now() < deadline) {
      absl::SleepFor(absl::Milliseconds(random() % 30));
      const size_t machine = world.agent_count() > 0 ? random() % 2 : 0;
      const std::string directory = machine == 0 ? world.broker().data_dir() : world.agent(machine - 1).state_dir();
      goes_on = CutAndRestart(machine, directory, disks[machine].get(), &world, &report) && world.WaitForTraffic(3);
    }
    if (!goes_on) report.Fail("nothing is acknowledged any more, or a process does not start");
    world.Finish();
  }
  return report;
}

}  // namespace muster
