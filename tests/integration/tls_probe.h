// A TLS client made of OpenSSL alone, for what gRPC's would not do: offer an old session and keep the certificate back.
#ifndef MUSTER_TESTS_INTEGRATION_TLS_PROBE_H_
#define MUSTER_TESTS_INTEGRATION_TLS_PROBE_H_

#include <openssl/ssl.h>

#include <memory>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "tests/integration/test_broker.h"

namespace muster {

struct TlsAttempt {
  // The broker spoke HTTP/2 to us: we are in.
  bool admitted = false;
  bool resumed = false;
  // Session tickets that the broker issued.
  int tickets = 0;
  // The broker's certificate, lower-case hexadecimal.
  std::string peer_serial;
  // What to offer next time; null when there was no handshake.
  std::shared_ptr<SSL_SESSION> session;
};

struct TlsAttemptOptions {
  std::optional<CertificateFiles> certificate;
  std::shared_ptr<SSL_SESSION> offer;
  int version = TLS1_3_VERSION;
};

// Connects to `address` (of loopback), shakes hands, waits for the broker's first words, and hangs up.
TlsAttempt AttemptTls(const std::string& address, const TlsAttemptOptions& options);

// Sends `bytes` to `address` as they are, or inside TLS with `certificate`, and waits until the broker hangs up.
void SendRaw(const std::string& address, absl::string_view bytes);
void SendInsideTls(const std::string& address, const CertificateFiles& certificate, absl::string_view bytes);

}  // namespace muster

#endif  // MUSTER_TESTS_INTEGRATION_TLS_PROBE_H_
