// Durable submissions at full rate, and one at a time.
#ifndef MUSTER_CLIENT_BENCH_SUBMIT_LOAD_H_
#define MUSTER_CLIENT_BENCH_SUBMIT_LOAD_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/bench/figures.h"
#include "client/bench/publisher.h"
#include "client/bench/stage.h"

namespace muster::bench {

struct SubmitOptions {
  // Of the caller's that is not ACTUAL; empty: one of its own.
  std::string operation_id;
  int publishers = 1;
  PublisherOptions publisher;
  // Of a submission when encoded.
  size_t size = 256;
  double warm_s = 1;
  double seconds = 5;
  // When not 0: so many instead of for so long, all of them measured.
  uint64_t count = 0;
};

// Tally entries through StreamSubmit, as fast as the windows allow. Every acknowledgement means that the broker has
// the entry on its disk (fsync) and in its ledger.
absl::StatusOr<Report> RunSubmit(const Target& target, const SubmitOptions& options);

struct LatencyOptions {
  std::string operation_id;
  size_t size = 256;
  double warm_s = 1;
  double seconds = 5;
  // Then so many more, each after a pause, which tells what it costs to wake an idle broker.
  int pauses = 20;
  absl::Duration pause = absl::Seconds(1);
};

// The same, with one submission in flight.
absl::StatusOr<Report> RunLatency(const Target& target, const LatencyOptions& options);

}  // namespace muster::bench

#endif  // MUSTER_CLIENT_BENCH_SUBMIT_LOAD_H_
