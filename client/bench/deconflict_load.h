// Deconfliction: what it costs to ask whether an activity is too close to any of those there are.
#ifndef MUSTER_CLIENT_BENCH_DECONFLICT_LOAD_H_
#define MUSTER_CLIENT_BENCH_DECONFLICT_LOAD_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/bench/figures.h"
#include "client/bench/publisher.h"
#include "client/bench/stage.h"
#include "client/bench/zones.h"

namespace muster::bench {

struct DeconflictOptions {
  // Of the caller's that is not ACTUAL; empty: one of its own, with zones of its own.
  std::string operation_id;
  // Activities to compare with, entered first. 0: those that an earlier run entered.
  uint64_t zones = 1000;
  uint64_t queries = 20'000;
  PublisherOptions publisher;
};

// Enters the zones, then enters further activities and takes them back, a few at a time, so that there are never many
// more than the zones. Only entering them is measured.
absl::StatusOr<Report> RunDeconflict(const Target& target, const DeconflictOptions& options);

}  // namespace muster::bench

#endif  // MUSTER_CLIENT_BENCH_DECONFLICT_LOAD_H_
