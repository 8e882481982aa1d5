#include "client/cli/demo/live_show.h"

#include <poll.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "client/cli/printer.h"
#include "common/deadline.h"
#include "common/sha256.h"
#include "common/status_macros.h"

namespace muster {
namespace {

// Whom each gateway invites: a person who may act for the office.
constexpr char kPerson[] = "duty-officer";
constexpr char kRole[] = "operator";
constexpr absl::Duration kWaitForSomebody = absl::Seconds(60);
constexpr int kLookEveryMs = 200;

// The agency behind a label of an activity.
const std::string& AgencyOf(const std::string& label, const Scenario& scenario) {
  const auto& activities = scenario.deconfliction.activities();
  return absl::c_find_if(activities, [&](const auto& activity) { return activity.label() == label; })->agency_id();
}

// Empty: every conflict of the scenario is resolved.
std::string PartyLeftAlone(const Scenario& scenario, const std::map<std::string, v1::Agency>& agencies) {
  std::string party;
  for (const config::v1::ScenarioConflict& planted : scenario.deconfliction.conflicts()) {
    if (planted.resolution() != v1::CONFLICT_RESOLUTION_UNSPECIFIED) continue;
    for (const std::string& label : planted.between()) {
      party = AgencyOf(label, scenario);
      if (agencies.at(party).kind() == v1::AGENCY_KIND_ATTORNEY_GENERAL) return party;
    }
  }
  return party;
}

}  // namespace

std::vector<ShownOffice> OfficesToShow(const Scenario& scenario, const std::map<std::string, v1::Agency>& agencies) {
  std::vector<ShownOffice> offices = {{scenario.lead(), "leads: every figure, every site, every acknowledgement"}};
  const std::string party = PartyLeftAlone(scenario, agencies);
  if (!party.empty())
    offices.push_back({party, "takes part: its own sections, and a conflict that rings and stays open"});
  offices.push_back(
      {AgencyWithRole(scenario, v1::ROLE_WATCH_DESK), "keeps the watch: every conflict, and whom to call"});
  return offices;
}

absl::StatusOr<std::string> FingerprintOf(absl::string_view pem) {
  constexpr absl::string_view kBegin = "-----BEGIN CERTIFICATE-----";
  const size_t begin = pem.find(kBegin);
  const size_t end = pem.find("-----END CERTIFICATE-----");
  std::string der;
  if (begin == absl::string_view::npos || end == absl::string_view::npos || end < begin ||
      !absl::Base64Unescape(pem.substr(begin + kBegin.size(), end - begin - kBegin.size()), &der) || der.empty()) {
    return absl::InvalidArgumentError("there is no certificate in it");
  }
  return absl::StrJoin(Sha256Bytes(der), ":", [](std::string* out, char byte) {
    absl::StrAppend(out, absl::StrFormat("%02X", static_cast<unsigned char>(byte)));
  });
}

absl::Status LiveShow::Open(const DemoPaths& paths, const Scenario& scenario,
                            const std::map<std::string, v1::Agency>& agencies, const Workspace& workspace,
                            const BrokerProcess& broker) {
  const std::string certificate = absl::StrCat(workspace.certificates(), "/gateway/gateway");
  const std::string certificate_file = absl::StrCat(certificate, ".crt");
  std::ifstream file(certificate_file);
  const std::string pem((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const absl::StatusOr<std::string> fingerprint = FingerprintOf(pem);
  if (!fingerprint.ok()) {
    return absl::FailedPreconditionError(absl::StrCat("cannot use ", certificate_file, ": ",
                                                      fingerprint.status().message(), "; is ", paths.make_certs,
                                                      " of this version?"));
  }
  int number = 0;
  for (const ShownOffice& office : OfficesToShow(scenario, agencies)) {
    GatewaySetup setup;
    setup.muster_gateway = paths.muster_gateway;
    setup.dashboard_dir = paths.dashboard_dir;
    setup.folder = absl::StrCat(workspace.folder(), "/dashboards/", office.agency_id);
    setup.host = absl::StrCat("127.0.0.", ++number);
    setup.server_certificate = certificate;
    setup.office_certificate = absl::StrCat(workspace.certificates(), "/", office.agency_id, "/operator");
    setup.ca_file = absl::StrCat(workspace.certificates(), "/ca/ca.crt");
    setup.broker = broker.address();
    MUSTER_RETURN_IF_ERROR(OpenDoor(std::move(setup), {office, agencies.at(office.agency_id).name(), "", nullptr}));
  }
  if (options_.json) AnnounceAsJson(certificate_file, *fingerprint, broker);
  Announce(*fingerprint);
  if (options_.may_wait) WaitForSomebody();
  return absl::OkStatus();
}

absl::Status LiveShow::OpenDoor(GatewaySetup setup, Door door) {
  door.gateway = std::make_unique<GatewayProcess>(std::move(setup));
  GatewayProcess& gateway = *door.gateway;
  size_t index = 0;
  {
    absl::MutexLock lock(&mu_);
    if (abandoned_) return absl::CancelledError("interrupted");
    index = doors_.size();
    doors_.push_back(std::move(door));
  }
  MUSTER_RETURN_IF_ERROR(gateway.Start());
  MUSTER_ASSIGN_OR_RETURN(std::string code, gateway.Invite(kPerson, kRole));
  absl::MutexLock lock(&mu_);
  doors_[index].code = std::move(code);
  return absl::OkStatus();
}

void LiveShow::Announce(const std::string& fingerprint) {
  absl::MutexLock lock(&mu_);
  out_ << "\nTHE DASHBOARD IS OPEN, on this machine only, for " << doors_.size() << " offices:\n";
  for (const Door& door : doors_) {
    out_ << "\n  " << door.gateway->url() << "  " << door.name << "\n      " << door.office.why
         << "\n      choose \"I have a code\": " << door.code << "   (then, as " << kPerson
         << ", the password that you set)\n";
  }
  out_ << "\nThe browser will warn: the certificate was made a moment ago and nobody vouches for it. Its SHA-256 "
          "fingerprint is\n  "
       << fingerprint
       << "\n\nWhile the replay runs, look; act (acknowledge, resolve) when it is over: the verdict counts what you "
          "do.\n\n"
       << std::flush;
}

void LiveShow::AnnounceAsJson(const std::string& certificate_file, const std::string& fingerprint,
                              const BrokerProcess& broker) {
  absl::MutexLock lock(&mu_);
  const std::string doors = absl::StrJoin(doors_, ",", [](std::string* out, const Door& door) {
    const std::string& url = door.gateway->url();
    const std::string host_port = url.substr(sizeof("https://") - 1);
    const size_t colon = host_port.rfind(':');
    absl::StrAppend(out, "{\"agency_id\":\"", door.office.agency_id, "\",\"url\":\"", url, "\",\"host\":\"",
                    host_port.substr(0, colon), "\",\"port\":", absl::StripSuffix(host_port.substr(colon + 1), "/"),
                    ",\"person\":\"", kPerson, "\",\"role\":\"", kRole, "\",\"code\":\"", door.code, "\"}");
  });
  out_ << "{\"dashboards\":[" << doors << "],\"certificate_file\":" << cli::JsonString(certificate_file)
       << ",\"certificate_sha256\":\"" << fingerprint << "\",\"broker\":\"" << broker.address() << "\"}" << std::endl;
}

void LiveShow::WaitForSomebody() {
  out_ << "The replay starts when somebody has signed in, or with Enter, or in "
       << absl::ToInt64Seconds(kWaitForSomebody) << " seconds.\n\n"
       << std::flush;
  const Deadline deadline(kWaitForSomebody);
  while (!deadline.passed() && !SomebodySignedIn()) {
    pollfd keyboard = {STDIN_FILENO, POLLIN, 0};
    if (poll(&keyboard, 1, kLookEveryMs) <= 0) continue;
    char line[256];
    (void)!read(STDIN_FILENO, line, sizeof(line));  // Whatever it was, or the end: go on.
    return;
  }
}

bool LiveShow::SomebodySignedIn() {
  absl::MutexLock lock(&mu_);
  return absl::c_any_of(doors_, [](const Door& door) { return door.gateway->SomebodySignedIn(); });
}

absl::Status LiveShow::Close() {
  absl::Status first_error;
  std::vector<GatewayProcess*> gateways;
  {
    absl::MutexLock lock(&mu_);
    for (const Door& door : doors_) gateways.push_back(door.gateway.get());
  }
  for (GatewayProcess* gateway : gateways) first_error.Update(gateway->Stop());
  return first_error;
}

void LiveShow::Abandon() {
  absl::MutexLock lock(&mu_);
  abandoned_ = true;
  for (const Door& door : doors_) door.gateway->Abandon();
}

}  // namespace muster
