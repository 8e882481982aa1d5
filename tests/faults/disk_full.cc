// A full disk, under the broker's log and under an agent's store: nothing that was acknowledged is lost, senders are
// told that there is no room, and all goes on once there is some.
#include <filesystem>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/clock.h"
#include "tests/faults/loop_disk.h"
#include "tests/faults/scenario.h"

namespace muster {
namespace {

constexpr uint64_t kTimesByDefault = 6;
constexpr int kMegabytes = 64;

// musterd and muster-agent may end themselves; systemd starts them again, and so does this.
bool StartIfEnded(size_t machine, FaultWorld* world, Report* report) {
  const bool runs = machine == 0 ? world->broker().Running() : world->agent(machine - 1).Running();
  if (runs) return true;
  ++report->faults["restart_after_full_disk"];
  return machine == 0 ? world->StartBroker() : world->StartAgent(machine - 1);
}

}  // namespace

Report DiskFull(const ScenarioOptions& options) {
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
    report.Skip("a full disk", std::string(possible.message()));
    return report;
  }
  FaultWorldOptions world_options = WorldOptions(options);
  world_options.broker.data_dir = disks[0]->path() + "/data";
  world_options.agent_state_dirs = {disks[1]->path() + "/state"};
  {
    FaultWorld world(world_options, &report);
    if (!world.SetUp()) return report;
    world.StartTraffic();
    const uint64_t wanted = options.count == 0 ? kTimesByDefault : options.count;
    const absl::Time deadline = SystemClock()->Now() + options.time_limit;
    bool goes_on = world.WaitForTraffic(5);
    for (uint64_t i = 0; goes_on && i < wanted && SystemClock()->Now() < deadline; ++i) {
      const size_t machine = world.agent_count() > 0 ? i % 2 : 0;
      const std::string filler = disks[machine]->path() + "/filler";
      const uint64_t refused = world.history().refused();
      Fill(filler, (i / 2) * 40'000);
      const bool noticed = world.history().WaitForRefused(refused + 1, absl::Seconds(20));
      if (!noticed) report.Fail(absl::StrCat(world.NameOf(machine), " goes on as if its disk were not full"));
      std::filesystem::remove(filler);
      ++report.faults["disk_full"];
      absl::SleepFor(absl::Milliseconds(100));
      goes_on = StartIfEnded(machine, &world, &report) && world.WaitForTraffic(8, absl::Seconds(30));
    }
    if (!goes_on) report.Fail("nothing is acknowledged any more, though there is room again");
    world.Finish();
  }
  return report;
}

}  // namespace muster
