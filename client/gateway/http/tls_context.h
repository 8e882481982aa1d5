// The TLS of a listener: 1.2 or better, 1.3 where the browser can, and no session that outlives its connection.
//
// Threading: pure functions.
#ifndef MUSTER_CLIENT_GATEWAY_HTTP_TLS_CONTEXT_H_
#define MUSTER_CLIENT_GATEWAY_HTTP_TLS_CONTEXT_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/openssl_ptr.h"

namespace muster::gateway {

// What browsers are shown: PEM files of a certificate, with its intermediate authorities, and its key.
//
// Errors: INVALID_ARGUMENT  a file cannot be read or is not what it should be, or they do not belong together.
absl::StatusOr<UniqueSslContext> MakeTlsContext(const std::string& certificate_file, const std::string& key_file);

// Makes `context` ask for a certificate that leads to one of the authorities in the PEM file. Whoever has none is let
// in all the same, so that a page can say so: look at the certificate and at what its verification found.
absl::Status AskForCertificates(const std::string& ca_file, SSL_CTX* context);

}  // namespace muster::gateway

#endif  // MUSTER_CLIENT_GATEWAY_HTTP_TLS_CONTEXT_H_
