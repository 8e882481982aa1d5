// Text for a screen: spans that mean something, whatever a terminal makes of them. Meaning is in the words too; colour
// only helps to find them.
//
// Threading: pure functions.
#ifndef MUSTER_CLIENT_CLI_BOARD_STYLED_TEXT_H_
#define MUSTER_CLIENT_CLI_BOARD_STYLED_TEXT_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace muster::cli {

enum class Style { kPlain, kFaint, kStrong, kGood, kWarning, kAlarm, kTitle, kBanner };

// Always fit for a terminal: made by Text().
struct Span {
  std::string text;
  Style style = Style::kPlain;
};
using Line = std::vector<Span>;

// Control characters and the like are escaped.
Span Text(absl::string_view text, Style style = Style::kPlain);

size_t Width(const Line& line);
// As wide as `width`: cut with "..." or filled with spaces in the style of its last span.
Line Fit(Line line, size_t width);
// `text` in the middle of a whole line.
Line Centred(absl::string_view text, Style style, size_t width);
// Side by side, the left one `left_width` wide.
Line Beside(Line left, size_t left_width, const Line& right);
// Without trailing spaces.
std::string PlainText(const Line& line);

struct Section {
  Line title;
  std::vector<Line> body;
};

// The sections below each other in at most `height` lines. Where that is not enough, first the blank lines between them
// give way, then the longest bodies, which say how much is not shown.
std::vector<Line> Stack(std::vector<Section> sections, size_t height);

}  // namespace muster::cli

#endif  // MUSTER_CLIENT_CLI_BOARD_STYLED_TEXT_H_
