// Stops the process when OpenSSL cannot do what it always can: to go on would be to store something unsealed.
#ifndef MUSTER_CLIENT_AGENT_STORE_OPENSSL_CHECK_H_
#define MUSTER_CLIENT_AGENT_STORE_OPENSSL_CHECK_H_

#include <cstdio>
#include <cstdlib>

#include "common/openssl_ptr.h"

namespace muster::agent {

inline void CheckOpenSsl(bool ok, const char* what) {
  if (ok) return;
  std::fprintf(stderr, "OpenSSL failed to %s: %s\n", what, TakeOpenSslErrors().c_str());
  std::abort();
}

inline const unsigned char* Bytes(const char* bytes) { return reinterpret_cast<const unsigned char*>(bytes); }
inline unsigned char* Bytes(char* bytes) { return reinterpret_cast<unsigned char*>(bytes); }

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_STORE_OPENSSL_CHECK_H_
