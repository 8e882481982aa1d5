#include "common/service_notify.h"

#include <systemd/sd-daemon.h>

#include <string>

namespace muster {

void NotifyService(absl::string_view state) { (void)sd_notify(/*unset_environment=*/0, std::string(state).c_str()); }

}  // namespace muster
