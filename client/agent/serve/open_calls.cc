#include "client/agent/serve/open_calls.h"

#include "absl/strings/str_cat.h"
#include "common/error_reason.h"

namespace muster::agent {
namespace {

absl::Status Draining() {
  return Refusal(muster::v1::ERROR_REASON_DRAINING, "muster-agent is shutting down; connect again in a moment");
}

}  // namespace

absl::StatusOr<OpenCalls::Place> OpenCalls::Enter(std::atomic<int>* taken, int max) {
  if (stopping_.load()) return Draining();
  const int before = taken->fetch_add(1);
  Place place(taken);
  if (before >= max) {
    return Refusal(muster::v1::ERROR_REASON_QUEUE_FULL,
                   absl::StrCat("muster-agent has ", max,
                                " calls of this kind at work already; try again shortly, and "
                                "see which programs on this machine keep streams open"));
  }
  return place;
}

absl::Status OpenCalls::ShouldEnd(const grpc::ServerContext& context) const {
  if (stopping_.load()) return Draining();
  if (context.IsCancelled()) return absl::CancelledError("the caller has gone, or its deadline has passed");
  return absl::OkStatus();
}

}  // namespace muster::agent
