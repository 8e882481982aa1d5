// A terminal in full-screen mode. The only file that knows curses is this one's implementation.
#ifndef MUSTER_CLIENT_CLI_BOARD_BOARD_SCREEN_H_
#define MUSTER_CLIENT_CLI_BOARD_BOARD_SCREEN_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/cli/board/board_layout.h"
#include "client/cli/board/styled_text.h"

namespace muster::cli {

enum class Key { kNone, kQuit, kNext, kPrevious, kPause, kResized };

// One at a time; one thread.
class BoardScreen {
 public:
  // FAILED_PRECONDITION when the terminal cannot do it (TERM is unknown or `dumb`).
  static absl::StatusOr<std::unique_ptr<BoardScreen>> Open(bool colour);
  // Gives the terminal back as it was.
  ~BoardScreen();
  BoardScreen(const BoardScreen&) = delete;
  BoardScreen& operator=(const BoardScreen&) = delete;

  ScreenSize size() const;
  // Shows `lines`, as many as LayOut gave for size().
  void Draw(const std::vector<Line>& lines);
  // What was pressed, waiting up to `timeout`.
  Key NextKey(absl::Duration timeout);

 private:
  class Terminal;
  explicit BoardScreen(std::unique_ptr<Terminal> terminal);
  const std::unique_ptr<Terminal> terminal_;
};

}  // namespace muster::cli

#endif  // MUSTER_CLIENT_CLI_BOARD_BOARD_SCREEN_H_
