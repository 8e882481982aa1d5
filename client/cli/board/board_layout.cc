#include "client/cli/board/board_layout.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/answer_age.h"
#include "client/cli/board/board_sections.h"

namespace muster::cli {
namespace {

// From here on there is room for two columns.
constexpr size_t kTwoColumns = 100;
// What LATEST gets at least, its title and the line above it included; on lower screens only what is left.
constexpr size_t kRecentMin = 7;
constexpr size_t kRecentFrom = 24;
// On lower screens the clocks do without the names of their zones.
constexpr size_t kZoneNamesFrom = 30;

const OperationBoard* Selected(const BoardModel& model, size_t selected) {
  if (selected >= model.order.size()) return nullptr;
  const auto found = model.operations.find(model.order[selected]);
  return found == model.operations.end() ? nullptr : &found->second;
}

// "[1 united-front-2021]  2 other", when there is a choice.
std::vector<Line> Tabs(const BoardModel& model, size_t selected, size_t width) {
  if (model.order.size() < 2) return {};
  Line line = {Text(" ")};
  for (size_t i = 0; i < model.order.size(); ++i) {
    const std::string name = absl::StrCat(i + 1, " ", model.order[i]);
    line.push_back(i == selected ? Text(absl::StrCat("[", name, "] "), Style::kStrong)
                                 : Text(absl::StrCat(" ", name, "  ")));
  }
  return {Fit(std::move(line), width)};
}

void Append(std::vector<Line> more, std::vector<Line>* lines) {
  for (Line& line : more) lines->push_back(std::move(line));
}

// The sections of an operation in at most `height` lines.
std::vector<Line> Body(const OperationBoard& board, absl::Time now, size_t width, size_t height) {
  if (width < kTwoColumns) {
    return Stack({ReadinessSection(board), AcknowledgementsSection(board, width), ConflictsSection(board, now),
                  TotalsSection(board, width)},
                 height);
  }
  const size_t left_width = width / 2;
  const size_t right_width = width - left_width;
  std::vector<Line> left = Stack({ReadinessSection(board), AcknowledgementsSection(board, left_width - 2)}, height);
  std::vector<Line> right = Stack({ConflictsSection(board, now), TotalsSection(board, right_width)}, height);
  std::vector<Line> lines;
  for (size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
    // Two columns of air, so that a long line on the left does not run into the right.
    Line fitted = Fit(i < left.size() ? std::move(left[i]) : Line(), left_width - 2);
    fitted.push_back(Text("  "));
    lines.push_back(Beside(std::move(fitted), left_width, i < right.size() ? right[i] : Line()));
  }
  return lines;
}

std::vector<Line> Head(const BoardModel& model, size_t selected, absl::Time now, absl::TimeZone zone, ScreenSize size) {
  const size_t width = size.width;
  const OperationBoard* board = Selected(model, selected);
  std::vector<Line> lines = LinkLines(model, board, now, zone, width);
  Append(Tabs(model, selected, width), &lines);
  if (board == nullptr) {
    const std::string why = model.order.empty()
                                ? absl::StrCat(" ", model.why_empty)
                                : absl::StrCat(" ", model.order[std::min(selected, model.order.size() - 1)],
                                               " is not known here: you do not take part in it, or it was never read");
    lines.push_back(Fit({Text(why, Style::kWarning)}, width));
    return lines;
  }
  Append(ModeLines(*board, width), &lines);
  Append(ClockLines(*board, now, width, size.height >= kZoneNamesFrom), &lines);
  lines.push_back(GoBanner(*board, width));
  return lines;
}

Line Footer(const BoardChoice& view, bool choice, absl::Time now, absl::TimeZone zone, size_t width) {
  if (view.paused_at.has_value()) {
    return Fit({Text(absl::StrCat(" PAUSED at ", ClockText(*view.paused_at, now, zone), ", ", view.behind,
                                  " deliveries have come since.  p goes on  q quits"),
                     Style::kBanner)},
               width);
  }
  return Fit({Text(absl::StrCat(" q quit   p pause", choice ? "   tab or arrows: next operation" : ""), Style::kTitle)},
             width);
}

}  // namespace

std::vector<Line> LayOut(const BoardModel& model, const BoardChoice& view, absl::Time now, absl::TimeZone zone,
                         ScreenSize size) {
  std::vector<Line> lines = Head(model, view.selected, now, zone, size);
  const size_t foot = 1;
  if (const OperationBoard* board = Selected(model, view.selected);
      board != nullptr && lines.size() + foot + 2 < size.height) {
    const size_t left = size.height - lines.size() - foot - 1;
    lines.push_back({});
    Append(Body(*board, now, size.width, left >= kRecentFrom ? left - kRecentMin : left), &lines);
  }
  if (lines.size() + foot + 3 <= size.height) {
    lines.push_back({});
    Section recent = RecentSection(model, now, zone);
    const size_t room = size.height - lines.size() - foot - 1;
    if (recent.body.size() > room) recent.body.resize(room);
    lines.push_back(std::move(recent.title));
    Append(std::move(recent.body), &lines);
  }
  lines.resize(size.height - foot);
  for (Line& line : lines) line = Fit(std::move(line), size.width);
  lines.push_back(Footer(view, model.order.size() > 1, now, zone, size.width));
  return lines;
}

std::vector<Line> LayOutWhole(const BoardModel& model, size_t selected, absl::Time now, absl::TimeZone zone,
                              size_t width) {
  constexpr size_t kNoLimit = 100'000;
  std::vector<Line> lines = Head(model, selected, now, zone, {.width = width, .height = kNoLimit});
  if (const OperationBoard* board = Selected(model, selected); board != nullptr) {
    lines.push_back({});
    Append(Body(*board, now, std::min(width, kTwoColumns - 1), kNoLimit), &lines);
  }
  return lines;
}

}  // namespace muster::cli
