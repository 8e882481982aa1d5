// etcd without room: the disk of one member is full, which ends that member while the others go on; and etcd's own
// quota is used up, so that it takes nothing at all: senders are told, and all goes on when there is room again.
#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <random>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/status_macros.h"
#include "tests/faults/cluster.h"
#include "tests/faults/loop_disk.h"

namespace muster {
namespace {

constexpr uint64_t kTimesByDefault = 6;
// etcd sets 64 MB aside for each of its two first write-ahead logs.
constexpr char kDiskSize[] = "size=256m";
constexpr char kQuota[] = "--quota-backend-bytes=16777216";
constexpr char kJunk[] = "/junk/";
constexpr size_t kJunkBytes = 1 << 20;
constexpr absl::Duration kWithin = absl::Seconds(2);
constexpr absl::Duration kEndPatience = absl::Seconds(20);

absl::Status MountDisk(const std::string& folder) {
  std::error_code ignored;
  std::filesystem::create_directories(folder, ignored);
  if (mount("none", folder.c_str(), "tmpfs", 0, kDiskSize) == 0) return absl::OkStatus();
  return absl::PermissionDeniedError(absl::StrCat("cannot mount a tmpfs: ", std::strerror(errno)));
}

// Somebody else's keys, until etcd takes no more.
absl::Status UseUpQuota(EtcdClient* client) {
  for (int i = 0;; ++i) {
    etcdserverpb::PutRequest put;
    put.set_key(absl::StrCat(kJunk, i));
    put.set_value(std::string(kJunkBytes, 'x'));
    const absl::Status status = client->Put(put, kWithin).status();
    if (absl::IsResourceExhausted(status)) return absl::OkStatus();
    if (!status.ok() && !absl::IsUnknown(status)) return status;
  }
}

absl::Status DeleteJunk(EtcdClient* client) {
  etcdserverpb::TxnRequest request;
  etcdserverpb::DeleteRangeRequest* const junk = request.add_success()->mutable_request_delete_range();
  junk->set_key(kJunk);
  junk->set_range_end(EtcdRangeEnd(kJunk));
  return client->Txn(request, kWithin).status();
}

class DiskFiller {
 public:
  DiskFiller(const std::vector<std::string>& disks, FaultWorld* world, Report* report, EtcdClient* client)
      : disks_(disks), world_(*world), etcd_(world->cluster().etcd()), report_(*report), client_(client) {}

  bool FillMembersDisk(int i, FaultLoop* loop) {
    const std::string filler = absl::StrCat(disks_[static_cast<size_t>(i)], "/filler");
    Fill(filler, 0);
    loop->Count("cluster_etcd_disk_full");
    // It ends at the first thing that it cannot write; its log has been set aside before, so that may take a while.
    const Deadline patience(kEndPatience, *SystemClock());
    while (etcd_.Running(i) && !patience.passed() && loop->AwaitTraffic(1)) absl::SleepFor(absl::Milliseconds(50));
    bool goes_on = loop->AwaitTraffic(8);
    std::filesystem::remove(filler);
    if (etcd_.Running(i)) {
      etcd_.KillMember(i);
    } else {
      ++report_.faults["restart_of_etcd_after_full_disk"];
    }
    Note(etcd_.StartMember(i), "a member of etcd does not start, though there is room again");
    return goes_on && loop->AwaitTraffic(8);
  }

  bool ExhaustQuota(FaultLoop* loop) {
    const uint64_t refused = world_.history().refused();
    Note(UseUpQuota(client_), "etcd's quota cannot be used up");
    loop->Count("cluster_etcd_quota_used_up");
    if (!world_.history().WaitForRefused(refused + 1, absl::Seconds(30))) {
      report_.Fail("brokers go on as if etcd's quota were not used up");
    }
    Note(DeleteJunk(client_), "the junk cannot be deleted");
    // The leader does the rest.
    return loop->AwaitTraffic(8);
  }

 private:
  void Note(const absl::Status& status, const std::string& what) {
    if (!status.ok()) report_.Fail(absl::StrCat(what, ": ", status.ToString()));
  }

  const std::vector<std::string> disks_;
  FaultWorld& world_;
  EtcdCluster& etcd_;
  Report& report_;
  EtcdClient* const client_;
};

}  // namespace

Report ClusterEtcdDiskFull(const ScenarioOptions& options) {
  Report report;
  std::optional<FaultWorldOptions> world_options = ClusterWorldOptions(options, &report);
  if (!world_options.has_value()) return report;
  absl::Status possible = EnterOwnMounts();
  std::vector<std::string> disks;
  for (int i = 0; i < 3; ++i) {
    disks.push_back(absl::StrCat(options.work, "/disk-", i));
    possible.Update(MountDisk(disks.back()));
    world_options->cluster->etcd_data_dirs.push_back(absl::StrCat(disks.back(), "/data"));
  }
  if (!possible.ok()) {
    report.Skip("full disks of etcd", std::string(possible.message()));
    return report;
  }
  world_options->cluster->etcd_flags = {kQuota};
  world_options->cluster->cluster = "etcd_quota_bytes = 16777216\n";
  FaultWorld world(*world_options, &report);
  if (!world.SetUp()) return report;
  auto client = EtcdClient::Create(world.cluster().etcd().client_options());
  if (!client.ok()) {
    report.Fail(std::string(client.status().message()));
    return report;
  }
  world.StartTraffic();
  DiskFiller filler(disks, &world, &report, client->get());
  FaultLoop loop(options, kTimesByDefault, &world, &report);
  int turn = 0;
  const auto once = [&] {
    ++turn;
    if (turn % 2 == 0) return filler.ExhaustQuota(&loop);
    return filler.FillMembersDisk(turn / 2 % 3, &loop);
  };
  loop.Run(once, [] {});
  return report;
}

}  // namespace muster
