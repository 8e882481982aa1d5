// How a command changes something: send the body, and show what came of it.
#ifndef MUSTER_CLIENT_CLI_CHANGE_H_
#define MUSTER_CLIENT_CLI_CHANGE_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/cli/exit_code.h"
#include "client/cli/invocation.h"
#include "common/status_macros.h"
#include "common/toml.h"

namespace muster::cli {

// The client's call for bodies of one type.
template <typename Body>
using ChangeCall = absl::StatusOr<v1::Outcome> (Client::*)(Body, std::string);

// What follows a name on the screen and in JSON.
using Extras = std::vector<std::pair<std::string, std::string>>;

// Sends `body`, and waits for the decision as --wait says. Every attempt of this run, and a later one with
// --submission-id, is the same submission.
template <typename Body>
absl::StatusOr<v1::Outcome> Send(Invocation& invocation, const Body& body, ChangeCall<Body> call) {
  MUSTER_ASSIGN_OR_RETURN(Client * client, invocation.client());
  MUSTER_ASSIGN_OR_RETURN(v1::Outcome outcome, (client->*call)(body, invocation.submission_id()));
  return invocation.Settle(std::move(outcome));
}

// Sends a change of an operation and prints its outcome under the operation's banner. `done` says what is now the case.
template <typename Body>
absl::Status Change(Invocation& invocation, const Body& body, ChangeCall<Body> call, absl::string_view done,
                    Extras extras = {}) {
  MUSTER_ASSIGN_OR_RETURN(const v1::Outcome outcome, Send(invocation, body, call));
  invocation.BannerFor(body.operation_id());
  invocation.PrintOutcome(outcome, done, std::move(extras));
  return absl::OkStatus();
}

// Reads the file as `body`, whose operation the command line names: the file must mean the same or name none.
template <typename Body>
absl::Status LoadBody(const std::string& file, Body* body) {
  const std::string operation_id = body->operation_id();
  MUSTER_RETURN_IF_ERROR(LoadTomlFile(file, body));
  if (body->operation_id().empty()) body->set_operation_id(operation_id);
  if (body->operation_id() != operation_id) {
    return UsageError(absl::StrCat(file, " is for operation ", body->operation_id(), ", not for ", operation_id));
  }
  return absl::OkStatus();
}

}  // namespace muster::cli

#endif  // MUSTER_CLIENT_CLI_CHANGE_H_
