// Victim services: counts and random tickets, never anything of a person (rule V1).
#ifndef MUSTER_CLIENT_CLI_VICTIMS_VIEW_H_
#define MUSTER_CLIENT_CLI_VICTIMS_VIEW_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/cli/printer.h"
#include "muster/v1/victims.pb.h"

namespace muster::cli {

// "2021-08-26", with nothing after it.
absl::StatusOr<v1::Date> ParseDate(absl::string_view text);
std::string DateText(const v1::Date& date);

// Each in one line.
std::string NoticeLine(const v1::ReadinessNotice& notice);
std::string CapacityLine(const v1::CapacityReport& report);
std::string ServicesLine(const v1::ServiceReport& report);
std::string ReferralLine(const v1::Referral& referral);

// What the caller may see of an operation's victim services. `response` outlives the view.
View VictimServicesView(const v1::GetVictimServicesResponse& response);

}  // namespace muster::cli

#endif  // MUSTER_CLIENT_CLI_VICTIMS_VIEW_H_
