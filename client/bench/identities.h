// Agencies by the thousand: certificates made in memory by an authority whose key is at hand, and their registration.
//
// Threading: calls block; one thread.
#ifndef MUSTER_CLIENT_BENCH_IDENTITIES_H_
#define MUSTER_CLIENT_BENCH_IDENTITIES_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/bench/route.h"
#include "client/bench/stage.h"
#include "muster/v1/agency.pb.h"
#include "muster/v1/operation.pb.h"

namespace muster::bench {

// Issues client certificates (EC P-256, one SPIFFE URI: common/identity.h) that are valid for a day.
class Authority {
 public:
  // From `folder`/ca/ca.crt and ca.key, as certs-example/make-certs.sh makes them. INVALID_ARGUMENT when they are not
  // there or not what they should be.
  static absl::StatusOr<std::unique_ptr<Authority>> Load(const std::string& folder);

  // For `uri`, with a new key.
  absl::StatusOr<Identity> Issue(const std::string& uri, absl::Time now) const;

 private:
  Authority() = default;
  Identity issuer_;
};

// The SHA-256 of the identity's public key, as v1::Operator names it.
std::string KeySha256Of(const Identity& identity);

// Registers `count` new agencies of the stage's state, makes each a participant in `role`, and returns an identity for
// each. The caller must be a registrar and the operation's lead. `folder` is the authority's.
absl::StatusOr<std::vector<Identity>> Enrol(const Target& target, const Stage& stage, const std::string& folder,
                                            size_t count, v1::AgencyKind kind, v1::Role role);

}  // namespace muster::bench

#endif  // MUSTER_CLIENT_BENCH_IDENTITIES_H_
