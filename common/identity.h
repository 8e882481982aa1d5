// Who a certificate says its holder is.
//
// A principal is the certificate's single URI subject alternative name, `spiffe://<trust domain>/agency/<agency
// id>/<post>` (SPIFFE ID and X509-SVID standards, narrowed). The common name is never looked at. No function here
// checks a signature: gRPC's handshake has verified the chain before it hands the certificate over.
//
// Everything that is wrong with a certificate is refused with ERROR_REASON_CERTIFICATE_UNUSABLE (UNAUTHENTICATED).
// Whether it is expired or revoked is the caller's question, at every call: see not_after and key_sha256_hex.
//
// Threading: pure functions, callable from any thread. Parsing takes some tens of microseconds; do it once per
// connection where that counts.
#ifndef MUSTER_COMMON_IDENTITY_H_
#define MUSTER_COMMON_IDENTITY_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace muster {

// The two names in a SPIFFE URI of ours; both are slugs of 1 to 63 bytes.
struct SpiffeName {
  std::string agency_id;
  std::string post;
};

struct CertificateIdentity {
  std::string agency_id;
  std::string post;
  // SHA-256 of the public key (its DER SubjectPublicKeyInfo): 64 lower-case hexadecimal digits. What a revocation
  // names, because a holder can alter the certificate's signature without voiding it, but not the key that proves who
  // it is.
  std::string key_sha256_hex;
  // Lower-case hexadecimal, an even number of digits.
  std::string serial_hex;
  absl::Time not_before;
  absl::Time not_after;
};

// What a person wants to know of a certificate, whether or not Muster would accept it.
struct CertificateInfo {
  // Every URI subject alternative name, in order, control characters escaped.
  std::vector<std::string> uris;
  std::string key_sha256_hex;
  std::string serial_hex;
  absl::Time not_before;
  absl::Time not_after;
  bool is_ca = false;
};

// The names in `uri`, which must be exactly `spiffe://<trust_domain>/agency/<slug>/<slug>`: no query, fragment, port,
// percent-encoding, upper-case letter or trailing slash. `trust_domain` comes from the configuration.
absl::StatusOr<SpiffeName> ParseSpiffeUri(absl::string_view uri, absl::string_view trust_domain);

// The identity in the first certificate of `pem` (the leaf, where a chain is given). Refused unless it has exactly one
// URI that ParseSpiffeUri accepts and is not the certificate of an authority.
absl::StatusOr<CertificateIdentity> IdentityFromPem(absl::string_view pem, absl::string_view trust_domain);

// The first certificate of `pem`, which errors call `name`. INVALID_ARGUMENT when there is none.
absl::StatusOr<CertificateInfo> DescribeCertificatePem(absl::string_view pem, absl::string_view name);

// The first certificate of the PEM file at `path`. NOT_FOUND or PERMISSION_DENIED when it cannot be read,
// INVALID_ARGUMENT when it holds no certificate.
absl::StatusOr<CertificateInfo> DescribeCertificateFile(const std::string& path);

}  // namespace muster

#endif  // MUSTER_COMMON_IDENTITY_H_
