#include "tests/faults/loop_disk.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/status_macros.h"
#include "tests/integration/test_broker.h"

namespace muster {
namespace {

// From the kernel's fs/ext4/ext4.h, which user space has no header for.
constexpr unsigned long kShutdown = _IOR('X', 125, uint32_t);
constexpr uint32_t kWithoutFlushingTheJournal = 2;
constexpr int kUnmountAttempts = 200;

absl::Status Run(const std::vector<std::string>& argv) {
  const Finished finished = RunToEnd(argv);
  if (finished.exit_code == 0) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(argv[0], " ended with ", finished.exit_code, ": ", finished.output));
}

}  // namespace

absl::Status EnterOwnMounts() {
  if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return absl::PermissionDeniedError(absl::StrCat("no mount namespace of one's own: ", std::strerror(errno)));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<LoopDisk>> LoopDisk::Make(const std::string& base, int megabytes) {
  std::unique_ptr<LoopDisk> disk(new LoopDisk(base));
  std::error_code error;
  std::filesystem::create_directories(base, error);
  MUSTER_RETURN_IF_ERROR(Run({"/usr/bin/truncate", "-s", absl::StrCat(megabytes, "M"), base + ".img"}));
  MUSTER_RETURN_IF_ERROR(
      Run({"/sbin/mkfs.ext4", "-q", "-F", "-m", "0", "-E", "lazy_itable_init=0,lazy_journal_init=0", base + ".img"}));
  MUSTER_RETURN_IF_ERROR(disk->Mount());
  return disk;
}

LoopDisk::~LoopDisk() {
  if (mounted_) umount2(base_.c_str(), MNT_DETACH);
}

// The device frees itself with the last user.
absl::Status LoopDisk::Mount() {
  MUSTER_RETURN_IF_ERROR(Run({"/bin/mount", "-o", "loop", base_ + ".img", base_}));
  mounted_ = true;
  return absl::OkStatus();
}

absl::Status LoopDisk::CutPower() {
  const int fd = open(base_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  uint32_t flag = kWithoutFlushingTheJournal;
  const int result = fd < 0 ? -1 : ioctl(fd, kShutdown, &flag);
  const int error = errno;
  if (fd >= 0) close(fd);
  if (result == 0) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("the file system cannot be shut down: ", std::strerror(error)));
}

absl::Status LoopDisk::Restart() {
  for (int attempt = 0; mounted_ && attempt < kUnmountAttempts; ++attempt) {
    if (umount(base_.c_str()) == 0) {
      mounted_ = false;
    } else {
      absl::SleepFor(absl::Milliseconds(10));
    }
  }
  if (mounted_) return absl::UnavailableError(absl::StrCat("cannot unmount ", base_, ": ", std::strerror(errno)));
  return Mount();
}

void Fill(const std::string& file, size_t spare) {
  const int fd = open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const std::vector<char> block(1 << 20, 'x');
  size_t bytes = 0;
  for (size_t chunk = block.size(); chunk >= 512; chunk /= 2) {
    for (ssize_t written = 1; written > 0;) {
      written = write(fd, block.data(), chunk);
      if (written > 0) bytes += static_cast<size_t>(written);
    }
  }
  fsync(fd);
  if (bytes > spare && ftruncate(fd, static_cast<off_t>(bytes - spare)) != 0) std::filesystem::remove(file);
  close(fd);
}

}  // namespace muster
