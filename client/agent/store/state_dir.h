// The daemon's folder on disk: made durably, and used by one process at a time.
//
// Threading: pure functions; a StateDirLock belongs to one thread at a time.
#ifndef MUSTER_CLIENT_AGENT_STORE_STATE_DIR_H_
#define MUSTER_CLIENT_AGENT_STORE_STATE_DIR_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace muster::agent {

// The folder that `path` is in; "." for a bare name.
std::string ParentOf(const std::string& path);

// Syncs the folder itself, so that the files made in it are still there after a power cut.
absl::Status SyncDirectory(const std::string& directory);

// Makes `directory` (mode 0700) if it is missing and its parent exists, so that it survives a power cut.
//
// Errors: FAILED_PRECONDITION it cannot be made.
absl::Status MakeStateDir(const std::string& directory);

// An exclusive flock(2) on the file LOCK in a folder, which holds the owner's process id. The kernel releases it when
// the object or the process dies, however it dies. Works between processes and within one.
class StateDirLock {
 public:
  // Errors: UNAVAILABLE another process holds it, or this one does; FAILED_PRECONDITION the file cannot be made.
  static absl::StatusOr<StateDirLock> Take(const std::string& directory);

  StateDirLock(StateDirLock&& other) noexcept;
  StateDirLock& operator=(StateDirLock&&) = delete;
  ~StateDirLock();

 private:
  explicit StateDirLock(int fd) : fd_(fd) {}

  int fd_;
};

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_STORE_STATE_DIR_H_
