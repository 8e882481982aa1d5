#include "client/lib/agent_client.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/deadline.h"
#include "common/status_macros.h"
#include "common/validation.h"

namespace muster {
namespace {

using agent::v1::OutboxItem;
using agent::v1::OutboxItemName;

constexpr uint32_t kPageSize = 500;
constexpr absl::Duration kAwaitMin = absl::Milliseconds(200);

}  // namespace

template <typename Response>
absl::StatusOr<Response> AgentClient::Call(absl::string_view method, const google::protobuf::Message& request) {
  MUSTER_RETURN_IF_ERROR(Validate(request));
  Response response;
  MUSTER_RETURN_IF_ERROR(connection_->Call(absl::StrCat("/muster.agent.v1.AgentService/", method), request, &response));
  return response;
}

absl::StatusOr<agent::v1::GetStatusResponse> AgentClient::GetStatus() {
  return Call<agent::v1::GetStatusResponse>("GetStatus", agent::v1::GetStatusRequest());
}

absl::StatusOr<agent::v1::DiagnoseResponse> AgentClient::Diagnose() {
  return Call<agent::v1::DiagnoseResponse>("Diagnose", agent::v1::DiagnoseRequest());
}

absl::StatusOr<agent::v1::EnrollResponse> AgentClient::Enroll(const agent::v1::EnrollmentBundle& bundle) {
  agent::v1::EnrollRequest request;
  *request.mutable_bundle() = bundle;
  return Call<agent::v1::EnrollResponse>("Enroll", request);
}

absl::StatusOr<agent::v1::ListOutboxResponse> AgentClient::ListOutbox(agent::v1::ListOutboxRequest request) {
  request.mutable_page()->set_page_size(kPageSize);
  agent::v1::ListOutboxResponse all;
  do {
    MUSTER_ASSIGN_OR_RETURN(const agent::v1::ListOutboxResponse page,
                            Call<agent::v1::ListOutboxResponse>("ListOutbox", request));
    all.clear_next_page_token();
    all.MergeFrom(page);
    request.mutable_page()->set_page_token(page.next_page_token());
  } while (!all.next_page_token().empty());
  return all;
}

absl::StatusOr<OutboxItem> AgentClient::GetOutboxItem(const OutboxItemName& name) {
  agent::v1::GetOutboxItemRequest request;
  *request.mutable_item() = name;
  MUSTER_ASSIGN_OR_RETURN(agent::v1::GetOutboxItemResponse response,
                          Call<agent::v1::GetOutboxItemResponse>("GetOutboxItem", request));
  return std::move(*response.mutable_item());
}

absl::StatusOr<OutboxItem> AgentClient::RetryOutboxItem(const OutboxItemName& name) {
  agent::v1::RetryOutboxItemRequest request;
  *request.mutable_item() = name;
  MUSTER_ASSIGN_OR_RETURN(agent::v1::RetryOutboxItemResponse response,
                          Call<agent::v1::RetryOutboxItemResponse>("RetryOutboxItem", request));
  return std::move(*response.mutable_item());
}

absl::StatusOr<OutboxItem> AgentClient::DropOutboxItem(const OutboxItemName& name, const std::string& reason) {
  agent::v1::DropOutboxItemRequest request;
  *request.mutable_item() = name;
  request.set_reason(reason);
  MUSTER_ASSIGN_OR_RETURN(agent::v1::DropOutboxItemResponse response,
                          Call<agent::v1::DropOutboxItemResponse>("DropOutboxItem", request));
  return std::move(*response.mutable_item());
}

absl::StatusOr<OutboxItem> AgentClient::Await(const OutboxItemName& name, absl::Duration within) {
  agent::v1::AwaitOutboxItemRequest request;
  *request.mutable_item() = name;
  MUSTER_RETURN_IF_ERROR(Validate(request));
  const Deadline deadline(within, connection_->clock());
  while (true) {
    agent::v1::AwaitOutboxItemResponse response;
    // What has been decided is told even when no time is left.
    const absl::Duration left = std::max(deadline.left(), kAwaitMin);
    const absl::Status status = connection_->Call("/muster.agent.v1.AgentService/AwaitOutboxItem", request, &response,
                                                  std::min(left, connection_->options().deadline));
    if (status.ok()) return std::move(*response.mutable_item());
    // A call waits no longer than the connection's deadline, and a daemon that restarts holds the item still.
    if (!absl::IsDeadlineExceeded(status) && !absl::IsUnavailable(status)) return status;
    if (deadline.passed()) {
      return absl::DeadlineExceededError(absl::StrCat("no decision yet: ", status.message()));
    }
  }
}

}  // namespace muster
