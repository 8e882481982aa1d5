// The board as lines of text for a screen of a given size.
//
// Threading: pure functions.
#ifndef MUSTER_CLIENT_CLI_BOARD_BOARD_LAYOUT_H_
#define MUSTER_CLIENT_CLI_BOARD_BOARD_LAYOUT_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "client/cli/board/board_model.h"
#include "client/cli/board/styled_text.h"

namespace muster::cli {

// What the person at the screen has chosen.
struct BoardChoice {
  // Which of BoardModel::order is shown.
  size_t selected = 0;
  // While paused the model is that of this moment; `behind` deliveries have come since.
  std::optional<absl::Time> paused_at;
  uint64_t behind = 0;
};

struct ScreenSize {
  size_t width = 80;
  size_t height = 24;
};

// Exactly `size.height` lines of `size.width`. `now` runs on while paused; `zone` is the clock on this desk.
std::vector<Line> LayOut(const BoardModel& model, const BoardChoice& view, absl::Time now, absl::TimeZone zone,
                         ScreenSize size);

// The lines of one operation and what happened, as many as there are: for output that is no screen.
std::vector<Line> LayOutWhole(const BoardModel& model, size_t selected, absl::Time now, absl::TimeZone zone,
                              size_t width);

}  // namespace muster::cli

#endif  // MUSTER_CLIENT_CLI_BOARD_BOARD_LAYOUT_H_
