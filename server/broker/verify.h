// Checks a data folder from the first event on: for `musterd verify`.
#ifndef MUSTER_SERVER_BROKER_VERIFY_H_
#define MUSTER_SERVER_BROKER_VERIFY_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/log/verify_log.h"

namespace muster {

struct DataReport {
  VerifyReport log;
  // Of the state after the last sound event: equal for equal logs.
  std::string state_digest;
  uint64_t snapshots_checked = 0;
  // What is wrong, each a line for a person; the first bad record first. Empty: all is sound.
  std::vector<std::string> findings;
};

// Walks every record of the log in `data_dir`, replays it, and compares the state with every snapshot on the way.
// Changes nothing. A running broker may go on meanwhile.
//
// Errors: as VerifyLog. What is damaged is a finding, not an error.
absl::StatusOr<DataReport> VerifyData(const std::string& data_dir);

}  // namespace muster

#endif  // MUSTER_SERVER_BROKER_VERIFY_H_
