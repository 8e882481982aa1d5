// An enrolment bundle: what it must be, and the connection that it makes.
//
// Threading: pure functions.
#ifndef MUSTER_CLIENT_AGENT_BUNDLE_H_
#define MUSTER_CLIENT_AGENT_BUNDLE_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/lib/connection.h"
#include "common/identity.h"
#include "muster/agent/v1/agent.pb.h"
#include "muster/config/v1/agent.pb.h"

namespace muster::agent {

// Who the bundle's certificate says we are.
//
// Errors: INVALID_ARGUMENT  a part is missing or malformed, key and certificate do not belong together, the certificate
//                           is not valid at `now` or names no agency of the trust domain, or a broker is no host:port.
absl::StatusOr<CertificateIdentity> CheckBundle(const v1::EnrollmentBundle& bundle, absl::Time now);

// Channels to the bundle's brokers, with its identity. Does not check whether the certificate is valid now: that is the
// brokers' to say, by their clock.
absl::StatusOr<std::shared_ptr<Connection>> ConnectWith(const v1::EnrollmentBundle& bundle,
                                                        const config::v1::AgentLinkConfig& link);

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_BUNDLE_H_
