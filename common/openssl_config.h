// Switches TLS session tickets off for the whole process.
//
// A client that resumes a session does not show its certificate again, so an expired or revoked one would be let in
// until the ticket runs out. gRPC 1.51 has no option for this; OpenSSL's configuration does.
#ifndef MUSTER_COMMON_OPENSSL_CONFIG_H_
#define MUSTER_COMMON_OPENSSL_CONFIG_H_

#include "absl/status/status.h"

namespace muster {

// Makes every SSL_CTX created after this call start with session tickets off, no TLS 1.3 tickets sent, and TLS 1.3 as
// the lowest version (gRPC lowers the version to 1.2 again by itself). Holds whatever the configuration file that
// OPENSSL_CONF names says about TLS; its other sections, such as providers, stay in force. Works also when a
// library has already loaded OpenSSL's configuration before main.
//
// Call it once, early, before anything makes an SSL_CTX and before other threads run. It then makes an SSL_CTX and
// looks: INTERNAL when tickets are still on, and the process must not serve.
absl::Status DisableTlsSessionTickets();

}  // namespace muster

#endif  // MUSTER_COMMON_OPENSSL_CONFIG_H_
