// Whether an authority vouches for a certificate that did not come by a handshake of ours.
//
// Threading: pure functions. A signature takes some hundred microseconds to check.
#ifndef MUSTER_COMMON_CERTIFICATE_CHAIN_H_
#define MUSTER_COMMON_CERTIFICATE_CHAIN_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace muster {

// Whether `chain` (PEM, the leaf first) leads to one of `authorities` (PEM) as a TLS client's at `now`: what a
// handshake checks, but for the proof that its holder has the key.
//
// Errors: UNAUTHENTICATED (CERTIFICATE_UNUSABLE) it does not; the message says why.
absl::Status CheckClientChain(absl::string_view chain, absl::string_view authorities, absl::Time now);

}  // namespace muster

#endif  // MUSTER_COMMON_CERTIFICATE_CHAIN_H_
