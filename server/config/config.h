// musterd's configuration file: TOML into muster.config.v1.BrokerConfig, with defaults filled in and everything
// checked.
#ifndef MUSTER_SERVER_CONFIG_CONFIG_H_
#define MUSTER_SERVER_CONFIG_CONFIG_H_

#include <string>

#include "absl/status/statusor.h"
#include "muster/config/v1/config.pb.h"

namespace muster {

// What the command line says instead of the file; empty: the file's word stands. Paths are taken from the working
// folder.
struct ConfigFlags {
  std::string data_dir;
  std::string listen_address;
  std::string admin_address;
  std::string log_level;
};

// Reads, completes and checks a configuration. Relative paths in the file are taken from the file's folder.
//
// Errors: INVALID_ARGUMENT names every wrong or missing key at once, and what is wanted. NOT_FOUND the file is not
// there.
absl::StatusOr<config::v1::BrokerConfig> LoadConfig(const std::string& path, const ConfigFlags& flags = {});

}  // namespace muster

#endif  // MUSTER_SERVER_CONFIG_CONFIG_H_
