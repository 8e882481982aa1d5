// Whether an authority vouches for a certificate that did not come by a handshake of ours.
//
// Threading: pure functions. A signature takes some hundred microseconds to check.
#ifndef MUSTER_COMMON_CERTIFICATE_CHAIN_H_
#define MUSTER_COMMON_CERTIFICATE_CHAIN_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/openssl_ptr.h"

namespace muster {

using Certificates = std::vector<UniqueX509>;

// Every certificate in `pem` up to the first that is damaged; a chain has a handful, a list of authorities some dozens.
Certificates ParseCertificates(absl::string_view pem);

enum class Purpose { kClient, kServer };

struct ChainVerdict {
  bool holds = false;
  std::string why;    // In OpenSSL's words, when it does not.
  UniqueX509 anchor;  // The authority that it leads to, when it does.
};
// Whether the first of `chain`, which is not empty, leads to one of `authorities` for this use, as gRPC's handshakes
// find it; without `at` whatever the time is.
ChainVerdict VerifyChain(const Certificates& chain, const Certificates& authorities, Purpose purpose,
                         std::optional<absl::Time> at);

// Whether `chain` (PEM, the leaf first) leads to one of `authorities` (PEM) as a TLS client's at `now`: what a
// handshake checks, but for the proof that its holder has the key.
//
// Errors: UNAUTHENTICATED (CERTIFICATE_UNUSABLE) it does not; the message says why.
absl::Status CheckClientChain(absl::string_view chain, absl::string_view authorities, absl::Time now);

}  // namespace muster

#endif  // MUSTER_COMMON_CERTIFICATE_CHAIN_H_
