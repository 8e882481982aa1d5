// The data key, wrapped for keeping: sealed under a key that follows from what the operator supplies.
//
// Threading: pure functions.
#ifndef MUSTER_CLIENT_AGENT_STORE_DATA_KEY_H_
#define MUSTER_CLIENT_AGENT_STORE_DATA_KEY_H_

#include <string>

#include "absl/status/statusor.h"
#include "client/agent/store/secret.h"
#include "client/agent/store/unlock_key.h"

namespace muster::agent {

// What the store keeps of it.
struct WrappedKey {
  bool by_passphrase = false;
  std::string salt;
  std::string sealed;
};

Secret NewDataKey();

WrappedKey WrapDataKey(const Secret& data_key, const UnlockKey& unlock_key);

// PERMISSION_DENIED when `unlock_key` is not the one that it was wrapped for.
absl::StatusOr<Secret> UnwrapDataKey(const WrappedKey& wrapped, const UnlockKey& unlock_key);

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_STORE_DATA_KEY_H_
