// A file system of our own on a loop device, whose power can be cut.
//
// Mounted in a mount namespace of this process's own (see EnterOwnMounts), so that it is gone when the process is.
#ifndef MUSTER_TESTS_FAULTS_LOOP_DISK_H_
#define MUSTER_TESTS_FAULTS_LOOP_DISK_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace muster {

// From now on what this process and its children mount is seen by no one else. PERMISSION_DENIED without the right to.
// Before any thread is started.
absl::Status EnterOwnMounts();

class LoopDisk {
 public:
  // An ext4 of `megabytes` in the file `base`.img, mounted at `base`. UNAVAILABLE where that cannot be done.
  static absl::StatusOr<std::unique_ptr<LoopDisk>> Make(const std::string& base, int megabytes);
  ~LoopDisk();

  // The power goes: what has not been synced is lost, and nothing can be written any more (FS_IOC_SHUTDOWN without a
  // flush of the journal).
  absl::Status CutPower();
  // After a cut, when nobody has files open there any more: the power comes back.
  absl::Status Restart();

  const std::string& path() const { return base_; }

 private:
  explicit LoopDisk(std::string base) : base_(std::move(base)) {}
  absl::Status Mount();

  const std::string base_;
  bool mounted_ = false;
};

// Writes into `file` until its disk is full, but for `spare` bytes.
void Fill(const std::string& file, size_t spare);

}  // namespace muster

#endif  // MUSTER_TESTS_FAULTS_LOOP_DISK_H_
