#include "client/agent/store/state_dir.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace muster::agent {
namespace {

absl::Status Failed(absl::string_view what, const std::string& path) {
  return absl::FailedPreconditionError(absl::StrCat("cannot ", what, " ", path, ": ", std::strerror(errno)));
}

// Who holds the lock, as far as its file says so: " (pid 17)".
std::string OwnerIn(int fd) {
  char text[32] = {};
  if (pread(fd, text, sizeof(text) - 1, 0) <= 0) return "";
  return absl::StrCat(" (pid ", absl::StripAsciiWhitespace(text), ")");
}

}  // namespace

std::string ParentOf(const std::string& path) {
  std::string trimmed = path;
  while (trimmed.size() > 1 && trimmed.back() == '/') trimmed.pop_back();
  const size_t slash = trimmed.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : trimmed.substr(0, slash);
}

absl::Status SyncDirectory(const std::string& directory) {
  const int fd = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return Failed("open", directory);
  const int result = fsync(fd);
  const int error = errno;
  close(fd);
  errno = error;
  return result == 0 ? absl::OkStatus() : Failed("sync", directory);
}

absl::Status MakeStateDir(const std::string& directory) {
  if (mkdir(directory.c_str(), 0700) == 0) return SyncDirectory(ParentOf(directory));
  if (errno != EEXIST) {
    return absl::FailedPreconditionError(absl::StrCat("cannot make the state directory ", directory, ": ",
                                                      std::strerror(errno),
                                                      "; make its parent, and let the daemon's user write to it"));
  }
  struct stat info = {};
  if (stat(directory.c_str(), &info) == 0 && (info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return absl::FailedPreconditionError(absl::StrCat("others on this machine can write to the state directory ",
                                                      directory, "; run: chmod 700 ", directory));
  }
  // An earlier start may have died before it did this. Who made the folder for us may not let us read its parent.
  SyncDirectory(ParentOf(directory)).IgnoreError();
  return absl::OkStatus();
}

absl::StatusOr<StateDirLock> StateDirLock::Take(const std::string& directory) {
  const std::string path = absl::StrCat(directory, "/LOCK");
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return Failed("open", path);
  StateDirLock lock(fd);
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return Failed("lock", path);
    return absl::UnavailableError(absl::StrCat(directory, ": another muster-agent has it open", OwnerIn(fd),
                                               "; stop it, or give this one its own state_dir"));
  }
  const std::string pid = absl::StrCat(getpid(), "\n");
  if (ftruncate(fd, 0) != 0 || pwrite(fd, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return Failed("write", path);
  }
  return lock;
}

StateDirLock::StateDirLock(StateDirLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

StateDirLock::~StateDirLock() {
  if (fd_ >= 0) close(fd_);
}

}  // namespace muster::agent
