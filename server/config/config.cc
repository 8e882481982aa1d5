#include "server/config/config.h"

#include <filesystem>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/config.h"
#include "common/field_violation.h"
#include "common/status_macros.h"
#include "common/toml.h"
#include "common/validation.h"

namespace muster {
namespace {

using config::v1::BrokerConfig;

void FillDefaults(BrokerConfig* config) {
  const auto fill = [](auto value, auto fallback) { return value == 0 ? fallback : value; };
  auto* limits = config->mutable_limits();
  limits->set_message_bytes_max(fill(limits->message_bytes_max(), 4u << 20));
  limits->set_queue_max(fill(limits->queue_max(), 8192u));
  limits->set_batch_max(fill(limits->batch_max(), 512u));
  limits->set_reader_queue_max(fill(limits->reader_queue_max(), 1024u));
  limits->set_reader_queue_bytes_max(fill(limits->reader_queue_bytes_max(), 4u << 20));
  limits->set_stream_in_flight_max(fill(limits->stream_in_flight_max(), 2048u));
  auto* snapshot = config->mutable_snapshot();
  snapshot->set_every_events(fill(snapshot->every_events(), uint64_t{20000}));
  snapshot->set_keep(fill(snapshot->keep(), 2u));
  auto* logging = config->mutable_logging();
  if (logging->level().empty()) logging->set_level("info");
  if (logging->format().empty()) logging->set_format("json");
  auto* tls = config->mutable_tls();
  if (!tls->has_reload_interval()) tls->mutable_reload_interval()->set_seconds(1);
}

void Require(bool there, absl::string_view key, absl::string_view what, std::vector<std::string>* wrong) {
  if (!there) wrong->push_back(absl::StrCat(key, ": is missing; ", what));
}

void RequireAtMost(uint64_t value, uint64_t max, absl::string_view key, std::vector<std::string>* wrong) {
  if (value > max) wrong->push_back(absl::StrCat(key, ": is ", value, ", at most ", max, " is allowed"));
}

absl::Status Check(const BrokerConfig& config, absl::string_view name) {
  std::vector<std::string> wrong;
  Require(!config.data_dir().empty(), "data_dir", "name the folder for the log", &wrong);
  Require(!config.listen().address().empty(), "listen.address", "give host:port, such as \"0.0.0.0:7443\"", &wrong);
  if (!config.listen().address().empty() && !absl::StrContains(config.listen().address(), ':')) {
    wrong.push_back("listen.address: has no port; give host:port, such as \"0.0.0.0:7443\"");
  }
  Require(!config.tls().certificate_file().empty(), "tls.certificate_file", "name the broker's PEM certificate",
          &wrong);
  Require(!config.tls().key_file().empty(), "tls.key_file", "name the broker's PEM key", &wrong);
  Require(!config.tls().ca_file().empty(), "tls.ca_file", "name the PEM file of who signs agencies' certificates",
          &wrong);
  Require(!config.tls().trust_domain().empty(), "tls.trust_domain", "it is the host part of agencies' SPIFFE URIs",
          &wrong);
  Require(config.bootstrap().has_registrar(), "bootstrap.registrar", "describe the agency that may register the others",
          &wrong);
  if (config.tls().reload_interval().seconds() < 1) wrong.push_back("tls.reload_interval: at least 1s is wanted");
  const auto& limits = config.limits();
  RequireAtMost(limits.message_bytes_max(), 64u << 20, "limits.message_bytes_max", &wrong);
  RequireAtMost(limits.queue_max(), 1u << 20, "limits.queue_max", &wrong);
  RequireAtMost(limits.batch_max(), 1024, "limits.batch_max", &wrong);
  RequireAtMost(limits.reader_queue_max(), 1u << 20, "limits.reader_queue_max", &wrong);
  RequireAtMost(limits.stream_in_flight_max(), 1u << 20, "limits.stream_in_flight_max", &wrong);
  if (config.bootstrap().has_registrar()) {
    for (const FieldViolation& violation : Violations(config.bootstrap().registrar())) {
      wrong.push_back(absl::StrCat("bootstrap.registrar.", violation.field, ": ", violation.description));
    }
    if (!config.bootstrap().registrar().registrar()) {
      wrong.push_back("bootstrap.registrar.registrar: must be true; somebody has to register the agencies");
    }
  }
  if (wrong.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(name, ":\n  ", absl::StrJoin(wrong, "\n  ")));
}

void Apply(const ConfigFlags& flags, BrokerConfig* config) {
  if (!flags.data_dir.empty()) config->set_data_dir(std::filesystem::absolute(flags.data_dir).string());
  if (!flags.listen_address.empty()) config->mutable_listen()->set_address(flags.listen_address);
  if (!flags.admin_address.empty()) config->mutable_admin()->set_address(flags.admin_address);
  if (!flags.log_level.empty()) config->mutable_logging()->set_level(flags.log_level);
}

}  // namespace

absl::StatusOr<BrokerConfig> LoadConfig(const std::string& path, const ConfigFlags& flags) {
  BrokerConfig config;
  MUSTER_RETURN_IF_ERROR(LoadTomlFile(path, &config));
  Apply(flags, &config);
  FillDefaults(&config);
  MUSTER_RETURN_IF_ERROR(Check(config, path));
  const std::filesystem::path folder = std::filesystem::absolute(path).parent_path();
  ResolvePath(folder, config.mutable_data_dir());
  ResolvePath(folder, config.mutable_tls()->mutable_certificate_file());
  ResolvePath(folder, config.mutable_tls()->mutable_key_file());
  ResolvePath(folder, config.mutable_tls()->mutable_ca_file());
  return config;
}

}  // namespace muster
