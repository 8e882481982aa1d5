// The key that unlocks the daemon's store, as the operator supplies it.
//
// It does not encrypt the data itself: a random data key does (sealer.h), and this one wraps that, so that it can be
// changed without writing everything anew.
//
// Threading: pure functions, but for the terminal that a passphrase is read from.
#ifndef MUSTER_CLIENT_AGENT_STORE_UNLOCK_KEY_H_
#define MUSTER_CLIENT_AGENT_STORE_UNLOCK_KEY_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/config/v1/agent.pb.h"

namespace muster::agent {

struct UnlockKey {
  ~UnlockKey();  // Wipes the secret.

  // 32 random bytes, or a passphrase (stretched with scrypt under the store's own salt).
  std::string secret;
  bool is_passphrase = false;
  // For messages: "the key file /etc/muster/agent.key".
  std::string source;
};

// From a file or a systemd credential of 64 hexadecimal digits, or a passphrase from the terminal (without echo) or,
// where there is none, from the first line of standard input.
//
// Errors: INVALID_ARGUMENT no source or several, a file that is missing, readable by others, or not what it should be;
//                          a passphrase of fewer than 12 bytes.
absl::StatusOr<UnlockKey> LoadUnlockKey(const config::v1::AgentKeyConfig& config);

// A new random key as a key file holds it.
std::string NewKeyText();

// Writes a new random key to `path`, mode 0600, durably. ALREADY_EXISTS when there is such a file.
absl::Status WriteNewKeyFile(const std::string& path);

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_STORE_UNLOCK_KEY_H_
