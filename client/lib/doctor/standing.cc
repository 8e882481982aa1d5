#include "client/lib/doctor/standing.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "client/lib/client.h"
#include "client/lib/connection.h"
#include "client/lib/label.h"
#include "common/error_reason.h"
#include "muster/v1/agency.pb.h"

namespace muster::doctor {
namespace {

constexpr absl::Duration kOffsetWarning = absl::Seconds(5);
// READY is refused beyond it.
constexpr absl::Duration kOffsetFailing = absl::Seconds(30);

constexpr char kClock[] = "clock";
constexpr char kRevocation[] = "revocation";

ConnectionOptions OptionsFor(const LinkToCheck& link, const std::string& broker) {
  ConnectionOptions options;
  options.brokers = {broker};
  options.certificate_file = link.names.certificate_file;
  options.key_file = link.names.key_file;
  options.ca_file = link.names.ca_file;
  options.tls = link.tls;
  options.server_name = link.server_name;
  options.deadline = link.timeout;
  options.attempt_deadline = link.timeout;
  return options;
}

Finding Accepted(const std::string& broker, const v1::WhoAmIResponse& us) {
  return Fine({kRevocation, broker},
              absl::StrCat("the broker knows us as ", us.principal().agency_id(), "/", us.principal().post(),
                           ", in standing ", Label(us.agency().standing()), "; our certificate is not revoked"));
}

}  // namespace

Finding JudgeClock(const std::string& broker, absl::Duration offset, absl::Duration uncertainty) {
  const Subject subject{kClock, broker};
  const std::string detail = absl::StrCat(
      "this machine's clock is ", absl::FormatDuration(absl::Trunc(absl::AbsDuration(offset), absl::Milliseconds(1))),
      offset > absl::ZeroDuration() ? " behind" : " ahead of", " the broker's, give or take ",
      absl::FormatDuration(absl::Ceil(uncertainty, absl::Milliseconds(1))));
  constexpr char kRemedy[] =
      "sudo timedatectl set-ntp true (without a time server: sudo timedatectl set-time 'DATE TIME')";
  if (absl::AbsDuration(offset) > kOffsetFailing) {
    return Failing(subject, absl::StrCat(detail, ": READY is refused beyond 30 s"), kRemedy);
  }
  if (absl::AbsDuration(offset) > kOffsetWarning) return Warning(subject, detail, kRemedy);
  return Fine(subject, detail);
}

Finding JudgeRefusal(const std::string& broker, const absl::Status& refused, const std::string& renew) {
  const Subject subject{kRevocation, broker};
  const std::string detail = absl::StrCat("the broker refuses us: ", refused.message());
  switch (RejectedOf(refused).reason()) {
    case v1::ERROR_REASON_CERTIFICATE_REVOKED:
    case v1::ERROR_REASON_CERTIFICATE_EXPIRED:
    case v1::ERROR_REASON_CERTIFICATE_UNUSABLE:
      return Failing(subject, detail, absl::StrCat(renew, " (with a certificate for a new key, from the registrar)"));
    case v1::ERROR_REASON_AGENCY_UNKNOWN:
      return Failing(subject, detail, "the registrar runs: muster agency register (this agency is not on the roster)");
    case v1::ERROR_REASON_AGENCY_SUSPENDED:
      return Failing(subject, detail, "the registrar runs: muster agency reinstate");
    default:
      return Failing(subject, detail, "on the broker: sudo systemctl status musterd; journalctl -u musterd");
  }
}

void CheckStanding(const LinkToCheck& link, const std::string& broker, const Clock& clock,
                   std::vector<Finding>* findings) {
  const Subject clock_subject{kClock, broker};
  const auto refused = [&](const absl::Status& status) {
    findings->push_back(Skipped(clock_subject, "the broker has not told its time"));
    findings->push_back(JudgeRefusal(broker, status, link.renew));
  };
  const absl::StatusOr<std::shared_ptr<Connection>> connection = Connect(OptionsFor(link, broker));
  if (!connection.ok()) return refused(connection.status());
  Client client(*connection);
  // The first call connects; the second one's round trip is short, and so is what is uncertain about the offset.
  absl::StatusOr<v1::WhoAmIResponse> us = client.WhoAmI();
  if (!us.ok()) return refused(us.status());
  const absl::Time sent = clock.Now();
  const absl::Duration began = clock.Monotonic();
  us = client.WhoAmI();
  const absl::Duration round_trip = clock.Monotonic() - began;
  if (!us.ok()) return refused(us.status());
  findings->push_back(JudgeClock(broker, FromProto(us->broker_time()) - (sent + round_trip / 2), round_trip / 2));
  findings->push_back(Accepted(broker, *us));
}

}  // namespace muster::doctor
