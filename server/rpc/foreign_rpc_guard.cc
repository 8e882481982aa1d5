#include "server/rpc/foreign_rpc_guard.h"

#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "common/status_macros.h"
#include "server/rpc/wire.h"

namespace muster {

grpc::Status ForeignRpcGuard::Process(const InputMetadata& metadata, grpc::AuthContext* context, OutputMetadata*,
                                      OutputMetadata*) {
  const auto it = metadata.find(":path");
  const absl::string_view path =
      it == metadata.end() ? absl::string_view() : absl::string_view(it->second.data(), it->second.size());
  // Their handlers ask, and answer with details.
  if (absl::StartsWith(path, "/muster.v1.") || absl::StartsWith(path, "/muster.cluster.v1.")) return grpc::Status::OK;
  const absl::Status status = [&]() -> absl::Status {
    MUSTER_ASSIGN_OR_RETURN(const Caller caller, guard_->Authenticate(*context));
    return broker_->WithState(
        [&](const State& state) { return guard_->Admit(state, caller, FindRule(absl::StripPrefix(path, "/")), {}); });
  }();
  return ToGrpcStatus(status);
}

}  // namespace muster
