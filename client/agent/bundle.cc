#include "client/agent/bundle.h"

#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "client/agent/config.h"
#include "common/config.h"
#include "common/status_macros.h"
#include "common/tls_files.h"
#include "common/validation.h"

namespace muster::agent {
namespace {

// How errors call the parts.
TlsFiles PartNames() { return {"the bundle's certificate", "the bundle's key", "the bundle's ca"}; }

TlsContents PartsOf(const v1::EnrollmentBundle& bundle) {
  return {.certificate = bundle.certificate(), .key = bundle.key(), .ca = bundle.ca()};
}

// What is wrong with a bundle is wrong input, whatever the code says.
absl::Status AsInput(const absl::Status& status) {
  return status.ok() ? status : absl::InvalidArgumentError(status.message());
}

absl::Status CheckBroker(const std::string& broker) {
  const size_t colon = broker.rfind(':');
  uint32_t port = 0;
  if (!IsDaemon(broker) && colon != std::string::npos && colon > 0 &&
      absl::SimpleAtoi(absl::string_view(broker).substr(colon + 1), &port) && port >= 1 && port <= 65535) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("the bundle's broker \"", broker, "\" is no host:port such as broker.example:7443"));
}

}  // namespace

absl::StatusOr<CertificateIdentity> CheckBundle(const v1::EnrollmentBundle& bundle, absl::Time now) {
  MUSTER_RETURN_IF_ERROR(Validate(bundle));
  for (const std::string& broker : bundle.brokers()) MUSTER_RETURN_IF_ERROR(CheckBroker(broker));
  MUSTER_RETURN_IF_ERROR(AsInput(CheckTlsContents(PartsOf(bundle), PartNames(), now)));
  absl::StatusOr<CertificateIdentity> identity = IdentityFromPem(bundle.certificate(), bundle.trust_domain());
  if (!identity.ok()) return AsInput(identity.status());
  return identity;
}

absl::StatusOr<std::shared_ptr<Connection>> ConnectWith(const v1::EnrollmentBundle& bundle,
                                                        const config::v1::AgentLinkConfig& link) {
  ConnectionOptions options;
  options.brokers.assign(bundle.brokers().begin(), bundle.brokers().end());
  options.certificate_file = PartNames().certificate_file;
  options.key_file = PartNames().key_file;
  options.ca_file = PartNames().ca_file;
  options.tls = PartsOf(bundle);
  options.server_name = bundle.server_name();
  options.retry.initial_backoff = absl::Milliseconds(100);
  options.retry.max_backoff = ToDuration(link.reconnect_max());
  options.keepalive = ToDuration(link.keepalive());
  options.keepalive_timeout = ToDuration(link.keepalive_timeout());
  return Connect(std::move(options));
}

}  // namespace muster::agent
