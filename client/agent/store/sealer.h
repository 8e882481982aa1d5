// Encrypts what the daemon keeps on disk: AES-256-GCM under a data key that never leaves the process.
//
// A sealed value is a random 96-bit nonce, the ciphertext, and a 128-bit tag. `place` says where the value belongs
// ("outbox/17/body"); it is authenticated, so that a value moved to another row does not open. Random nonces are safe
// for 2^32 values under one key (NIST SP 800-38D, 8.3): a command post writes some thousands a day.
//
// Threading: const methods from any thread.
#ifndef MUSTER_CLIENT_AGENT_STORE_SEALER_H_
#define MUSTER_CLIENT_AGENT_STORE_SEALER_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/agent/store/secret.h"

namespace muster::agent {

class Sealer {
 public:
  static constexpr size_t kKeyBytes = 32;

  // `key` has kKeyBytes. Two subkeys are derived from it (HKDF-SHA256), one to seal with and one for fingerprints.
  explicit Sealer(absl::string_view key);
  Sealer(const Sealer&) = delete;
  Sealer& operator=(const Sealer&) = delete;

  std::string Seal(absl::string_view plain, absl::string_view place) const;

  // DATA_LOSS when `sealed` was not made by Seal with this key and place, or has been changed.
  absl::StatusOr<std::string> Open(absl::string_view sealed, absl::string_view place) const;

  // 32 bytes that stand for `plain` in an index and tell nothing of it without the key (HMAC-SHA256).
  std::string Fingerprint(absl::string_view plain) const;

 private:
  const Secret seal_key_;
  const Secret fingerprint_key_;
};

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_STORE_SEALER_H_
