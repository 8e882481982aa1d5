// Everybody is connected, and one order goes out to all.
#ifndef MUSTER_CLIENT_BENCH_CONNECTIONS_LOAD_H_
#define MUSTER_CLIENT_BENCH_CONNECTIONS_LOAD_H_

#include <string>

#include "absl/status/statusor.h"
#include "client/bench/figures.h"
#include "client/bench/stage.h"

namespace muster::bench {

enum class Order { kGo, kPlan };

struct ConnectionsOptions {
  // Of the caller's that is not ACTUAL; empty: one of its own.
  std::string operation_id;
  // Where the authority's key is. Required: each connection is another agency's.
  std::string authority;
  size_t agencies = 1000;
  // A GO, or an amendment of the plan.
  Order order = Order::kGo;
};

// Agencies connect and subscribe, each with its own certificate; then the order, and how long until all have it.
absl::StatusOr<Report> RunConnections(const Target& target, const ConnectionsOptions& options);

}  // namespace muster::bench

#endif  // MUSTER_CLIENT_BENCH_CONNECTIONS_LOAD_H_
