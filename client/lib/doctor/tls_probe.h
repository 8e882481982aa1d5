// A TLS handshake as our gRPC client makes it, told step by step.
#ifndef MUSTER_CLIENT_LIB_DOCTOR_TLS_PROBE_H_
#define MUSTER_CLIENT_LIB_DOCTOR_TLS_PROBE_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "client/lib/doctor/certificates.h"
#include "client/lib/doctor/finding.h"
#include "common/tls_files.h"

namespace muster::doctor {

struct TlsProbe {
  std::string broker;  // For the finding.
  std::string name;    // What the broker's certificate should be made out to; sent as SNI unless it is an address.
  std::string renew;   // The command that replaces our certificate.
  absl::Duration timeout;
};

// tls: shakes hands over `fd` (connected, not blocking), shows our certificate, and waits for the broker's first bytes:
// with TLS 1.3 it is only then that a client knows whether its certificate was accepted. Appends a finding. Returns
// what the broker showed, which nothing here has verified; empty when it showed none.
//
// Writing to a broken connection raises SIGPIPE: call it on a thread that blocks that signal.
Certificates CheckTls(const TlsProbe& probe, const TlsContents& tls, int fd, std::vector<Finding>* findings);

}  // namespace muster::doctor

#endif  // MUSTER_CLIENT_LIB_DOCTOR_TLS_PROBE_H_
