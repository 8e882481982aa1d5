// Looks at everything between a command post and its brokers, in the order in which things depend on each other, and
// says of each that fails which command mends it. The daemon and the command line run the same checks.
//
//   doctor::LinkToCheck link;
//   link.brokers = {"broker.example:7443"};
//   link.tls = *ReadTlsFiles(files);
//   for (const doctor::Finding& finding : doctor::CheckLink(link, *SystemClock())) Print(finding);
//
// Per broker: name -> tcp -> tls -> chain -> expiry (the broker's) -> clock, revocation (WhoAmI). For us: chain and
// expiry of our own certificate. What depends on something that fails is SKIPPED, with the reason. What the daemon
// alone can look at is in held.h and machine.h.
//
// Threading: from any thread. Blocks, for each broker that does not answer, up to `timeout` for each of its checks;
// brokers are checked at the same time.
#ifndef MUSTER_CLIENT_LIB_DOCTOR_DOCTOR_H_
#define MUSTER_CLIENT_LIB_DOCTOR_DOCTOR_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "client/lib/doctor/finding.h"
#include "common/clock.h"
#include "common/tls_files.h"

namespace muster::doctor {

struct LinkToCheck {
  // host:port of each.
  std::vector<std::string> brokers;
  // The name to expect in the brokers' certificates; empty: the host in `brokers`.
  std::string server_name;
  // Our certificate chain, its key, and the authorities that sign brokers' certificates. Nothing: there is none yet.
  std::optional<TlsContents> tls;
  // What findings call the three.
  TlsFiles names = {
      .certificate_file = "our certificate", .key_file = "our private key", .ca_file = "our list of authorities"};
  // The command that puts another certificate, key and authorities in place.
  std::string renew = "muster agent enroll NEW-BUNDLE";
  absl::Duration timeout = absl::Seconds(3);
};

std::vector<Finding> CheckLink(const LinkToCheck& link, const Clock& clock);

}  // namespace muster::doctor

#endif  // MUSTER_CLIENT_LIB_DOCTOR_DOCTOR_H_
