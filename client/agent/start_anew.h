// The daemon as if it had just been started: the same process, the program from its beginning.
#ifndef MUSTER_CLIENT_AGENT_START_ANEW_H_
#define MUSTER_CLIENT_AGENT_START_ANEW_H_

#include "absl/status/status.h"
#include "client/agent/store/unlock_key.h"

namespace muster::agent {

// Ends whatever runs, where it is, as kill -9 would: everything that was told is durable. A passphrase is handed on
// where the new start reads it, since nobody may be there to type it again.
//
// `arguments` are those of main. Returns only when it fails (UNKNOWN), and nothing has changed then. Any thread.
absl::Status StartAnew(char** arguments, const UnlockKey& key);

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_START_ANEW_H_
