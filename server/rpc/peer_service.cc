#include "server/rpc/peer_service.h"

#include <memory>
#include <utility>
#include <vector>

#include "common/error_reason.h"
#include "common/status_macros.h"
#include "common/submission_checks.h"
#include "server/rpc/copy_stream.h"
#include "server/rpc/submission_intake.h"
#include "server/rpc/wire.h"

namespace muster {
namespace {

absl::Status DoesNotLead() {
  return Refusal(v1::ERROR_REASON_NO_LEADER, "this broker does not lead; look who does, and send it there");
}

template <typename Reactor>
Reactor* Answer(Reactor* reactor, const absl::Status& status) {
  reactor->Finish(ToGrpcStatus(status));
  return reactor;
}

// A copy that is refused.
class RefusedCopy final : public grpc::ServerWriteReactor<cluster::v1::FetchCopyResponse> {
 public:
  explicit RefusedCopy(const absl::Status& why) { Finish(ToGrpcStatus(why)); }
  void OnDone() override { delete this; }
};

}  // namespace

// Collects the answers, and ends the call with the last one. Kept by the callbacks of what is not yet decided.
class PeerService::Forwarding {
 public:
  Forwarding(const Broker* broker, grpc::ServerUnaryReactor* reactor, cluster::v1::ForwardResponse* response, int count)
      : broker_(broker), reactor_(reactor), response_(response), open_(count) {
    for (int i = 0; i < count; ++i) response->add_answers();
  }

  void Decide(int i, v1::SubmissionAnswer answer) {
    {
      absl::MutexLock lock(&mu_);
      *response_->mutable_answers(i) = std::move(answer);
      if (--open_ > 0) return;
    }
    // Nobody else is left.
    response_->set_applied_sequence(broker_->WithState([](const State& state) { return state.sequence(); }));
    reactor_->Finish(grpc::Status::OK);
  }

 private:
  const Broker* const broker_;
  grpc::ServerUnaryReactor* const reactor_;
  absl::Mutex mu_;                                // A leaf.
  cluster::v1::ForwardResponse* const response_;  // Until all are decided, under mu_.
  int open_ ABSL_GUARDED_BY(mu_);
};

PeerService::PeerService(std::string broker_id, Broker* broker, const Guard* guard, const PresenceBoard* presence,
                         std::function<absl::StatusOr<std::string>()> authorities)
    : broker_id_(std::move(broker_id)),
      broker_(broker),
      guard_(guard),
      presence_(presence),
      authorities_(std::move(authorities)) {}

absl::StatusOr<std::vector<absl::StatusOr<Caller>>> PeerService::CallersOf(
    const cluster::v1::ForwardRequest& request) const {
  MUSTER_ASSIGN_OR_RETURN(const std::string authorities, authorities_());
  std::vector<absl::StatusOr<Caller>> callers;
  for (const std::string& certificate : request.certificates()) {
    callers.push_back(guard_->CallerOfEvidence(certificate, authorities));
  }
  for (const cluster::v1::ForwardedSubmission& one : request.submissions()) {
    if (one.certificate() < callers.size()) continue;
    return Refusal(v1::ERROR_REASON_MALFORMED, "certificate: names one that the request does not hold");
  }
  return callers;
}

grpc::ServerUnaryReactor* PeerService::Forward(grpc::CallbackServerContext* context,
                                               const cluster::v1::ForwardRequest* request,
                                               cluster::v1::ForwardResponse* response) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  const absl::StatusOr<std::string> peer = guard_->AuthenticateBroker(*context->auth_context());
  if (!peer.ok()) return Answer(reactor, peer.status());
  if (!broker_->leads()) return Answer(reactor, DoesNotLead());
  const absl::StatusOr<std::vector<absl::StatusOr<Caller>>> callers = CallersOf(*request);
  if (!callers.ok()) return Answer(reactor, callers.status());
  const int count = request->submissions_size();
  if (count == 0) return Answer(reactor, absl::OkStatus());

  // As if each had come from its sender: standing, rights and shape are looked at here.
  const auto caller_of = [&](int i) -> const absl::StatusOr<Caller>& {
    return (*callers)[request->submissions(i).certificate()];
  };
  std::vector<absl::Status> checks(static_cast<size_t>(count));
  broker_->WithState([&](const State& state) {
    for (int i = 0; i < count; ++i) {
      const absl::StatusOr<Caller>& caller = caller_of(i);
      absl::Status& check = checks[static_cast<size_t>(i)];
      check = caller.ok() ? guard_->CheckStanding(state, *caller) : caller.status();
      if (!check.ok()) continue;
      check = AuthorizeSubmission(state, caller->principal().agency_id(), request->submissions(i).submission());
    }
  });
  const auto forwarding = std::make_shared<Forwarding>(broker_, reactor, response, count);
  std::vector<PendingSubmission> passed;
  for (int i = 0; i < count; ++i) {
    const v1::Submission& submission = request->submissions(i).submission();
    absl::Status check = std::move(checks[static_cast<size_t>(i)]);
    if (check.ok()) check = ValidateSubmission(submission);
    const auto decide = [forwarding, i](const v1::Submission& decided, absl::StatusOr<v1::Outcome> outcome, Beside) {
      forwarding->Decide(i, AnswerOf(decided.submission_id(), std::move(outcome)));
    };
    if (!check.ok()) {
      decide(submission, std::move(check), {});
      continue;
    }
    passed.push_back(PendingSubmission::Of(caller_of(i)->sender, submission, decide));
    passed.back().forwarded = true;
  }
  broker_->SubmitAll(std::move(passed));
  return reactor;
}

grpc::ServerUnaryReactor* PeerService::ListPeerPresence(grpc::CallbackServerContext* context,
                                                        const cluster::v1::ListPeerPresenceRequest*,
                                                        cluster::v1::ListPeerPresenceResponse* response) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  const absl::StatusOr<std::string> peer = guard_->AuthenticateBroker(*context->auth_context());
  if (!peer.ok()) return Answer(reactor, peer.status());
  for (v1::Presence& presence : presence_->All()) *response->add_presence() = std::move(presence);
  response->set_broker_id(broker_id_);
  *response->mutable_counted_since() = ToProto(presence_->counted_since());
  return Answer(reactor, absl::OkStatus());
}

grpc::ServerWriteReactor<cluster::v1::FetchCopyResponse>* PeerService::FetchCopy(grpc::CallbackServerContext* context,
                                                                                 const cluster::v1::FetchCopyRequest*) {
  const absl::StatusOr<std::string> peer = guard_->AuthenticateBroker(*context->auth_context());
  if (!peer.ok()) return new RefusedCopy(peer.status());
  if (copying_.exchange(true)) {
    return new RefusedCopy(absl::UnavailableError("this broker is giving a copy to another just now; try again later"));
  }
  return new CopyStream(context, broker_->data_dir(), [this] { copying_ = false; });
}

}  // namespace muster
