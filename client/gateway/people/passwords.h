// Passwords, hashed with argon2id by libsodium.
//
// Hashing takes most of a second and 256 MiB by design, so one is made at a time and few may wait: a crowd that tries
// passwords finds a busy gateway, not an exhausted machine.
//
// Threading: thread-safe; Hash and Verify block.
#ifndef MUSTER_CLIENT_GATEWAY_PEOPLE_PASSWORDS_H_
#define MUSTER_CLIENT_GATEWAY_PEOPLE_PASSWORDS_H_

#include <atomic>
#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

namespace muster::gateway {

struct PasswordCost {
  unsigned long long operations;  // NOLINT(google-runtime-int): libsodium's type.
  size_t memory_bytes;
};
// crypto_pwhash_OPSLIMIT_MODERATE and crypto_pwhash_MEMLIMIT_MODERATE.
PasswordCost ModerateCost();
// The least that libsodium allows: for tests.
PasswordCost LeastCost();

inline constexpr size_t kPasswordLettersMin = 12;

class Passwords {
 public:
  static constexpr int kWaitingMax = 8;

  explicit Passwords(PasswordCost cost = ModerateCost());

  // Errors: INVALID_ARGUMENT   fewer than kPasswordLettersMin characters;
  //         RESOURCE_EXHAUSTED too many are waiting, or no memory.
  absl::StatusOr<std::string> Hash(const std::string& password);
  // Whether `password` is the one that `hash` was made of. An empty `hash` takes as long and is never matched.
  // RESOURCE_EXHAUSTED too many are waiting.
  absl::StatusOr<bool> Verify(const std::string& hash, const std::string& password);

 private:
  absl::StatusOr<std::string> HashInTurn(const std::string& password);

  const PasswordCost cost_;
  std::atomic<int> waiting_{0};
  absl::Mutex turn_;
  std::string nobodys_hash_;  // Of a password that was thrown away.
};

}  // namespace muster::gateway

#endif  // MUSTER_CLIENT_GATEWAY_PEOPLE_PASSWORDS_H_
