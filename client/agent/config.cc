#include "client/agent/config.h"

#include <sys/un.h>

#include <filesystem>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/agent/socket.h"
#include "common/config.h"
#include "common/status_macros.h"
#include "common/toml.h"

namespace muster::agent {
namespace {

using config::v1::AgentConfig;

// Brokers forget a submission that nobody numbered after 30 days; nothing here is forgotten earlier.
constexpr uint32_t kKeepDaysMin = 30;
constexpr uint32_t kKeepDaysMax = 3650;

struct DurationKey {
  absl::string_view name;
  google::protobuf::Duration* value;
  bool given;
  absl::Duration fallback;
  absl::Duration min;
  absl::Duration max;
};

std::vector<DurationKey> DurationsOf(AgentConfig* config) {
  config::v1::AgentLinkConfig* const link = config->mutable_link();
  config::v1::AgentHookConfig* const hook = config->mutable_hook();
  const bool given[] = {link->has_answer_within(), link->has_keepalive(), link->has_keepalive_timeout(),
                        link->has_reconnect_max(), hook->has_timeout()};
  return {
      {"link.answer_within", link->mutable_answer_within(), given[0], absl::Seconds(5), absl::ZeroDuration(),
       absl::Minutes(5)},
      // Brokers end connections that ping more often than every five seconds.
      {"link.keepalive", link->mutable_keepalive(), given[1], absl::Seconds(15), absl::Seconds(6), absl::Minutes(10)},
      {"link.keepalive_timeout", link->mutable_keepalive_timeout(), given[2], absl::Seconds(5), absl::Milliseconds(500),
       absl::Minutes(5)},
      {"link.reconnect_max", link->mutable_reconnect_max(), given[3], absl::Seconds(30), absl::Milliseconds(100),
       absl::Minutes(10)},
      {"hook.timeout", hook->mutable_timeout(), given[4], absl::Seconds(30), absl::Milliseconds(100), absl::Hours(1)},
  };
}

void SetDuration(absl::Duration duration, google::protobuf::Duration* proto) {
  proto->set_seconds(absl::IDivDuration(duration, absl::Seconds(1), &duration));
  proto->set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(duration)));
}

void CheckDurations(AgentConfig* config, std::vector<std::string>* wrong) {
  for (const DurationKey& key : DurationsOf(config)) {
    if (!key.given) SetDuration(key.fallback, key.value);
    const absl::Duration value = ToDuration(*key.value);
    if (value < key.min || value > key.max) {
      wrong->push_back(absl::StrCat(key.name, ": is ", absl::FormatDuration(value), ", wanted is ",
                                    absl::FormatDuration(key.min), " to ", absl::FormatDuration(key.max)));
    }
  }
}

void ResolvePaths(const std::filesystem::path& folder, AgentConfig* config) {
  ResolvePath(folder, config->mutable_state_dir());
  ResolvePath(folder, config->mutable_listen()->mutable_socket());
  if (config->key().has_file()) ResolvePath(folder, config->mutable_key()->mutable_file());
  if (config->listen().has_tcp()) {
    config::v1::AgentTcpConfig* const tcp = config->mutable_listen()->mutable_tcp();
    ResolvePath(folder, tcp->mutable_certificate_file());
    ResolvePath(folder, tcp->mutable_key_file());
    ResolvePath(folder, tcp->mutable_ca_file());
  }
}

void CheckListen(const config::v1::AgentListenConfig& listen, std::vector<std::string>* wrong) {
  constexpr size_t kPathMax = sizeof(sockaddr_un::sun_path) - 1;
  if (listen.socket().size() > kPathMax) {
    wrong->push_back(absl::StrCat("listen.socket: has ", listen.socket().size(), " bytes, at most ", kPathMax,
                                  " are possible for a Unix socket"));
  }
  if (const absl::Status mode = ParseSocketMode(listen.socket_mode()).status(); !mode.ok()) {
    wrong->push_back(std::string(mode.message()));
  }
  if (!listen.has_tcp()) return;
  const config::v1::AgentTcpConfig& tcp = listen.tcp();
  if (const absl::Status address = LoopbackAddress(tcp.address()).status(); !address.ok()) {
    wrong->push_back(std::string(address.message()));
  }
  if (tcp.certificate_file().empty() || tcp.key_file().empty() || tcp.ca_file().empty()) {
    wrong->push_back(
        "listen.tcp: certificate_file, key_file and ca_file are needed, since TCP is only with mutual TLS");
  }
}

void CheckKey(const config::v1::AgentKeyConfig& key, std::vector<std::string>* wrong) {
  const bool given = key.has_file()         ? !key.file().empty()
                     : key.has_credential() ? !key.credential().empty()
                                            : key.passphrase();
  if (!given) {
    wrong->push_back(
        "key: is missing; name a file (made with `muster-agent new-key FILE`), a systemd credential, or set passphrase "
        "= "
        "true");
  }
}

}  // namespace

absl::StatusOr<AgentConfig> CompleteAgentConfig(AgentConfig config, const std::string& name,
                                                const std::string& folder) {
  std::vector<std::string> wrong;
  if (config.state_dir().empty()) wrong.push_back("state_dir: is missing; name the folder for agent.db");
  ResolvePaths(folder, &config);
  config::v1::AgentListenConfig* const listen = config.mutable_listen();
  if (listen->socket().empty()) listen->set_socket(absl::StrCat(config.state_dir(), "/agent.sock"));
  if (listen->socket_mode().empty()) listen->set_socket_mode("0660");
  if (config.keep().days() == 0) config.mutable_keep()->set_days(90);
  if (config.logging().level().empty()) config.mutable_logging()->set_level("info");
  if (config.logging().format().empty()) config.mutable_logging()->set_format("json");
  CheckKey(config.key(), &wrong);
  CheckListen(*listen, &wrong);
  CheckDurations(&config, &wrong);
  if (config.keep().days() < kKeepDaysMin || config.keep().days() > kKeepDaysMax) {
    wrong.push_back(
        absl::StrCat("keep.days: is ", config.keep().days(), ", wanted is ", kKeepDaysMin, " to ", kKeepDaysMax));
  }
  if (config.hook().on_delivery_size() > 0 && config.hook().on_delivery(0).empty()) {
    wrong.push_back("hook.on_delivery: its first item is empty; name the program to run");
  }
  if (wrong.empty()) return config;
  return absl::InvalidArgumentError(absl::StrCat(name, ":\n  ", absl::StrJoin(wrong, "\n  ")));
}

absl::StatusOr<AgentConfig> LoadAgentConfig(const std::string& path, const ConfigFlags& flags) {
  AgentConfig config;
  MUSTER_RETURN_IF_ERROR(LoadTomlFile(path, &config));
  if (!flags.state_dir.empty()) config.set_state_dir(std::filesystem::absolute(flags.state_dir).string());
  if (!flags.socket.empty()) config.mutable_listen()->set_socket(std::filesystem::absolute(flags.socket).string());
  if (!flags.log_level.empty()) config.mutable_logging()->set_level(flags.log_level);
  return CompleteAgentConfig(std::move(config), path, std::filesystem::absolute(path).parent_path().string());
}

}  // namespace muster::agent
