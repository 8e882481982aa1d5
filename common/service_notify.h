// Tells the service manager (systemd, Type=notify) how the process stands.
#ifndef MUSTER_COMMON_SERVICE_NOTIFY_H_
#define MUSTER_COMMON_SERVICE_NOTIFY_H_

#include "absl/strings/string_view.h"

namespace muster {

// `state` is one or more lines of sd_notify(3), such as "READY=1\nSTATUS=connected". Does nothing where no service
// manager waits for it; failures are of no consequence to us and are not reported. Thread-safe.
void NotifyService(absl::string_view state);

}  // namespace muster

#endif  // MUSTER_COMMON_SERVICE_NOTIFY_H_
