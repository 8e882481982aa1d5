#include "client/cli/agent_view.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "client/cli/answer_age.h"
#include "client/cli/text.h"
#include "common/clock.h"

namespace muster::cli {
namespace {

using agent::v1::Finding;
using agent::v1::GetStatusResponse;
using agent::v1::LinkState;

// READY is refused beyond this.
constexpr absl::Duration kClockOffsetMax = absl::Seconds(30);

absl::Duration Length(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

std::string When(const google::protobuf::Timestamp& time, absl::Time now, absl::TimeZone zone) {
  if (TimeText(time).empty()) return "never";
  const absl::Time at = FromProto(time);
  return absl::StrCat(ClockText(at, now, zone), " (", AgoText(at, now), ")");
}

std::string StateWord(LinkState state) {
  return absl::AsciiStrToUpper(absl::StrReplaceAll(Label(state), {{"-", " "}}));
}

std::string ClockOffsetText(const agent::v1::ClockStatus& clock, absl::Time now) {
  if (!clock.has_offset()) return "not measured yet";
  const absl::Duration offset = Length(clock.offset());
  return absl::StrFormat(
      "%.3f s %s the broker's, give or take %.3f s; measured %s", absl::ToDoubleSeconds(absl::AbsDuration(offset)),
      offset < absl::ZeroDuration() ? "ahead of" : "behind", absl::ToDoubleSeconds(Length(clock.uncertainty())),
      AgoText(FromProto(clock.measured_at()), now));
}

// Empty while the certificate lasts.
std::string ExpiryAlarm(const GetStatusResponse& status, absl::Time now) {
  if (!status.has_certificate_not_after()) return "";
  const absl::Duration left = FromProto(status.certificate_not_after()) - now;
  const std::string mend = "; enrol again with a new one: muster agent enroll BUNDLE";
  if (left <= absl::ZeroDuration()) return absl::StrCat("THE CERTIFICATE HAS EXPIRED", mend);
  const bool hours = left < absl::Hours(48);
  const std::string when = hours ? absl::StrCat("expires in ", left / absl::Hours(1), " hours")
                                 : absl::StrCat("expires in ", left / absl::Hours(24), " days");
  if (left <= absl::Hours(3 * 24)) return absl::StrCat("URGENT: THE CERTIFICATE ", absl::AsciiStrToUpper(when), mend);
  if (left <= absl::Hours(14 * 24)) return absl::StrCat("WARNING: the certificate ", when, mend);
  if (left <= absl::Hours(30 * 24)) return absl::StrCat("note: the certificate ", when, mend);
  return "";
}

std::string OutboxText(const GetStatusResponse& status, absl::Time now) {
  const agent::v1::OutboxStatus& outbox = status.outbox();
  return absl::StrCat(outbox.saved_here(), " saved here",
                      outbox.saved_here() == 0 || !outbox.has_oldest_saved_at()
                          ? ""
                          : absl::StrCat(" (the oldest ", AgoText(FromProto(outbox.oldest_saved_at()), now), ")"),
                      ", ", outbox.accepted(), " accepted, ", outbox.rejected(), " rejected, ", outbox.dropped(),
                      " dropped");
}

std::string InboxText(const GetStatusResponse& status, absl::Time now, absl::TimeZone zone) {
  const agent::v1::InboxStatus& inbox = status.inbox();
  return absl::StrCat(inbox.deliveries(), " deliveries, the last ", When(inbox.last_delivery_at(), now, zone), ", ",
                      inbox.caught_up() ? "caught up" : "not caught up");
}

std::string HookText(const agent::v1::HookStatus& hook) {
  if (!hook.configured()) return "none";
  return absl::StrCat(hook.waiting(), " waiting, ", hook.failed(), " failed",
                      hook.last_failure().empty() ? "" : absl::StrCat(": ", hook.last_failure()));
}

std::string LevelWord(const Finding& finding) {
  switch (finding.level()) {
    case agent::v1::FINDING_LEVEL_OK:
      return "ok";
    case agent::v1::FINDING_LEVEL_WARNING:
      return "WARNING";
    case agent::v1::FINDING_LEVEL_FAILING:
      return "FAILING";
    case agent::v1::FINDING_LEVEL_SKIPPED:
      return "skipped";
    default:
      return Label(finding.level());
  }
}

}  // namespace

std::string LinkText(const agent::v1::LinkStatus& link, absl::Time now, absl::TimeZone zone) {
  std::string text = StateWord(link.state());
  if (link.state() == agent::v1::LINK_STATE_CONNECTED) absl::StrAppend(&text, " to ", link.broker());
  if (link.has_since()) absl::StrAppend(&text, " since ", When(link.since(), now, zone));
  if (!link.trouble().empty()) absl::StrAppend(&text, ": ", link.trouble());
  return text;
}

std::vector<std::string> Alarms(const GetStatusResponse& status, absl::Time now, absl::TimeZone zone) {
  std::vector<std::string> alarms;
  for (const agent::v1::FeedGap& gap : status.inbox().gaps()) {
    alarms.push_back(absl::StrCat("GAP IN THE FEED at ", When(gap.at(), now, zone), ": ", gap.message(), " (after ",
                                  CursorText(gap.after_cursor()), ", before ", CursorText(gap.next_cursor()), ")"));
  }
  if (status.link().state() != agent::v1::LINK_STATE_CONNECTED) alarms.push_back(LinkText(status.link(), now, zone));
  if (std::string expiry = ExpiryAlarm(status, now); !expiry.empty()) alarms.push_back(std::move(expiry));
  if (status.clock().has_offset() && absl::AbsDuration(Length(status.clock().offset())) > kClockOffsetMax) {
    alarms.push_back(absl::StrCat("THE CLOCK IS WRONG, and READY is refused: it is ",
                                  ClockOffsetText(status.clock(), now), "; mend it: timedatectl set-ntp true"));
  }
  if (status.hook().failed() > 0) alarms.push_back(absl::StrCat("THE HOOK FAILS: ", HookText(status.hook())));
  return alarms;
}

View StatusView(const GetStatusResponse& status, absl::Time now, absl::TimeZone zone) {
  View view;
  view.object = &status;
  for (const std::string& alarm : Alarms(status, now, zone)) absl::StrAppend(&view.heading, "*** ", alarm, "\n");
  if (!view.heading.empty()) view.heading += "\n";
  const std::string who =
      status.agency_id().empty() ? "not enrolled" : absl::StrCat(status.agency_id(), "/", status.post());
  view.table.columns = {{"field"}, {"value"}};
  view.table.rows = {{"agency", who},
                     {"link", LinkText(status.link(), now, zone)},
                     {"broker", status.link().broker()},
                     {"brokers", absl::StrJoin(status.link().brokers(), ", ")},
                     {"last contact", When(status.link().last_contact(), now, zone)},
                     {"reconnects", absl::StrCat(status.link().reconnects())},
                     {"clock", ClockOffsetText(status.clock(), now)},
                     {"certificate until", TimeText(status.certificate_not_after())},
                     {"outbox", OutboxText(status, now)},
                     {"inbox", InboxText(status, now, zone)},
                     {"gaps", status.inbox().gaps().empty() ? "none" : absl::StrCat(status.inbox().gaps_size())},
                     {"hook", HookText(status.hook())},
                     {"version", status.version()},
                     {"started", When(status.started_at(), now, zone)}};
  return view;
}

View DiagnosisView(const agent::v1::DiagnoseResponse& diagnosis) {
  View view;
  view.object = &diagnosis;
  view.is_list = true;
  view.csv.columns = {{"level"}, {"check"}, {"broker"}, {"detail"}, {"mend"}};
  size_t check_width = 0;
  size_t broker_width = 0;
  for (const Finding& finding : diagnosis.findings()) {
    view.items.push_back(&finding);
    view.csv.rows.push_back(
        {LevelWord(finding), finding.check(), finding.broker(), finding.detail(), finding.remedy()});
    check_width = std::max(check_width, finding.check().size());
    broker_width = std::max(broker_width, finding.broker().size());
  }
  if (!diagnosis.findings().empty()) view.table.rows = {{}};  // The lines are the heading: there is no "(none)" below.
  for (const Finding& finding : diagnosis.findings()) {
    const std::string broker =
        broker_width == 0 ? "" : absl::StrFormat("%-*s  ", static_cast<int>(broker_width), finding.broker());
    absl::StrAppend(&view.heading,
                    absl::StrFormat("%-7s  %-*s  ", LevelWord(finding), static_cast<int>(check_width), finding.check()),
                    broker, finding.detail(), "\n");
    if (!finding.remedy().empty()) absl::StrAppend(&view.heading, "  mend: ", finding.remedy(), "\n");
  }
  return view;
}

}  // namespace muster::cli
