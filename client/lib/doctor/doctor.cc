#include "client/lib/doctor/doctor.h"

#include <pthread.h>

#include <csignal>
#include <iterator>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/lib/doctor/certificates.h"
#include "client/lib/doctor/reach.h"
#include "client/lib/doctor/standing.h"
#include "client/lib/doctor/tls_probe.h"

namespace muster::doctor {
namespace {

constexpr char kNotEnrolled[] = "there is no certificate yet";

void SkipRest(const std::string& broker, std::initializer_list<const char*> checks, absl::string_view reason,
              std::vector<Finding>* findings) {
  for (const char* check : checks) findings->push_back(Skipped({check, broker}, reason));
}

std::string ExpectedName(const LinkToCheck& link, const std::string& broker) {
  if (!link.server_name.empty()) return link.server_name;
  return SplitHostPort(broker).value_or(HostPort{broker, ""}).host;
}

// chain and expiry of what the broker showed. Whether a client would go on.
bool CheckBrokerCertificate(const LinkToCheck& link, const std::string& broker, const Certificates& shown,
                            const Clock& clock, std::vector<Finding>* findings) {
  const std::string name = ExpectedName(link, broker);
  const ChainAnswer chain = FollowChain(shown, ParseCertificates(link.tls->ca), Purpose::kServer, link.names.ca_file);
  const X509& leaf = *shown.front();
  const Subject subject{"chain", broker};
  const bool named = IsMadeOutTo(leaf, name);
  if (!chain.holds) {
    findings->push_back(Failing(subject,
                                absl::StrCat("the broker's certificate is not from our authorities: ", chain.text),
                                absl::StrCat(link.renew,
                                             " (whose ca holds the authority of this broker), unless somebody "
                                             "else answers at this address")));
  } else if (!named) {
    findings->push_back(Failing(
        subject, absl::StrCat("the broker's certificate is made out to ", NamesIn(leaf), ", not to ", name),
        absl::StrCat(link.renew, " (with the broker's address as its certificate has it, or with server_name)")));
  } else {
    findings->push_back(Fine(subject, absl::StrCat("the broker's certificate: ", chain.text)));
  }
  findings->push_back(JudgeExpiry({"expiry", broker}, "the broker's certificate", leaf, clock.Now(),
                                  "on the broker: sudo install -m 644 NEW.crt CERTIFICATE_FILE && sudo install -m 600 "
                                  "NEW.key KEY_FILE (those that its "
                                  "configuration names; musterd takes them by itself)"));
  return chain.holds && named;
}

void CheckBroker(const LinkToCheck& link, const std::string& broker, const Clock& clock,
                 std::vector<Finding>* findings) {
  const std::vector<SocketAddress> addresses = CheckName(broker, link.timeout, findings);
  if (addresses.empty()) {
    return SkipRest(broker, {"tcp", "tls", "chain", "expiry", "clock", "revocation"},
                    "the broker's name has no address", findings);
  }
  const Socket socket = CheckTcp(broker, addresses, link.timeout, findings);
  if (socket.fd() < 0) {
    return SkipRest(broker, {"tls", "chain", "expiry", "clock", "revocation"}, "there is no connection to the broker",
                    findings);
  }
  if (!link.tls.has_value()) {
    return SkipRest(broker, {"tls", "chain", "expiry", "clock", "revocation"}, kNotEnrolled, findings);
  }
  const TlsProbe probe = {
      .broker = broker, .name = ExpectedName(link, broker), .renew = link.renew, .timeout = link.timeout};
  const Certificates shown = CheckTls(probe, *link.tls, socket.fd(), findings);
  const bool shaken = !IsFailing(findings->back());
  if (shown.empty()) {
    return SkipRest(broker, {"chain", "expiry", "clock", "revocation"}, "the broker showed no certificate", findings);
  }
  const bool trusted = CheckBrokerCertificate(link, broker, shown, clock, findings);
  if (!trusted || !shaken) {
    return SkipRest(broker, {"clock", "revocation"},
                    trusted ? "the broker ended the TLS handshake" : "the broker's certificate cannot be trusted",
                    findings);
  }
  CheckStanding(link, broker, clock, findings);
}

// chain and expiry of our own certificate and authorities.
void CheckOurs(const LinkToCheck& link, const Clock& clock, std::vector<Finding>* findings) {
  if (!link.tls.has_value()) {
    findings->push_back(Failing({"chain"}, kNotEnrolled, link.renew));
    return findings->push_back(Skipped({"expiry"}, kNotEnrolled));
  }
  const Certificates ours = ParseCertificates(link.tls->certificate);
  const Certificates authorities = ParseCertificates(link.tls->ca);
  if (ours.empty() || authorities.empty()) {
    findings->push_back(Failing({"chain"},
                                absl::StrCat(ours.empty() ? link.names.certificate_file : link.names.ca_file,
                                             " holds no certificate that can be read"),
                                link.renew));
    return findings->push_back(Skipped({"expiry"}, "there is no certificate that can be read"));
  }
  const ChainAnswer chain = FollowChain(ours, authorities, Purpose::kClient, link.names.ca_file);
  // Brokers' certificates may come from another authority than ours; whether ours is accepted, the handshake tells.
  findings->push_back(chain.holds
                          ? Fine({"chain"}, absl::StrCat("our certificate: ", chain.text))
                          : Warning({"chain"}, absl::StrCat("our certificate: ", chain.text),
                                    absl::StrCat(link.renew, " (unless brokers have other authorities than we)")));
  findings->push_back(JudgeExpiry({"expiry"}, "our certificate", *ours.front(), clock.Now(), link.renew));
  for (const UniqueX509& authority : authorities) {
    findings->push_back(JudgeExpiry({"expiry"}, absl::StrCat("the authority ", NameOf(*authority)), *authority,
                                    clock.Now(), link.renew));
  }
}

// A thread's own: the connection of a probe may break while it writes, and the process must live.
void BlockBrokenPipe() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

}  // namespace

std::vector<Finding> CheckLink(const LinkToCheck& link, const Clock& clock) {
  std::vector<Finding> findings;
  CheckOurs(link, clock, &findings);
  if (link.brokers.empty()) {
    findings.push_back(Failing({"name"}, "no broker is named", link.renew));
    return findings;
  }
  std::vector<std::vector<Finding>> of_brokers(link.brokers.size());
  std::vector<std::thread> threads;
  for (size_t i = 0; i < link.brokers.size(); ++i) {
    threads.emplace_back([&link, &clock, &broker = link.brokers[i], found = &of_brokers[i]] {
      BlockBrokenPipe();
      CheckBroker(link, broker, clock, found);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::vector<Finding>& found : of_brokers) {
    findings.insert(findings.end(), std::make_move_iterator(found.begin()), std::make_move_iterator(found.end()));
  }
  return findings;
}

}  // namespace muster::doctor
