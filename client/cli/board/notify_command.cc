#include <algorithm>
#include <memory>
#include <set>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/answer_age.h"
#include "client/cli/board/board_commands.h"
#include "client/cli/board/importance.h"
#include "client/cli/cursor_file.h"
#include "client/cli/notice_text.h"
#include "client/cli/options.h"
#include "client/cli/text.h"
#include "client/lib/subscription.h"
#include "common/clock.h"
#include "common/status_macros.h"

namespace muster::cli {
namespace {

struct NotifyFlags {
  std::set<std::string> only;
  bool bell = true;
  std::string cursor_file;
  uint64_t count = 0;
};

void Tell(Invocation& invocation, const v1::Notice& notice, bool bell) {
  const absl::Time now = SystemClock()->Now();
  const std::string text = EscapeForTerminal(NotificationText(notice));
  Printer& printer = invocation.printer();
  printer.out() << ClockText(FromProto(notice.at()), now, absl::LocalTimeZone()) << "  " << text << "\n";
  // OSC 9 (iTerm2, Windows Terminal, kitty, foot ...): the terminal tells the desktop, if there is one.
  if (printer.terminal()) printer.out() << "\033]9;" << text << "\033\\" << (bell ? "\a" : "");
  printer.out().flush();
}

absl::Status Notify(Invocation& invocation, const NotifyFlags& flags) {
  SubscriptionOptions start;
  if (!flags.cursor_file.empty()) {
    MUSTER_ASSIGN_OR_RETURN(start.after_cursor, LoadCursor(flags.cursor_file));
  }
  start.from_now = start.after_cursor.empty();
  MUSTER_ASSIGN_OR_RETURN(Client * client, invocation.client());
  Subscription feed(client->connection(), std::move(start));
  for (uint64_t told = 0; flags.count == 0 || told < flags.count;) {
    MUSTER_ASSIGN_OR_RETURN(const std::optional<v1::Delivery> delivery, feed.Next(absl::InfiniteDuration()));
    if (!delivery.has_value()) continue;
    if (IsAbout(delivery->notice(), flags.only)) {
      Tell(invocation, delivery->notice(), flags.bell);
      ++told;
    }
    // After telling: a crash in between tells twice rather than never.
    if (!flags.cursor_file.empty()) MUSTER_RETURN_IF_ERROR(SaveCursor(delivery->cursor(), flags.cursor_file));
  }
  return absl::OkStatus();
}

}  // namespace

void AddNotifyCommand(CLI::App& app, Invocation& invocation) {
  const auto flags = std::make_shared<NotifyFlags>();
  CLI::App* verb = AddVerb(app, invocation, "notify",
                           "Ring the terminal's bell and print a line for everything that somebody must know now",
                           {"notify", "notify --only go,conflict", "notify --no-bell --cursor-file notified.cursor"},
                           [&invocation, flags] { return Notify(invocation, *flags); });
  AddParsed(
      verb, "--only", Times::kList,
      [flags](const std::string& text) -> absl::Status {
        MUSTER_ASSIGN_OR_RETURN(const std::string kind, ParseImportance(text));
        flags->only.insert(kind);
        return absl::OkStatus();
      },
      absl::StrCat("Only these: ", absl::StrJoin(ImportanceKinds(), ", ")));
  verb->add_flag("--bell,!--no-bell", flags->bell, "Ring the bell too, which is the default; on a terminal only");
  AddText(verb, "--cursor-file", &flags->cursor_file,
          "Remember the place in this file: nothing is missed between runs");
  verb->add_option("--count", flags->count, "Stop after so many");
}

}  // namespace muster::cli
