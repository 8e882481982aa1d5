// muster-gateway's configuration file: TOML into muster.config.v1.GatewayConfig, with defaults filled in and everything
// checked.
//
// Threading: pure functions.
#ifndef MUSTER_CLIENT_GATEWAY_CONFIG_H_
#define MUSTER_CLIENT_GATEWAY_CONFIG_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/config/v1/gateway.pb.h"

namespace muster::gateway {

// What the command line says instead of the file; empty: the file's word stands. Paths are taken from the working
// folder.
struct ConfigFlags {
  std::string state_dir;
  std::string dashboard_dir;
  std::string log_level;
};

// Reads, completes and checks a configuration. Relative paths in the file are taken from the file's folder.
//
// Errors: INVALID_ARGUMENT names every wrong or missing key at once, and what is wanted. NOT_FOUND the file is not
// there.
absl::StatusOr<config::v1::GatewayConfig> LoadGatewayConfig(const std::string& path, const ConfigFlags& flags = {});

// What LoadGatewayConfig does with what a file said: fills in the defaults and checks. `name` is what errors call it,
// and `folder` (absolute) what relative paths are taken from.
absl::StatusOr<config::v1::GatewayConfig> CompleteGatewayConfig(config::v1::GatewayConfig config,
                                                                const std::string& name, const std::string& folder);

// host:port in its parts; brackets around an IPv6 address are taken off. False when it is not of that form.
bool SplitAddress(absl::string_view address, std::string* host, std::string* port);
// Whether only programs on this machine reach `host`: localhost, 127.0.0.0/8 or ::1.
bool IsLoopbackHost(absl::string_view host);

}  // namespace muster::gateway

#endif  // MUSTER_CLIENT_GATEWAY_CONFIG_H_
