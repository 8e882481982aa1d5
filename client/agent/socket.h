// Where the daemon may listen: who can reach its Unix socket and what may lie there, and which addresses are this
// machine's alone.
#ifndef MUSTER_CLIENT_AGENT_SOCKET_H_
#define MUSTER_CLIENT_AGENT_SOCKET_H_

#include <sys/types.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace muster::agent {

// "0660" as a mode. INVALID_ARGUMENT for anything but three or four octal digits.
absl::StatusOr<mode_t> ParseSocketMode(absl::string_view octal);

// Makes ready for a socket to be bound at `path`: creates its folder (0750) if missing, and removes a socket that
// nobody answers on any more, as after a crash.
//
// Errors: INVALID_ARGUMENT a path that is too long or in no folder; ALREADY_EXISTS another process answers there, or
// something else than a socket lies there.
absl::Status PrepareSocket(const std::string& path);

// `address` (host:port) as something to listen on that only this machine can reach; localhost becomes 127.0.0.1.
// INVALID_ARGUMENT for any other name or address.
absl::StatusOr<std::string> LoopbackAddress(const std::string& address);

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_SOCKET_H_
