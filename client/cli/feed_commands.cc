#include <cstdint>
#include <memory>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/cursor_file.h"
#include "client/cli/exit_code.h"
#include "client/cli/notice_text.h"
#include "client/cli/options.h"
#include "client/cli/text.h"
#include "client/lib/subscription.h"
#include "common/status_macros.h"

namespace muster::cli {
namespace {

struct WatchFlags {
  std::string after;
  std::string cursor_file;
  bool from_now = false;
  bool until_caught_up = false;
  uint64_t count = 0;
};

void PrintDelivery(Invocation& invocation, const v1::Delivery& delivery) {
  const v1::Notice& notice = delivery.notice();
  const bool real = notice.mode() == v1::OPERATION_MODE_ACTUAL || notice.mode() == v1::OPERATION_MODE_UNSPECIFIED;
  View view;
  view.object = &delivery;
  view.mode = notice.mode();
  view.heading = absl::StrCat(
      TimeText(notice.at()), "  ", real ? "" : absl::StrCat(absl::AsciiStrToUpper(Label(notice.mode())), " "),
      notice.operation_id().empty() ? (notice.has_agency() ? "roster" : "-") : notice.operation_id(), "  ",
      DescribeNotice(notice));
  view.table.columns = {{"at"}, {"operation"}, {"mode"}, {"kind"}, {"what"}, {"cursor"}};
  view.table.rows = {{TimeText(notice.at()), notice.operation_id(), LabelIfSet(notice.mode()), NoticeKind(notice),
                      DescribeNotice(notice), CursorText(delivery.cursor())}};
  invocation.printer().PrintItem(view);
}

absl::StatusOr<SubscriptionOptions> Start(const WatchFlags& flags) {
  SubscriptionOptions options;
  MUSTER_ASSIGN_OR_RETURN(options.after_cursor, ParseCursor(flags.after));
  if (!flags.cursor_file.empty() && flags.after.empty()) {
    MUSTER_ASSIGN_OR_RETURN(options.after_cursor, LoadCursor(flags.cursor_file));
  }
  // A file that remembers a place wins over "from now": nothing since then may be missed.
  options.from_now = flags.from_now && options.after_cursor.empty();
  return options;
}

// Says when the line is down, why (again when the reason changes), and when it is back.
void ReportTrouble(Invocation& invocation, const Subscription& feed, absl::Status* told) {
  const absl::Status trouble = feed.trouble();
  if (trouble == *told) return;
  if (trouble.ok()) {
    invocation.printer().Progress("(the line is back; nothing was missed)");
  } else {
    invocation.printer().Progress(absl::StrCat("(the line is down: ", trouble.message(), "; trying again)"));
  }
  *told = trouble;
}

absl::Status Watch(Invocation& invocation, const WatchFlags& flags) {
  if (flags.from_now && !flags.after.empty()) return UsageError("--from-now and --after exclude each other");
  MUSTER_ASSIGN_OR_RETURN(SubscriptionOptions start, Start(flags));
  MUSTER_ASSIGN_OR_RETURN(Client * client, invocation.client());
  Subscription feed(client->connection(), std::move(start));
  absl::Status told;
  for (uint64_t printed = 0; flags.count == 0 || printed < flags.count;) {
    MUSTER_ASSIGN_OR_RETURN(const std::optional<v1::Delivery> delivery, feed.Next(absl::Seconds(1)));
    ReportTrouble(invocation, feed, &told);
    if (delivery.has_value()) {
      PrintDelivery(invocation, *delivery);
      ++printed;
      // After printing: a crash in between shows a delivery twice rather than never.
      if (!flags.cursor_file.empty()) MUSTER_RETURN_IF_ERROR(SaveCursor(delivery->cursor(), flags.cursor_file));
    } else if (flags.until_caught_up && feed.caught_up()) {
      break;
    }
  }
  return absl::OkStatus();
}

absl::Status Position(Invocation& invocation) {
  MUSTER_ASSIGN_OR_RETURN(Client * client, invocation.client());
  MUSTER_ASSIGN_OR_RETURN(const v1::GetFeedCursorResponse position, client->GetFeedCursor());
  View view;
  view.object = &position;
  view.table = {.columns = {{"cursor"}}, .rows = {{CursorText(position.cursor())}}};
  invocation.printer().Print(view);
  return absl::OkStatus();
}

}  // namespace

void AddFeedCommands(CLI::App& app, Invocation& invocation) {
  CLI::App* noun = AddNoun(app, "feed", "Your agency's feed: everything it may see, in order",
                           {"feed watch", "feed watch --cursor-file mo.cursor -o jsonl"});
  const auto flags = std::make_shared<WatchFlags>();
  CLI::App* watch = AddVerb(
      *noun, invocation, "watch", "Print what happens, resuming by itself after a break",
      {"feed watch --from-now", "feed watch --cursor-file mo.cursor -o jsonl", "feed watch --until-caught-up -o csv"},
      [&invocation, flags] { return Watch(invocation, *flags); });
  AddText(watch, "--after", &flags->after, "Go on after this cursor (hexadecimal); from the beginning by default");
  AddText(watch, "--cursor-file", &flags->cursor_file, "Remember the place in this file across runs");
  watch->add_flag("--from-now", flags->from_now, "Only what happens from now on");
  watch->add_flag("--until-caught-up", flags->until_caught_up, "Stop on reaching the present");
  watch->add_option("--count", flags->count, "Stop after so many deliveries");
  AddVerb(*noun, invocation, "cursor", "Print where the feed stands now", {"feed cursor", "feed cursor -o json"},
          [&invocation] { return Position(invocation); });
}

}  // namespace muster::cli
