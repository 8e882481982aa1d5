// musterd's configuration file: TOML into muster.config.v1.BrokerConfig, with defaults filled in and everything
// checked.
#ifndef MUSTER_SERVER_CONFIG_CONFIG_H_
#define MUSTER_SERVER_CONFIG_CONFIG_H_

#include <string>

#include "absl/status/statusor.h"
#include "muster/config/v1/config.pb.h"

namespace muster {

// Reads, completes and checks a configuration. Relative paths in it are taken from the file's folder.
//
// Errors: INVALID_ARGUMENT names every wrong or missing key at once, and what is wanted. NOT_FOUND the file is not
// there.
absl::StatusOr<config::v1::BrokerConfig> LoadConfig(const std::string& path);

// The configuration as it will be used, for people.
std::string DescribeConfig(const config::v1::BrokerConfig& config);

}  // namespace muster

#endif  // MUSTER_SERVER_CONFIG_CONFIG_H_
