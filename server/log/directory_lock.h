// Keeps two brokers from opening one data directory.
#ifndef MUSTER_SERVER_LOG_DIRECTORY_LOCK_H_
#define MUSTER_SERVER_LOG_DIRECTORY_LOCK_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace muster {

// An exclusive flock(2) on the file LOCK in a directory, which holds the owner's process id. The kernel releases it
// when the object or the process dies, however it dies. Works between processes and within one.
class DirectoryLock {
 public:
  // FAILED_PRECONDITION, naming the process, when another holds it; UNKNOWN when the file cannot be made.
  static absl::StatusOr<DirectoryLock> Take(const std::string& directory);

  DirectoryLock(DirectoryLock&& other) noexcept;
  DirectoryLock& operator=(DirectoryLock&&) = delete;
  ~DirectoryLock();

 private:
  explicit DirectoryLock(int fd) : fd_(fd) {}

  int fd_;
};

// Syncs the directory itself, so that the files made in it are still there after a power cut.
absl::Status SyncDirectory(const std::string& directory);

}  // namespace muster

#endif  // MUSTER_SERVER_LOG_DIRECTORY_LOCK_H_
