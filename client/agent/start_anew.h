// The daemon as if it had just been started: the same process, the program from its beginning. See ADR 23.
#ifndef MUSTER_CLIENT_AGENT_START_ANEW_H_
#define MUSTER_CLIENT_AGENT_START_ANEW_H_

#include <string>

#include "absl/status/status.h"
#include "client/agent/config.h"
#include "client/agent/store/unlock_key.h"

namespace muster::agent {

// How this start came about.
struct Start {
  char** arguments;  // Of main.
  std::string config_path;
  ConfigFlags flags;
};

// Whether a new start would find a configuration and a key that it can use; INVALID_ARGUMENT or NOT_FOUND if not.
absl::Status CanStartAnew(const Start& start);

// Ends whatever this process does, where it is, as kill -9 would: everything that was told is durable. Programs that it
// has started go on; stop them before. A typed passphrase (else empty) is handed on where the new start reads it, since
// nobody may be there to type it again.
//
// Returns only when it fails: UNKNOWN. Standard input may be another then. Any thread.
absl::Status StartAnew(const Start& start, const UnlockKey& typed);

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_START_ANEW_H_
