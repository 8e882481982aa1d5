// The enrolment bundle: one file with all that a new command post needs (muster.agent.v1.EnrollmentBundle as TOML). It
// holds a private key, so nobody but its owner may read it.
#ifndef MUSTER_CLIENT_CLI_BUNDLE_H_
#define MUSTER_CLIENT_CLI_BUNDLE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/tls_files.h"
#include "muster/agent/v1/agent.pb.h"

namespace muster::cli {

struct BundleParts {
  std::vector<std::string> brokers;
  TlsFiles files;
  // Empty: what the certificate says.
  std::string trust_domain;
  std::string server_name;
};

// Reads the parts and checks that they fit together at `now`: the key belongs to the certificate, which is valid and
// names an agency in the trust domain.
//
// Errors: INVALID_ARGUMENT, FAILED_PRECONDITION and those of CheckTlsFiles, saying which part is wrong.
absl::StatusOr<agent::v1::EnrollmentBundle> MakeBundle(const BundleParts& parts, absl::Time now);

std::string BundleToml(const agent::v1::EnrollmentBundle& bundle);

// Writes it as a whole, with mode 0600 from the first byte on. ALREADY_EXISTS when there is such a file and not
// `replace`.
absl::Status SaveBundle(const agent::v1::EnrollmentBundle& bundle, const std::string& path, bool replace);

// FAILED_PRECONDITION when others than its owner may read the file: then its key may be known to them.
absl::StatusOr<agent::v1::EnrollmentBundle> LoadBundle(const std::string& path);

}  // namespace muster::cli

#endif  // MUSTER_CLIENT_CLI_BUNDLE_H_
