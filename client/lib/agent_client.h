// Typed calls to a command post's daemon about itself: its link, its outbox, its certificate (muster.agent.v1).
//
// The connection is one to the daemon (`unix:PATH`, or its loopback port); a broker answers UNIMPLEMENTED.
//
// Thread safety: all methods may be called from any thread. Calls block for at most the connection's deadline, Await
// for as long as it is told. Errors: those that each RPC documents in proto/muster/agent/v1, and those of
// Connection::Call.
#ifndef MUSTER_CLIENT_LIB_AGENT_CLIENT_H_
#define MUSTER_CLIENT_LIB_AGENT_CLIENT_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/lib/connection.h"
#include "muster/agent/v1/agent.pb.h"

namespace muster {

class AgentClient {
 public:
  explicit AgentClient(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}

  absl::StatusOr<agent::v1::GetStatusResponse> GetStatus();
  absl::StatusOr<agent::v1::DiagnoseResponse> Diagnose();
  absl::StatusOr<agent::v1::EnrollResponse> Enroll(const agent::v1::EnrollmentBundle& bundle);

  // All of it, page by page; the request's page options are ours to set.
  absl::StatusOr<agent::v1::ListOutboxResponse> ListOutbox(agent::v1::ListOutboxRequest request);
  absl::StatusOr<agent::v1::OutboxItem> GetOutboxItem(const agent::v1::OutboxItemName& name);
  absl::StatusOr<agent::v1::OutboxItem> RetryOutboxItem(const agent::v1::OutboxItemName& name);
  absl::StatusOr<agent::v1::OutboxItem> DropOutboxItem(const agent::v1::OutboxItemName& name,
                                                       const std::string& reason);

  // Waits until the item is accepted, rejected or dropped, through restarts of the daemon too. DEADLINE_EXCEEDED when
  // that takes longer than `within`.
  absl::StatusOr<agent::v1::OutboxItem> Await(const agent::v1::OutboxItemName& name, absl::Duration within);

 private:
  template <typename Response>
  absl::StatusOr<Response> Call(absl::string_view method, const google::protobuf::Message& request);

  const std::shared_ptr<Connection> connection_;
};

}  // namespace muster

#endif  // MUSTER_CLIENT_LIB_AGENT_CLIENT_H_
