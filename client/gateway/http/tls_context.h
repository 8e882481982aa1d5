// The TLS of a listener: 1.2 or better, 1.3 where the browser can, and no session that outlives its connection.
//
// Threading: pure functions.
#ifndef MUSTER_CLIENT_GATEWAY_HTTP_TLS_CONTEXT_H_
#define MUSTER_CLIENT_GATEWAY_HTTP_TLS_CONTEXT_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/openssl_ptr.h"
#include "common/tls_files.h"

namespace muster::gateway {

// What browsers are shown: the texts of a certificate, with its intermediate authorities, and of its key. `names` is
// what errors call them.
//
// Errors: INVALID_ARGUMENT  a text is not what it should be, or they do not belong together.
absl::StatusOr<UniqueSslContext> MakeTlsContext(const TlsContents& contents, const TlsFiles& names);

// Makes `context` ask for a certificate that leads to one of the authorities in `contents.ca`. Whoever has none is let
// in all the same, so that a page can say so: look at the certificate and at what its verification found.
absl::Status AskForCertificates(const TlsContents& contents, const TlsFiles& names, SSL_CTX* context);

// OK when the certificate of `context` is valid at `now`: browsers take no other. FAILED_PRECONDITION if not.
absl::Status CheckIsValidAt(absl::Time now, const TlsFiles& names, const SSL_CTX& context);

}  // namespace muster::gateway

#endif  // MUSTER_CLIENT_GATEWAY_HTTP_TLS_CONTEXT_H_
