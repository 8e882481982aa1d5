// Checks of the machine that the daemon keeps its data on.
//
// Threading: from any thread; both touch the disk.
#ifndef MUSTER_CLIENT_LIB_DOCTOR_MACHINE_H_
#define MUSTER_CLIENT_LIB_DOCTOR_MACHINE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "client/lib/doctor/finding.h"

namespace muster::doctor {

// disk: free bytes and inodes under `state_dir`.
Finding CheckDisk(const std::string& state_dir);
// fsync: how long it takes to make a small file durable there, over 20 times.
Finding CheckFsync(const std::string& state_dir);

// What the two say of what they measured.
Finding JudgeDisk(const std::string& state_dir, uint64_t free_bytes, uint64_t free_inodes, bool counts_inodes);
// `times` is not empty.
Finding JudgeFsync(const std::string& state_dir, std::vector<absl::Duration> times);

}  // namespace muster::doctor

#endif  // MUSTER_CLIENT_LIB_DOCTOR_MACHINE_H_
