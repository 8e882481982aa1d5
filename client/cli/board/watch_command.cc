#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "client/cli/board/board_commands.h"
#include "client/cli/board/board_layout.h"
#include "client/cli/board/board_reader.h"
#include "client/cli/board/board_screen.h"
#include "client/cli/board/plain_board.h"
#include "client/cli/exit_code.h"
#include "client/cli/options.h"
#include "common/clock.h"
#include "common/status_macros.h"

namespace muster::cli {
namespace {

// The clocks on the screen tick by the second.
constexpr absl::Duration kFrame = absl::Milliseconds(200);
// A call that hangs must not keep the screen from closing.
constexpr absl::Duration kCallDeadline = absl::Seconds(5);
constexpr size_t kPlainWidth = 100;

struct WatchFlags {
  std::vector<std::string> operations;
  bool plain = false;
  bool once = false;
};

BoardReaderOptions ReaderOptions(Invocation& invocation, const WatchFlags& flags) {
  BoardReaderOptions options;
  options.operations = flags.operations;
  options.take_age = [&invocation] { return invocation.printer().age().Take(); };
  return options;
}

absl::Status Once(Invocation& invocation, Client* client, AgentClient* agent, const BoardReaderOptions& options) {
  MUSTER_ASSIGN_OR_RETURN(const BoardModel model, BoardReader::ReadOnce(client, agent, options));
  const absl::Time now = SystemClock()->Now();
  for (size_t i = 0; i < std::max<size_t>(1, model.order.size()); ++i) {
    if (i > 0) invocation.printer().out() << "\n";
    for (const Line& line : LayOutWhole(model, i, now, absl::LocalTimeZone(), kPlainWidth)) {
      invocation.printer().out() << PlainText(line) << "\n";
    }
  }
  return absl::OkStatus();
}

absl::Status Plain(Invocation& invocation, const BoardReader& reader) {
  PlainBoard board;
  uint64_t seen = 0;
  while (reader.ended().ok()) {
    reader.AwaitChange(seen, absl::Seconds(1));
    seen = reader.version();
    for (const std::string& line : board.Changes(reader.model(), SystemClock()->Now(), absl::LocalTimeZone())) {
      invocation.printer().out() << line << "\n";
    }
    invocation.printer().out().flush();
    // Whoever read us is gone.
    if (!invocation.printer().out()) return absl::OkStatus();
  }
  return reader.ended();
}

void Turn(Key key, const BoardModel& model, BoardChoice* choice) {
  const size_t count = std::max<size_t>(1, model.order.size());
  if (key == Key::kNext) choice->selected = (choice->selected + 1) % count;
  if (key == Key::kPrevious) choice->selected = (choice->selected + count - 1) % count;
}

absl::Status FullScreen(const BoardReader& reader, BoardScreen& screen) {
  BoardChoice choice;
  BoardModel shown = reader.model();
  while (reader.ended().ok()) {
    const absl::Time now = SystemClock()->Now();
    BoardModel newest = reader.model();
    choice.behind = newest.deliveries - shown.deliveries;
    if (!choice.paused_at.has_value()) shown = std::move(newest);
    screen.Draw(LayOut(shown, choice, now, absl::LocalTimeZone(), screen.size()));
    const Key key = screen.NextKey(kFrame);
    if (key == Key::kQuit) return absl::OkStatus();
    if (key == Key::kPause) choice.paused_at = choice.paused_at.has_value() ? std::nullopt : std::make_optional(now);
    Turn(key, shown, &choice);
  }
  return reader.ended();
}

absl::Status Watch(Invocation& invocation, const WatchFlags& flags) {
  invocation.set_default_deadline(kCallDeadline);
  MUSTER_ASSIGN_OR_RETURN(Client * client, invocation.client());
  AgentClient* agent = nullptr;
  if (IsDaemon(client->connection()->options().brokers[0])) {
    MUSTER_ASSIGN_OR_RETURN(agent, invocation.agent());
  }
  BoardReaderOptions options = ReaderOptions(invocation, flags);
  if (flags.once) return Once(invocation, client, agent, options);
  const bool full_screen = !flags.plain && invocation.printer().terminal() && isatty(STDIN_FILENO) != 0;
  if (!full_screen) return Plain(invocation, BoardReader(client, agent, options));
  options.with_history = agent != nullptr;
  BoardReader reader(client, agent, options);
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<BoardScreen> screen, BoardScreen::Open(invocation.printer().colour()));
  return FullScreen(reader, *screen);
}

}  // namespace

void AddWatchCommand(CLI::App& app, Invocation& invocation) {
  const auto flags = std::make_shared<WatchFlags>();
  CLI::App* verb =
      AddVerb(app, invocation, "watch",
              "Show operations live, the whole screen over: GO, H-hour, acknowledgements, readiness, conflicts, totals",
              {"watch", "watch united-front-2021", "watch --plain", "watch united-front-2021 --once"},
              [&invocation, flags] { return Watch(invocation, *flags); });
  verb->add_option("OPERATION", flags->operations, "Only these; every one that is not over by default");
  verb->add_flag("--plain", flags->plain, "A line for each change, as when the output is not a terminal");
  verb->add_flag("--once", flags->once, "Print what the board shows now, and end");
}

}  // namespace muster::cli
