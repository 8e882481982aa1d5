#include "server/config/config.h"

#include <filesystem>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/config.h"
#include "common/field_violation.h"
#include "common/formats.h"
#include "common/status_macros.h"
#include "common/toml.h"
#include "common/validation.h"

namespace muster {
namespace {

using config::v1::BrokerConfig;

// An event must fit into one request to etcd, which takes 1.5 MiB.
constexpr uint32_t kClusterMessageBytesMax = 1u << 20;

void FillClusterDefaults(BrokerConfig* config) {
  config::v1::ClusterConfig* const cluster = config->mutable_cluster();
  if (cluster->prefix().empty()) cluster->set_prefix("/muster");
  if (!cluster->has_lease()) cluster->mutable_lease()->set_seconds(2);
  if (cluster->etcd_events_kept() == 0) cluster->set_etcd_events_kept(10'000);
  if (!cluster->has_member_forgotten_after()) cluster->mutable_member_forgotten_after()->set_seconds(24 * 60 * 60);
  if (cluster->etcd_quota_bytes() == 0) cluster->set_etcd_quota_bytes(uint64_t{2} << 30);
}

void FillDefaults(BrokerConfig* config) {
  const auto fill = [](auto value, auto fallback) { return value == 0 ? fallback : value; };
  auto* limits = config->mutable_limits();
  limits->set_message_bytes_max(
      fill(limits->message_bytes_max(), config->has_cluster() ? kClusterMessageBytesMax : 4u << 20));
  limits->set_queue_max(fill(limits->queue_max(), 8192u));
  limits->set_batch_max(fill(limits->batch_max(), 512u));
  limits->set_reader_queue_max(fill(limits->reader_queue_max(), 16384u));
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
  if (config->has_cluster()) FillClusterDefaults(config);
}

void Require(bool there, absl::string_view key, absl::string_view what, std::vector<std::string>* wrong) {
  if (!there) wrong->push_back(absl::StrCat(key, ": is missing; ", what));
}

void RequireAtMost(uint64_t value, uint64_t max, absl::string_view key, std::vector<std::string>* wrong) {
  if (value > max) wrong->push_back(absl::StrCat(key, ": is ", value, ", at most ", max, " is allowed"));
}

void CheckCluster(const BrokerConfig& config, std::vector<std::string>* wrong) {
  const config::v1::ClusterConfig& cluster = config.cluster();
  if (!IsSlug(cluster.broker_id())) {
    wrong->push_back(
        absl::StrCat("cluster.broker_id: is \"", cluster.broker_id(),
                     "\"; give a name of a-z, 0-9 and dashes, the last part of this broker's certificate's "
                     "URI"));
  }
  Require(cluster.etcd_endpoints_size() > 0, "cluster.etcd_endpoints", "give host:port of each member of etcd", wrong);
  for (const std::string& endpoint : cluster.etcd_endpoints()) {
    if (!absl::StrContains(endpoint, "://") && absl::StrContains(endpoint, ':')) continue;
    wrong->push_back(absl::StrCat("cluster.etcd_endpoints: \"", endpoint,
                                  "\" is not host:port; leave https:// away, TLS is always used"));
  }
  Require(!cluster.etcd_ca_file().empty(), "cluster.etcd_ca_file", "name the PEM file of who signs etcd's certificates",
          wrong);
  Require(!cluster.etcd_certificate_file().empty(), "cluster.etcd_certificate_file",
          "name the PEM certificate that this broker shows to etcd", wrong);
  Require(!cluster.etcd_key_file().empty(), "cluster.etcd_key_file", "name its PEM key", wrong);
  if (cluster.prefix().front() != '/' || cluster.prefix().back() == '/') {
    wrong->push_back("cluster.prefix: must begin with a slash and not end with one, such as \"/muster\"");
  }
  if (cluster.lease().seconds() < 1 || cluster.lease().seconds() > 60) {
    wrong->push_back("cluster.lease: 1s to 60s are allowed");
  }
  const std::string& address = cluster.peer_address().empty() ? config.listen().address() : cluster.peer_address();
  if (absl::StartsWith(address, "0.0.0.0:") || absl::StartsWith(address, "[::]:")) {
    wrong->push_back(absl::StrCat("cluster.peer_address: the other brokers cannot reach ", address,
                                  "; give the host:port at which they reach this one"));
  }
  RequireAtMost(config.limits().message_bytes_max(), kClusterMessageBytesMax,
                "limits.message_bytes_max (in a cluster, where etcd takes 1.5 MiB in one request)", wrong);
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
  if (config.has_cluster()) CheckCluster(config, &wrong);
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
  if (config.has_cluster()) {
    ResolvePath(folder, config.mutable_cluster()->mutable_etcd_ca_file());
    ResolvePath(folder, config.mutable_cluster()->mutable_etcd_certificate_file());
    ResolvePath(folder, config.mutable_cluster()->mutable_etcd_key_file());
  }
  return config;
}

}  // namespace muster
