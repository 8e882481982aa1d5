// Authenticates and authorizes every call: nothing reaches the broker past it.
//
// A TLS handshake proves who connected then. That is not enough: a connection outlives its certificate's validity, and
// a certificate its holder's trust. So every call, and every open stream again and again, is checked against the clock
// and the roster.
//
// Threading: thread-safe.
#ifndef MUSTER_SERVER_RPC_GUARD_H_
#define MUSTER_SERVER_RPC_GUARD_H_

#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "common/identity.h"
#include "grpcpp/security/auth_context.h"
#include "muster/v1/outcome.pb.h"
#include "server/broker/broker.h"
#include "server/broker/pending_submission.h"
#include "server/state/access/policy.h"

namespace muster {

// Who is calling, as the certificate proves it.
struct Caller {
  const v1::Principal& principal() const { return sender->principal; }

  // With the certificate, and those between it and the authority.
  std::shared_ptr<const Sender> sender;
  absl::Time not_before;
  absl::Time not_after;
};

class Guard {
 public:
  // Borrows `clock`, which outlives this.
  Guard(std::string trust_domain, const Clock* clock);

  // The broker's time.
  absl::Time Now() const { return clock_->Now(); }

  // The caller, from the certificate that this connection presented; checks that it is valid now, not its standing.
  //
  // Errors: UNAUTHENTICATED no certificate, one that names nobody, or one that has expired.
  absl::StatusOr<Caller> Authenticate(const grpc::AuthContext& context) const;

  // The caller whose certificate another broker was shown, in a connection that proved it. That broker's word is not
  // taken for more than this: whether `authorities` (PEM) sign the certificate, whom it names and whether it is valid
  // is looked at here. Errors as of Authenticate.
  absl::StatusOr<Caller> CallerOfEvidence(absl::string_view certificate, absl::string_view authorities) const;

  // The broker of this cluster whose certificate this connection presented: its id. UNAUTHENTICATED for everybody else.
  absl::StatusOr<std::string> AuthenticateBroker(const grpc::AuthContext& context) const;

  // Whether the caller's certificate is valid now and its standing good: what an open stream must pass again and again.
  absl::Status CheckStanding(const State& state, const Caller& caller) const;

  // CheckStanding, and what the policy table says of `rule`.
  absl::Status Admit(const State& state, const Caller& caller, const PolicyRule* rule,
                     const PolicySubject& subject) const;

 private:
  // `between`: the certificates between this one and the authority, if the caller showed any.
  absl::StatusOr<Caller> CallerFromPem(absl::string_view pem, absl::string_view between) const;
  absl::Status CheckValidity(absl::Time not_before, absl::Time not_after) const;

  const std::string trust_domain_;
  const Clock* const clock_;

  // Parsing a certificate costs some tens of microseconds; who it names does not change.
  mutable absl::Mutex callers_mu_;  // Held for a look-up only, never with another lock.
  mutable absl::flat_hash_map<std::string, Caller> callers_ ABSL_GUARDED_BY(callers_mu_);
};

}  // namespace muster

#endif  // MUSTER_SERVER_RPC_GUARD_H_
