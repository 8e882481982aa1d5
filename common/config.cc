#include "common/config.h"

#include "google/protobuf/util/json_util.h"

namespace muster {

void ResolvePath(const std::filesystem::path& folder, std::string* path) {
  if (!path->empty() && std::filesystem::path(*path).is_relative()) {
    *path = (folder / *path).lexically_normal().string();
  }
}

absl::Duration ToDuration(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

std::string DescribeConfig(const google::protobuf::Message& config) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.preserve_proto_field_names = true;
  std::string text;
  if (!google::protobuf::util::MessageToJsonString(config, &text, options).ok()) return config.DebugString();
  return text;
}

}  // namespace muster
