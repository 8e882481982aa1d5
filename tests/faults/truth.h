// The truth at the end: the log of a stopped broker, replayed, and its feeds as served.
#ifndef MUSTER_TESTS_FAULTS_TRUTH_H_
#define MUSTER_TESTS_FAULTS_TRUTH_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/log/event_log.h"
#include "tests/faults/checker.h"

namespace muster {

// Replays `log`. Decisions of events up to `baseline` are left out: they were made before the history began.
//
// Errors: DATA_LOSS an event cannot be read.
absl::StatusOr<Truth> ReplayLog(const EventLog& log, Sequence baseline);

// The same of a copy of the log in `data_dir`, which no broker may be writing.
absl::StatusOr<Truth> ReplayDataDir(const std::string& data_dir, Sequence baseline);

}  // namespace muster

#endif  // MUSTER_TESTS_FAULTS_TRUTH_H_
