#include "client/lib/doctor/held.h"

#include "absl/strings/str_cat.h"
#include "common/clock.h"

namespace muster::doctor {
namespace {

// While connected an item is decided within seconds.
constexpr absl::Duration kStuckAfter = absl::Minutes(2);
constexpr absl::Duration kSilentAfter = absl::Minutes(2);

bool Connected(const agent::v1::LinkStatus& link) { return link.state() == agent::v1::LINK_STATE_CONNECTED; }

std::string Since(const google::protobuf::Timestamp& at, absl::Time now) {
  return absl::StrCat(Roughly(now - FromProto(at)), " ago");
}

}  // namespace

Finding CheckQueue(const agent::v1::OutboxStatus& outbox, const agent::v1::LinkStatus& link, absl::Time now) {
  const Subject subject{"queue"};
  if (outbox.saved_here() == 0) return Fine(subject, "nothing waits to be sent");
  const std::string detail =
      absl::StrCat(outbox.saved_here(), outbox.saved_here() == 1 ? " item is" : " items are",
                   " saved here and not decided yet, the oldest saved ", Since(outbox.oldest_saved_at(), now));
  if (!Connected(link)) {
    return Warning(subject, absl::StrCat(detail, "; they go out when a broker can be reached"),
                   "muster outbox ls --state saved-here (mend the link first: see the checks above)");
  }
  if (now - FromProto(outbox.oldest_saved_at()) < kStuckAfter) return Fine(subject, detail);
  return Failing(subject, absl::StrCat(detail, ", although a broker is connected"),
                 "muster outbox ls --state saved-here, then muster outbox show N, and muster outbox retry N or "
                 "muster outbox drop N --reason TEXT");
}

Finding CheckDatabase(const absl::Status& verified, const absl::Status& failed, const std::string& state_dir) {
  const Subject subject{"database"};
  if (!failed.ok()) {
    return Failing(subject, absl::StrCat("nothing more can be saved: ", failed.message()),
                   "sudo systemctl restart muster-agent");
  }
  if (!verified.ok()) {
    return Failing(subject, verified.message(),
                   absl::StrCat("sudo systemctl stop muster-agent && sudo cp -a ", state_dir, " ", state_dir,
                                ".damaged && muster-agent verify (keep the copy: what was not sent yet is in it)"));
  }
  return Fine(subject, "every row opens and is whole");
}

Finding CheckFeed(const agent::v1::InboxStatus& inbox, const agent::v1::LinkStatus& link, absl::Time now) {
  const Subject subject{"feed"};
  if (inbox.gaps_size() > 0) {
    const agent::v1::FeedGap& last = inbox.gaps(inbox.gaps_size() - 1);
    return Failing(
        subject,
        absl::StrCat("THE FEED HAS ", inbox.gaps_size(), inbox.gaps_size() == 1 ? " GAP" : " GAPS",
                     ": something on it was never received here; the latest ", Since(last.at(), now), ": ",
                     last.message()),
        "muster operation list, then muster plan show and muster readiness board for each (what they say now "
        "is whole); report the gap to the broker's operator");
  }
  const std::string held = inbox.deliveries() == 0 ? std::string("no deliveries yet")
                                                   : absl::StrCat(inbox.deliveries(), " deliveries held, the last ",
                                                                  Since(inbox.last_delivery_at(), now));
  if (!Connected(link)) {
    const std::string contact = link.has_last_contact()
                                    ? absl::StrCat("a broker last answered ", Since(link.last_contact(), now))
                                    : std::string("no broker has answered yet");
    return Warning(subject, absl::StrCat(held, "; ", contact, ": what is shown may be old"),
                   "muster agent status (mend the link first: see the checks above)");
  }
  if (!inbox.caught_up()) {
    return Warning(subject, absl::StrCat(held, "; still catching up with the broker"), "muster agent status (wait)");
  }
  if (link.has_last_contact() && now - FromProto(link.last_contact()) > kSilentAfter) {
    return Warning(subject, absl::StrCat(held, "; the broker last answered ", Since(link.last_contact(), now)),
                   "sudo systemctl restart muster-agent");
  }
  return Fine(subject, absl::StrCat(held, "; caught up, no gaps"));
}

Finding CheckHook(const agent::v1::HookStatus& hook) {
  const Subject subject{"hook"};
  if (!hook.configured()) return Fine(subject, "no on-delivery command is configured");
  if (hook.failed() > 0) {
    return Warning(subject,
                   absl::StrCat("the on-delivery command failed for ", hook.failed(),
                                hook.failed() == 1 ? " delivery" : " deliveries", ", at last: ", hook.last_failure()),
                   "journalctl -u muster-agent --grep=hook (then mend the command that hook.on_delivery names)");
  }
  return Fine(subject, hook.waiting() == 0
                           ? std::string("the on-delivery command has been run for every delivery")
                           : absl::StrCat(hook.waiting(), " deliveries wait for the on-delivery command"));
}

}  // namespace muster::doctor
