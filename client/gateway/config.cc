#include "client/gateway/config.h"

#include <filesystem>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/lib/connection.h"
#include "common/config.h"
#include "common/status_macros.h"
#include "common/toml.h"

namespace muster::gateway {
namespace {

using config::v1::GatewayBrokersConfig;
using config::v1::GatewayConfig;
using config::v1::GatewayLimitsConfig;
using config::v1::GatewayListenConfig;

constexpr char kDefaultAddress[] = "127.0.0.1:8443";
constexpr char kDefaultDashboardDir[] = "/usr/share/muster/dashboard";
constexpr uint32_t kPortMax = 65535;

void ResolvePaths(const std::filesystem::path& folder, GatewayConfig* config) {
  ResolvePath(folder, config->mutable_state_dir());
  ResolvePath(folder, config->mutable_dashboard_dir());
  GatewayListenConfig* const listen = config->mutable_listen();
  ResolvePath(folder, listen->mutable_certificate_file());
  ResolvePath(folder, listen->mutable_key_file());
  if (listen->has_certificate_login()) ResolvePath(folder, listen->mutable_certificate_login()->mutable_ca_file());
  GatewayBrokersConfig* const brokers = config->mutable_brokers();
  ResolvePath(folder, brokers->mutable_certificate_file());
  ResolvePath(folder, brokers->mutable_key_file());
  ResolvePath(folder, brokers->mutable_ca_file());
}

void FillIn(GatewayConfig* config) {
  if (config->dashboard_dir().empty()) config->set_dashboard_dir(kDefaultDashboardDir);
  if (config->listen().address().empty()) config->mutable_listen()->set_address(kDefaultAddress);
  GatewayLimitsConfig* const limits = config->mutable_limits();
  if (limits->calls_per_second() == 0) limits->set_calls_per_second(50);
  if (limits->sign_ins_per_second() == 0) limits->set_sign_ins_per_second(5);
  if (limits->streams() == 0) limits->set_streams(64);
  if (limits->connections() == 0) limits->set_connections(512);
  if (limits->connections_per_address() == 0) limits->set_connections_per_address(128);
  if (config->logging().level().empty()) config->mutable_logging()->set_level("info");
  if (config->logging().format().empty()) config->mutable_logging()->set_format("json");
}

void CheckAddress(absl::string_view key, absl::string_view address, bool beyond_this_machine,
                  std::vector<std::string>* wrong) {
  std::string host;
  std::string port;
  uint32_t number = 0;
  if (!SplitAddress(address, &host, &port) || !absl::SimpleAtoi(port, &number) || number > kPortMax) {
    wrong->push_back(
        absl::StrCat(key, ": is \"", address, "\", wanted is host:port such as \"", kDefaultAddress, "\""));
  } else if (!beyond_this_machine && !IsLoopbackHost(host)) {
    wrong->push_back(absl::StrCat(key, ": is \"", address,
                                  "\", which others than this machine can reach; if that is meant, set "
                                  "listen.beyond_this_machine = true"));
  }
}

void CheckListen(const GatewayListenConfig& listen, std::vector<std::string>* wrong) {
  CheckAddress("listen.address", listen.address(), listen.beyond_this_machine(), wrong);
  if (listen.certificate_file().empty() || listen.key_file().empty()) {
    wrong->push_back("listen: certificate_file and key_file are needed; they are what browsers are shown");
  }
  if (absl::StrContains(listen.public_name(), ':') || absl::StrContains(listen.public_name(), '/')) {
    wrong->push_back(absl::StrCat("listen.public_name: is \"", listen.public_name(),
                                  "\", wanted is a host's name alone, such as \"dashboard.ago.example\""));
  }
  if (!listen.has_certificate_login()) return;
  const config::v1::GatewayCertificateLoginConfig& login = listen.certificate_login();
  CheckAddress("listen.certificate_login.address", login.address(), listen.beyond_this_machine(), wrong);
  // Port 0 takes a free one each time.
  if (login.address() == listen.address() && !absl::EndsWith(login.address(), ":0")) {
    wrong->push_back("listen.certificate_login.address: is that of the main listener; give it a port of its own");
  }
  if (login.ca_file().empty()) {
    wrong->push_back("listen.certificate_login.ca_file: is missing; name the authorities of people's certificates");
  }
}

void CheckBrokers(const GatewayBrokersConfig& brokers, std::vector<std::string>* wrong) {
  if (brokers.addresses().empty()) {
    wrong->push_back("brokers.addresses: is missing; give host:port of each broker, or unix:PATH of the local agent");
    return;
  }
  int daemons = 0;
  for (const std::string& address : brokers.addresses()) daemons += IsDaemon(address) ? 1 : 0;
  if (daemons > 0 && brokers.addresses_size() > 1) {
    wrong->push_back("brokers.addresses: names an agent's socket and others; name brokers, or one socket");
  }
  if (daemons > 0) return;
  if (brokers.certificate_file().empty() || brokers.key_file().empty() || brokers.ca_file().empty()) {
    wrong->push_back("brokers: certificate_file, key_file and ca_file are needed: the office's, for mutual TLS");
  }
}

void CheckDuration(absl::string_view key, absl::Duration fallback, absl::Duration min, absl::Duration max, bool given,
                   google::protobuf::Duration* value, std::vector<std::string>* wrong) {
  if (!given) value->set_seconds(absl::ToInt64Seconds(fallback));
  const absl::Duration is = ToDuration(*value);
  if (is >= min && is <= max) return;
  wrong->push_back(absl::StrCat(key, ": is ", absl::FormatDuration(is), ", wanted is ", absl::FormatDuration(min),
                                " to ", absl::FormatDuration(max)));
}

void CheckSession(config::v1::GatewaySessionConfig* session, std::vector<std::string>* wrong) {
  const bool idle_given = session->has_idle();
  const bool longest_given = session->has_longest();
  CheckDuration("session.idle", absl::Minutes(30), absl::Seconds(1), absl::Hours(24), idle_given,
                session->mutable_idle(), wrong);
  CheckDuration("session.longest", absl::Hours(12), absl::Seconds(1), absl::Hours(24), longest_given,
                session->mutable_longest(), wrong);
}

void CheckLimit(absl::string_view key, uint32_t value, uint32_t max, std::vector<std::string>* wrong) {
  if (value > max) wrong->push_back(absl::StrCat(key, ": is ", value, ", wanted is 1 to ", max));
}

}  // namespace

bool SplitAddress(absl::string_view address, std::string* host, std::string* port) {
  const size_t colon = address.rfind(':');
  if (colon == absl::string_view::npos || colon == 0 || colon + 1 == address.size()) return false;
  absl::string_view name = address.substr(0, colon);
  if (name.size() > 2 && name.front() == '[' && name.back() == ']') name = name.substr(1, name.size() - 2);
  *host = std::string(name);
  *port = std::string(address.substr(colon + 1));
  return true;
}

bool IsLoopbackHost(absl::string_view host) {
  if (host == "localhost" || host == "::1") return true;
  // A name such as 127.example.org is none.
  return absl::StartsWith(host, "127.") && host.find_first_not_of("0123456789.") == absl::string_view::npos;
}

absl::StatusOr<GatewayConfig> CompleteGatewayConfig(GatewayConfig config, const std::string& name,
                                                    const std::string& folder) {
  std::vector<std::string> wrong;
  if (config.state_dir().empty()) wrong.push_back("state_dir: is missing; name the folder for people and invitations");
  ResolvePaths(folder, &config);
  FillIn(&config);
  CheckListen(config.listen(), &wrong);
  CheckBrokers(config.brokers(), &wrong);
  CheckSession(config.mutable_session(), &wrong);
  CheckLimit("limits.calls_per_second", config.limits().calls_per_second(), 10'000, &wrong);
  CheckLimit("limits.sign_ins_per_second", config.limits().sign_ins_per_second(), 100, &wrong);
  CheckLimit("limits.streams", config.limits().streams(), 1'024, &wrong);
  CheckLimit("limits.connections", config.limits().connections(), 10'000, &wrong);
  CheckLimit("limits.connections_per_address", config.limits().connections_per_address(), 10'000, &wrong);
  if (wrong.empty()) return config;
  return absl::InvalidArgumentError(absl::StrCat(name, ":\n  ", absl::StrJoin(wrong, "\n  ")));
}

absl::StatusOr<GatewayConfig> LoadGatewayConfig(const std::string& path, const ConfigFlags& flags) {
  GatewayConfig config;
  MUSTER_RETURN_IF_ERROR(LoadTomlFile(path, &config));
  if (!flags.state_dir.empty()) config.set_state_dir(std::filesystem::absolute(flags.state_dir).string());
  if (!flags.dashboard_dir.empty()) config.set_dashboard_dir(std::filesystem::absolute(flags.dashboard_dir).string());
  if (!flags.log_level.empty()) config.mutable_logging()->set_level(flags.log_level);
  return CompleteGatewayConfig(std::move(config), path, std::filesystem::absolute(path).parent_path().string());
}

}  // namespace muster::gateway
