// Keys from keys, and keys from passphrases.
//
// Threading: pure functions.
#ifndef MUSTER_CLIENT_AGENT_STORE_KEY_DERIVATION_H_
#define MUSTER_CLIENT_AGENT_STORE_KEY_DERIVATION_H_

#include "absl/strings/string_view.h"
#include "client/agent/store/secret.h"

namespace muster::agent {

// 32 bytes that follow from `key`, which is random, for the purpose that `info` names (HKDF-SHA256, RFC 5869).
Secret DeriveKey(absl::string_view key, absl::string_view salt, absl::string_view info);

// 32 bytes that follow from `passphrase`, at the cost of 128 MiB and some tenths of a second for each guess (scrypt,
// RFC 7914, with N = 2^17, r = 8, p = 1).
Secret StretchPassphrase(absl::string_view passphrase, absl::string_view salt);

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_STORE_KEY_DERIVATION_H_
