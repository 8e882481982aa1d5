// A data folder as a broker leaves it that has been at work for long: genuine events, appended to a local log, applied
// and published by a broker that takes its snapshots.
//
// Threading: one thread, and none beside it when MakeHistory is called, which forks.
#ifndef MUSTER_TESTS_BENCH_HISTORY_H_
#define MUSTER_TESTS_BENCH_HISTORY_H_

#include <cstdint>
#include <string>

namespace muster::bench {

// Beside these there is kTestOperation of SetUpOperation, in which nothing has been reported.
struct History {
  uint64_t events = 0;   // In all, but for the registering of silent agencies; six or more for each operation.
  uint64_t over = 0;     // Operations that came one after another; each took its share of the reports and is over.
  uint64_t ongoing = 0;  // The same, but going on at the end, with a tail behind the last snapshot.
  uint64_t silent = 0;   // Agencies on the roster that take part in nothing.
  uint64_t readers = 0;  // Prosecutors in kTestOperation, who are told of what ky-ago reports.
};

struct MadeHistory {
  double seconds = 0;
  double pause_ms = 0;          // Of the thread that applies, for the last snapshot of all.
  double pause_max_ms = 0;      // For the one that it waited for longest.
  uint64_t snapshot_bytes = 0;  // Of the last.
};

std::string OperationName(uint64_t number);
std::string SilentAgency(uint64_t number);
std::string ReaderAgency(uint64_t number);

// In a process of its own, whose memory does not count. `dir` must be empty.
MadeHistory MakeHistory(const std::string& dir, const History& history);

}  // namespace muster::bench

#endif  // MUSTER_TESTS_BENCH_HISTORY_H_
