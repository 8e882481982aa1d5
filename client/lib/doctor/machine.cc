#include "client/lib/doctor/machine.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace muster::doctor {
namespace {

constexpr uint64_t kGiB = uint64_t{1} << 30;
constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr uint64_t kFreeBytesWarning = kGiB;
constexpr uint64_t kFreeBytesFailing = 100 * kMiB;
// A database, its log and some temporary files.
constexpr uint64_t kFreeInodesWarning = 1000;
constexpr uint64_t kFreeInodesFailing = 16;

constexpr int kFsyncCount = 20;
// About a submission's size.
constexpr size_t kFsyncBytes = 1024;
constexpr absl::Duration kFsyncMedianWarning = absl::Milliseconds(50);
constexpr absl::Duration kFsyncFailing = absl::Seconds(1);

const Subject& Disk() {
  static const auto* const kSubject = new Subject{"disk"};
  return *kSubject;
}
const Subject& Fsync() {
  static const auto* const kSubject = new Subject{"fsync"};
  return *kSubject;
}

std::string Size(uint64_t bytes) {
  return bytes >= kGiB ? absl::StrFormat("%.1f GiB", static_cast<double>(bytes) / kGiB)
                       : absl::StrCat(bytes / kMiB, " MiB");
}

std::string Milliseconds(absl::Duration duration) {
  return absl::StrFormat("%.1f ms", absl::ToDoubleMilliseconds(duration));
}

Finding CannotWrite(const std::string& state_dir, absl::string_view what, int error) {
  return Failing(
      Fsync(), absl::StrCat("cannot ", what, " a file in ", state_dir, ": ", strerror(error)),
      absl::StrCat("df -h ", state_dir, "; sudo dmesg --level=err | tail; sudo chown -R muster-agent: ", state_dir));
}

}  // namespace

Finding JudgeDisk(const std::string& state_dir, uint64_t free_bytes, uint64_t free_inodes, bool counts_inodes) {
  std::string detail = absl::StrCat(Size(free_bytes), " free in ", state_dir);
  if (counts_inodes) absl::StrAppend(&detail, ", room for ", free_inodes, " more files");
  const std::string remedy = absl::StrCat("sudo journalctl --vacuum-size=200M; sudo apt-get clean; df -h ", state_dir,
                                          " (make room: nothing can be saved on a full disk)");
  if (free_bytes < kFreeBytesFailing || (counts_inodes && free_inodes < kFreeInodesFailing)) {
    return Failing(Disk(), detail, remedy);
  }
  if (free_bytes < kFreeBytesWarning || (counts_inodes && free_inodes < kFreeInodesWarning)) {
    return Warning(Disk(), detail, remedy);
  }
  return Fine(Disk(), detail);
}

Finding CheckDisk(const std::string& state_dir) {
  struct statvfs info = {};
  if (statvfs(state_dir.c_str(), &info) != 0) {
    return Failing(Disk(), absl::StrCat("cannot look at ", state_dir, ": ", strerror(errno)),
                   absl::StrCat("ls -ld ", state_dir, "; df -h ", state_dir));
  }
  // Some file systems (btrfs) count no inodes: all their numbers are 0.
  return JudgeDisk(state_dir, uint64_t{info.f_bavail} * info.f_frsize, info.f_favail, info.f_files > 0);
}

Finding JudgeFsync(const std::string& state_dir, std::vector<absl::Duration> times) {
  std::sort(times.begin(), times.end());
  const absl::Duration median = times[times.size() / 2];
  const absl::Duration worst = times.back();
  const std::string detail = absl::StrCat("a small file in ", state_dir, " is durable after ", Milliseconds(median),
                                          " (median of ", times.size(), "), at worst ", Milliseconds(worst));
  const std::string remedy = absl::StrCat("sudo smartctl -a \"$(findmnt -no SOURCE -T ", state_dir,
                                          ")\" (a failing or overloaded disk; move state_dir to a better one)");
  if (worst > kFsyncFailing) return Failing(Fsync(), detail, remedy);
  if (median > kFsyncMedianWarning) return Warning(Fsync(), detail, remedy);
  return Fine(Fsync(), detail);
}

Finding CheckFsync(const std::string& state_dir) {
  std::string path = absl::StrCat(state_dir, "/doctor-XXXXXX");
  const int file = mkstemp(path.data());
  if (file < 0) return CannotWrite(state_dir, "create", errno);
  const absl::Cleanup remove = [&] {
    close(file);
    unlink(path.c_str());
  };
  const std::string block(kFsyncBytes, 'x');
  std::vector<absl::Duration> times;
  absl::Duration total;
  // A disk this slow need not be asked twenty times.
  while (times.size() < kFsyncCount && total < 3 * kFsyncFailing) {
    const auto start = std::chrono::steady_clock::now();
    if (pwrite(file, block.data(), block.size(), 0) != static_cast<ssize_t>(block.size())) {
      return CannotWrite(state_dir, "write", errno);
    }
    if (fsync(file) != 0) return CannotWrite(state_dir, "sync", errno);
    times.push_back(absl::FromChrono(std::chrono::steady_clock::now() - start));
    total += times.back();
  }
  return JudgeFsync(state_dir, std::move(times));
}

}  // namespace muster::doctor
