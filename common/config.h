// What the configurations of all programs have in common; how TOML becomes a message is common/toml.h.
//
// Threading: pure functions.
#ifndef MUSTER_COMMON_CONFIG_H_
#define MUSTER_COMMON_CONFIG_H_

#include <filesystem>
#include <string>

#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/message.h"

namespace muster {

// Takes a relative `*path` from `folder`, that of the configuration file. An empty one stays.
void ResolvePath(const std::filesystem::path& folder, std::string* path);

absl::Duration ToDuration(const google::protobuf::Duration& duration);

// All of it as JSON, for people, with the names that the file uses.
std::string DescribeConfig(const google::protobuf::Message& config);

}  // namespace muster

#endif  // MUSTER_COMMON_CONFIG_H_
