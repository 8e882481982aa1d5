#include "client/cli/board/board_calls.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/acknowledgement_view.h"
#include "client/cli/agent_view.h"
#include "client/lib/all_pages.h"
#include "common/status_macros.h"

namespace muster::cli {
namespace {

// Whether the answer is that there is nothing for us, as opposed to none just now.
bool IsFinal(const absl::Status& status) {
  return absl::IsPermissionDenied(status) || absl::IsNotFound(status) || absl::IsFailedPrecondition(status);
}

// Puts what was read where it belongs, or says why it is not there.
template <typename Response, typename Value>
absl::Status Keep(absl::StatusOr<Response> response, Parts part, OperationBoard* board, std::optional<Value>* target,
                  Value (*value)(Response&)) {
  if (response.ok()) {
    *target = value(*response);
    board->absent.erase(part);
    return absl::OkStatus();
  }
  if (!IsFinal(response.status())) return response.status();
  target->reset();
  board->absent[part] = absl::IsPermissionDenied(response.status()) ? "not for your role" : "none yet";
  return absl::OkStatus();
}

template <typename Request>
Request For(const std::string& operation_id) {
  Request request;
  request.set_operation_id(operation_id);
  return request;
}

absl::Status ReadConflicts(Client& client, const std::string& operation_id, OperationBoard* board) {
  auto request = For<v1::ListConflictsRequest>(operation_id);
  request.set_open_only(true);
  return Keep<v1::ListConflictsResponse, v1::ListConflictsResponse>(
      AllPages(client, &Client::ListConflicts, request), kConflictsPart, board, &board->conflicts,
      [](v1::ListConflictsResponse& response) { return std::move(response); });
}

absl::Status ReadTotals(Client& client, const std::string& operation_id, OperationBoard* board) {
  auto request = For<v1::GetTotalsRequest>(operation_id);
  request.set_definition(v1::COUNTING_DEFINITION_LEAD);
  return Keep<v1::GetTotalsResponse, v1::TallyTotals>(
      client.GetTotals(request), kTotalsPart, board, &board->totals,
      [](v1::GetTotalsResponse& response) { return std::move(*response.mutable_totals()); });
}

}  // namespace

BoardLink LinkOfDaemon(AgentClient& agent, absl::Time now, absl::TimeZone zone) {
  BoardLink link;
  const absl::StatusOr<agent::v1::GetStatusResponse> status = agent.GetStatus();
  if (!status.ok()) {
    link.text = absl::StrCat("THE DAEMON DOES NOT ANSWER: ", status.status().message());
    return link;
  }
  link.connected = status->link().state() == agent::v1::LINK_STATE_CONNECTED;
  const std::string text = LinkText(status->link(), now, zone);
  link.text = link.connected ? absl::StrCat("CONNECTED to ", status->link().broker()) : text;
  link.saved_here = status->outbox().saved_here();
  link.alarms = Alarms(*status, now, zone);
  // The link has a line of its own.
  std::erase(link.alarms, text);
  return link;
}

BoardLink LinkToBroker(const Client& client, bool caught_up, const absl::Status& trouble) {
  BoardLink link;
  const ConnectionOptions& options = client.connection()->options();
  const std::string& broker = options.brokers[client.connection()->broker()];
  link.connected = trouble.ok() && caught_up;
  if (!trouble.ok()) {
    link.text = absl::StrCat("THE LINE IS DOWN: ", trouble.message(), "; trying again");
  } else {
    link.text = absl::StrCat(caught_up ? "CONNECTED to " : "CONNECTING to ", broker);
  }
  return link;
}

absl::StatusOr<v1::ListOperationsResponse> ReadOperations(Client& client) {
  return AllPages(client, &Client::ListOperations, v1::ListOperationsRequest());
}

absl::Status ReadParts(Client& client, const std::string& operation_id, Parts parts, OperationBoard* board) {
  absl::Status first;
  if ((parts & kReadinessPart) != 0) {
    first.Update(Keep<v1::GetReadinessBoardResponse, v1::ReadinessBoard>(
        client.GetReadinessBoard(For<v1::GetReadinessBoardRequest>(operation_id)), kReadinessPart, board,
        &board->readiness,
        [](v1::GetReadinessBoardResponse& response) { return std::move(*response.mutable_board()); }));
  }
  if ((parts & kAcknowledgementsPart) != 0) {
    first.Update(Keep<v1::ListAcknowledgementsResponse, v1::ListAcknowledgementsResponse>(
        ReadAcknowledgements(client, operation_id), kAcknowledgementsPart, board, &board->acknowledgements,
        [](v1::ListAcknowledgementsResponse& response) { return std::move(response); }));
  }
  if ((parts & kConflictsPart) != 0) first.Update(ReadConflicts(client, operation_id, board));
  if ((parts & kTotalsPart) != 0) first.Update(ReadTotals(client, operation_id, board));
  return first;
}

}  // namespace muster::cli
