// How every unary call is served: authenticate, authorize, validate, then read the state or submit to the broker.
//
// The services are registered as raw methods, so that bytes which are no message get a clear INVALID_ARGUMENT instead
// of gRPC's UNIMPLEMENTED.
//
// Threading: called by gRPC's threads; nothing here blocks.
#ifndef MUSTER_SERVER_RPC_UNARY_H_
#define MUSTER_SERVER_RPC_UNARY_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "common/error_reason.h"
#include "common/status_macros.h"
#include "common/submission_checks.h"
#include "common/validation.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/server_callback.h"
#include "muster/v1/submission.pb.h"
#include "server/broker/broker.h"
#include "server/rpc/guard.h"
#include "server/rpc/wire.h"
#include "server/state/cursor.h"

namespace muster {

// What a read handler may look at, with the state held still.
struct ReadScope {
  const State& state;
  const Caller& caller;
  absl::string_view agency_id() const { return caller.principal.agency_id(); }
};

class UnaryCalls {
 public:
  // Both borrowed; they outlive this.
  UnaryCalls(Broker* broker, const Guard* guard) : broker_(broker), guard_(guard) {}

  // Serves a read. `read(scope, request, &response)` returns the status; the response's cursor is set here.
  // `subject(request)` names what the call is about, for the policy.
  template <typename Request, typename Response, typename Subject, typename Answerer>
  grpc::ServerUnaryReactor* Read(grpc::CallbackServerContext* context, absl::string_view rpc,
                                 const grpc::ByteBuffer* request_bytes, grpc::ByteBuffer* response_bytes,
                                 Subject subject, Answerer read) const {
    Response response;
    const absl::Status status = [&]() -> absl::Status {
      MUSTER_ASSIGN_OR_RETURN(const Caller caller, guard_->Authenticate(*context->auth_context()));
      Request request;
      const absl::Status parsed = ParseBuffer(*request_bytes, &request);
      return broker_->WithState([&](const State& state) -> absl::Status {
        MUSTER_RETURN_IF_ERROR(guard_->CheckStanding(state, caller));
        MUSTER_RETURN_IF_ERROR(parsed);
        MUSTER_RETURN_IF_ERROR(Authorize(state, caller.principal.agency_id(), FindRule(rpc), subject(request)));
        MUSTER_RETURN_IF_ERROR(Validate(request));
        if constexpr (requires { request.read(); }) {
          MUSTER_RETURN_IF_ERROR(CheckAtLeast(state, caller.principal.agency_id(), request.read().at_least_cursor()));
        }
        MUSTER_RETURN_IF_ERROR(read(ReadScope{state, caller}, request, &response));
        response.set_cursor(state.CursorOf(caller.principal.agency_id()));
        return absl::OkStatus();
      });
    }();
    if (status.ok()) *response_bytes = ToBuffer(response);
    return Finish(context, status);
  }

  // Serves a mutation: `fill(&request, &submission)` moves the body. A rejected outcome becomes the status that its
  // reason stands for.
  template <typename Request, typename Response, typename Fill>
  grpc::ServerUnaryReactor* Submit(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request_bytes,
                                   grpc::ByteBuffer* response_bytes, Fill fill) const {
    Request request;
    const absl::Status parsed = ParseBuffer(*request_bytes, &request);
    // The wrapper's own fields: what is unknown in it would be lost with it.
    const absl::Status valid = parsed.ok() ? Validate(request) : parsed;
    v1::Submission submission;
    submission.set_submission_id(request.submission_id());
    fill(&request, &submission);
    return Submit(context, valid, std::move(submission), [response_bytes](v1::Outcome outcome) -> absl::Status {
      if (outcome.has_rejected()) return ToStatus(outcome.rejected());
      Response response;
      *response.mutable_outcome() = std::move(outcome);
      *response_bytes = ToBuffer(response);
      return absl::OkStatus();
    });
  }

  // The same for a whole submission. `valid` is what Validate said of the request that holds it. `answer` turns the
  // outcome into the response and the call's status.
  using Answer = std::function<absl::Status(v1::Outcome)>;
  grpc::ServerUnaryReactor* Submit(grpc::CallbackServerContext* context, absl::Status valid, v1::Submission submission,
                                   Answer answer) const;

  const Guard& guard() const { return *guard_; }

 private:
  static grpc::ServerUnaryReactor* Finish(grpc::CallbackServerContext* context, const absl::Status& status);
  static absl::Status CheckAtLeast(const State& state, absl::string_view agency_id, absl::string_view cursor);

  Broker* const broker_;
  const Guard* const guard_;
};

// For calls that are about no operation and no agency.
inline constexpr auto kNoSubject = [](const auto&) { return PolicySubject{}; };
// For calls about the operation that the request names.
inline constexpr auto kItsOperation = [](const auto& request) { return PolicySubject{request.operation_id(), ""}; };

}  // namespace muster

#endif  // MUSTER_SERVER_RPC_UNARY_H_
