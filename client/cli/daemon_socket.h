// The Unix socket of the command post's daemon on this machine.
#ifndef MUSTER_CLIENT_CLI_DAEMON_SOCKET_H_
#define MUSTER_CLIENT_CLI_DAEMON_SOCKET_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace muster::cli {

// $MUSTER_AGENT_SOCKET, else where the package puts it: /run/muster/agent.sock.
std::string DefaultDaemonSocket();

// The address of the daemon at `socket` (a path, with or without "unix:"), from whatever folder it is used.
std::string DaemonAddress(const std::string& socket);

// Whether there is a socket at `path` that we may open. Says nothing of whether somebody listens.
bool CanOpenSocket(const std::string& path);

// Whether a daemon listens at `address`, such as "unix:/run/muster/agent.sock". Connects and hangs up again, so that
// who has no daemon is told at once and not after all retries.
//
// Errors: UNAVAILABLE        nobody listens, or there is no such socket.
//         PERMISSION_DENIED  it is not for us.
absl::Status ProbeDaemon(absl::string_view address);

}  // namespace muster::cli

#endif  // MUSTER_CLIENT_CLI_DAEMON_SOCKET_H_
