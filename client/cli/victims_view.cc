#include "client/cli/victims_view.h"

#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/civil_time.h"
#include "client/cli/text.h"

namespace muster::cli {
namespace {

std::string Languages(const google::protobuf::RepeatedPtrField<v1::LanguageCount>& languages) {
  return absl::StrJoin(languages, ", ", [](std::string* out, const v1::LanguageCount& one) {
    absl::StrAppend(out, one.count(), " ", one.language());
  });
}

std::string Genders(const v1::ReadinessNotice& notice) {
  return absl::StrJoin(notice.genders(), ", ", [](std::string* out, const v1::GenderEstimate& one) {
    absl::StrAppend(out, one.persons(), " ", Label(one.gender()));
  });
}

std::string Needs(const v1::Referral& referral) {
  return absl::StrJoin(referral.needs(), ", ",
                       [](std::string* out, int need) { out->append(EnumLabel(v1::VictimNeed_descriptor(), need)); });
}

std::string Section(absl::string_view title, const Table& table) {
  return table.rows.empty() ? "" : absl::StrCat("\n", title, "\n", RenderTable(table));
}

Table Capacities(const v1::GetVictimServicesResponse& response) {
  Table table = {.columns = {{"agency"},
                             {"beds", /*right=*/true},
                             {"for minors", /*right=*/true},
                             {"languages"},
                             {"until"},
                             {"reported"}},
                 .rows = {}};
  for (const v1::CapacityReport& report : response.capacities()) {
    const v1::Capacity& capacity = report.capacity();
    table.rows.push_back({report.agency_id(), absl::StrCat(capacity.beds()), absl::StrCat(capacity.beds_for_minors()),
                          Languages(capacity.languages()), DateText(capacity.until()), TimeText(report.reported_at())});
  }
  return table;
}

Table Services(const v1::GetVictimServicesResponse& response) {
  Table table = {.columns = {{"agency"},
                             {"offered", /*right=*/true},
                             {"accepted", /*right=*/true},
                             {"declined", /*right=*/true},
                             {"pending", /*right=*/true},
                             {"medical", /*right=*/true},
                             {"reported"}},
                 .rows = {}};
  for (const v1::ServiceReport& report : response.services()) {
    const v1::ServiceCounts& counts = report.counts();
    table.rows.push_back({report.agency_id(), absl::StrCat(counts.offered()), absl::StrCat(counts.accepted()),
                          absl::StrCat(counts.declined()), absl::StrCat(counts.pending()),
                          absl::StrCat(counts.medical()), TimeText(report.reported_at())});
  }
  return table;
}

Table Referrals(const v1::GetVictimServicesResponse& response) {
  Table table = {
      .columns =
          {{"ticket"}, {"from"}, {"to"}, {"needs"}, {"language"}, {"minor"}, {"state"}, {"requested"}, {"answered"}},
      .rows = {}};
  for (const v1::Referral& referral : response.referrals()) {
    table.rows.push_back({referral.ticket(), referral.from_agency_id(), referral.to_agency_id(), Needs(referral),
                          referral.language(), referral.minor() ? "yes" : "", Label(referral.state()),
                          TimeText(referral.requested_at()), TimeText(referral.answered_at())});
  }
  return table;
}

// Every figure as a line of its own, so that one CSV holds all of it.
Table Figures(const v1::GetVictimServicesResponse& response) {
  Table table = {.columns = {{"agency"}, {"figure"}, {"value", /*right=*/true}}, .rows = {}};
  const auto add = [&table](const std::string& agency, absl::string_view figure, uint64_t value) {
    table.rows.push_back({agency, std::string(figure), absl::StrCat(value)});
  };
  for (const v1::CapacityReport& report : response.capacities()) {
    add(report.agency_id(), "beds", report.capacity().beds());
    add(report.agency_id(), "beds for minors", report.capacity().beds_for_minors());
    for (const v1::LanguageCount& one : report.capacity().languages()) {
      add(report.agency_id(), absl::StrCat("beds ", one.language()), one.count());
    }
  }
  for (const v1::ServiceReport& report : response.services()) {
    add(report.agency_id(), "offered", report.counts().offered());
    add(report.agency_id(), "accepted", report.counts().accepted());
    add(report.agency_id(), "declined", report.counts().declined());
    add(report.agency_id(), "pending", report.counts().pending());
    add(report.agency_id(), "medical", report.counts().medical());
  }
  add("", "referrals requested", response.referrals_requested());
  add("", "referrals accepted", response.referrals_accepted());
  return table;
}

}  // namespace

absl::StatusOr<v1::Date> ParseDate(absl::string_view text) {
  absl::CivilDay day;
  if (text.size() != 10 || !absl::ParseCivilTime(text, &day)) {
    return absl::InvalidArgumentError(absl::StrCat("\"", absl::CHexEscape(text), "\" is not a day such as 2021-08-26"));
  }
  v1::Date date;
  date.set_year(static_cast<int32_t>(day.year()));
  date.set_month(day.month());
  date.set_day(day.day());
  return date;
}

std::string DateText(const v1::Date& date) {
  return date.year() == 0 ? "" : absl::StrFormat("%04d-%02d-%02d", date.year(), date.month(), date.day());
}

std::string NoticeLine(const v1::ReadinessNotice& notice) {
  std::string text = absl::StrCat("victim services: ", notice.persons_min(), " to ", notice.persons_max(),
                                  " persons expected, ", DateText(notice.earliest()), " to ", DateText(notice.latest()),
                                  ", in ", absl::StrJoin(notice.states(), ", "));
  if (notice.genders_size() > 0) absl::StrAppend(&text, "; ", Genders(notice));
  if (notice.languages_size() > 0) absl::StrAppend(&text, "; languages: ", Languages(notice.languages()));
  return absl::StrCat(text, notice.minors_expected() ? "; minors expected" : "; no minors expected");
}

std::string CapacityLine(const v1::CapacityReport& report) {
  std::string text = absl::StrCat(report.agency_id(), " has ", report.capacity().beds(), " beds");
  if (report.capacity().languages_size() > 0) absl::StrAppend(&text, ", ", Languages(report.capacity().languages()));
  if (report.capacity().beds_for_minors() > 0) {
    absl::StrAppend(&text, ", ", report.capacity().beds_for_minors(), " for minors");
  }
  return report.capacity().has_until() ? absl::StrCat(text, ", until ", DateText(report.capacity().until())) : text;
}

std::string ServicesLine(const v1::ServiceReport& report) {
  const v1::ServiceCounts& counts = report.counts();
  return absl::StrCat(report.agency_id(), ": services offered ", counts.offered(), ", accepted ", counts.accepted(),
                      ", declined ", counts.declined(), ", pending ", counts.pending(), ", medical ", counts.medical());
}

std::string ReferralLine(const v1::Referral& referral) {
  return absl::StrCat("referral ", referral.ticket(), " from ", referral.from_agency_id(), " to ",
                      referral.to_agency_id(), " is ", Label(referral.state()), ": ", Needs(referral),
                      referral.language().empty() ? "" : absl::StrCat(", speaks ", referral.language()),
                      referral.minor() ? ", a minor" : "");
}

View VictimServicesView(const v1::GetVictimServicesResponse& response) {
  View view;
  view.object = &response;
  view.mode = response.mode();
  view.csv = Figures(response);
  view.heading = response.has_notice() ? absl::StrCat(EscapeForTerminal(NoticeLine(response.notice())), "\npublished ",
                                                      TimeText(response.published_at()), "\n")
                                       : "no readiness notice has been published\n";
  view.body = absl::StrCat(Section("CAPACITY", Capacities(response)), Section("SERVICES", Services(response)),
                           Section("REFERRALS", Referrals(response)), "\nreferrals: ", response.referrals_requested(),
                           " requested, ", response.referrals_accepted(), " accepted\n");
  return view;
}

}  // namespace muster::cli
