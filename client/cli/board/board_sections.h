// The parts of the board, each as styled lines; board_layout.h puts them together.
//
// Threading: pure functions.
#ifndef MUSTER_CLIENT_CLI_BOARD_BOARD_SECTIONS_H_
#define MUSTER_CLIENT_CLI_BOARD_BOARD_SECTIONS_H_

#include <cstddef>
#include <vector>

#include "absl/time/time.h"
#include "client/cli/board/board_model.h"
#include "client/cli/board/styled_text.h"

namespace muster::cli {

// The link and how old the data are: what makes everything below true or not. Then alarms, one line each.
std::vector<Line> LinkLines(const BoardModel& model, const OperationBoard* board, absl::Time now, absl::TimeZone zone,
                            size_t width);
// EXERCISE and TEST, across the screen; nothing for what is real.
std::vector<Line> ModeLines(const OperationBoard& board, size_t width);
// GO, HOLD or ABORT across the screen, and why.
Line GoBanner(const OperationBoard& board, size_t width);
// Name and phase; how long until H-hour; the clocks of the four zones, with their names where there is room.
std::vector<Line> ClockLines(const OperationBoard& board, absl::Time now, size_t width, bool zone_names);

// `width` is what lists are broken at.
Section AcknowledgementsSection(const OperationBoard& board, size_t width);
Section ReadinessSection(const OperationBoard& board);
Section ConflictsSection(const OperationBoard& board, absl::Time now);
Section TotalsSection(const OperationBoard& board, size_t width);
Section RecentSection(const BoardModel& model, absl::Time now, absl::TimeZone zone);

}  // namespace muster::cli

#endif  // MUSTER_CLIENT_CLI_BOARD_BOARD_SECTIONS_H_
