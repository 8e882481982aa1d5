// Where a load is played: an operation that is not real, and who takes part in it.
//
// Threading: calls block; one thread.
#ifndef MUSTER_CLIENT_BENCH_STAGE_H_
#define MUSTER_CLIENT_BENCH_STAGE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/bench/route.h"
#include "client/bench/templates.h"
#include "client/lib/client.h"
#include "muster/v1/operation.pb.h"

namespace muster::bench {

// The broker under load, and as whom. Pointers are not owned.
struct Target {
  Client* client = nullptr;
  const Route* route = nullptr;
  // Of the caller's certificate's URI.
  std::string trust_domain;
  // Its processes on this machine, whose use is measured; may be empty.
  std::vector<int> server_pids;
};

struct Stage {
  // The caller's.
  std::string agency_id;
  std::string operation_id;
  v1::OperationMode mode = v1::OPERATION_MODE_EXERCISE;
  std::string site_id;
  // USPS, of the site.
  std::string state;
};

// Makes an operation of its own, an EXERCISE with a site and a plan, and arms it; or takes `operation_id`, if given.
//
// Errors: FAILED_PRECONDITION the operation given is ACTUAL, which no load may touch, or has no site.
absl::StatusOr<Stage> SetStage(Client& client, const std::string& operation_id);

// A tally entry of about `submission_bytes` when encoded, with `entry_id` as its id.
v1::Submission TallyEntryOf(const Stage& stage, const std::string& entry_id, size_t submission_bytes);

// Sends every one, many at a time, and waits for the outcomes. The first refusal is the error.
absl::Status SubmitAll(Client& client, std::vector<v1::Submission> submissions);

}  // namespace muster::bench

#endif  // MUSTER_CLIENT_BENCH_STAGE_H_
