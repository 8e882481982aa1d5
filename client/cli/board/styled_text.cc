#include "client/cli/board/styled_text.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/cli/text.h"

namespace muster::cli {
namespace {

constexpr absl::string_view kCut = "...";

// The first `width` characters of `text`.
std::string Head(absl::string_view text, size_t width) {
  size_t end = 0;
  for (size_t seen = 0; end < text.size(); ++end) {
    const bool starts = (static_cast<uint8_t>(text[end]) & 0xc0) != 0x80;
    if (starts && seen++ == width) break;
  }
  return std::string(text.substr(0, end));
}

}  // namespace

Span Text(absl::string_view text, Style style) { return {EscapeForTerminal(text), style}; }

size_t Width(const Line& line) {
  size_t width = 0;
  for (const Span& span : line) width += DisplayWidth(span.text);
  return width;
}

Line Fit(Line line, size_t width) {
  const size_t has = Width(line);
  if (has <= width) {
    if (has < width) line.push_back({std::string(width - has, ' '), line.empty() ? Style::kPlain : line.back().style});
    return line;
  }
  const std::string cut = Head(kCut, width);
  size_t room = width - cut.size();
  Line fitted;
  for (Span& span : line) {
    const size_t wide = DisplayWidth(span.text);
    if (wide > room) span.text = absl::StrCat(Head(span.text, room), cut);
    fitted.push_back(std::move(span));
    if (wide > room) break;
    room -= wide;
  }
  return fitted;
}

Line Centred(absl::string_view text, Style style, size_t width) {
  const Span span = Text(text, style);
  const size_t has = DisplayWidth(span.text);
  const size_t before = has < width ? (width - has) / 2 : 0;
  return Fit({{std::string(before, ' '), style}, span}, width);
}

Line Beside(Line left, size_t left_width, const Line& right) {
  if (Width(left) < left_width) left.push_back({"", Style::kPlain});  // The gap is nobody's colour.
  Line line = Fit(std::move(left), left_width);
  line.insert(line.end(), right.begin(), right.end());
  return line;
}

std::string PlainText(const Line& line) {
  std::string text;
  for (const Span& span : line) text += span.text;
  return std::string(absl::StripTrailingAsciiWhitespace(text));
}

std::vector<Line> Stack(std::vector<Section> sections, size_t height) {
  std::vector<size_t> shown;
  for (const Section& section : sections) shown.push_back(section.body.size());
  // What a section's body takes, the line that says what is not shown included.
  const auto taken = [&](size_t i) { return shown[i] + (shown[i] < sections[i].body.size() ? 1 : 0); };
  size_t gap = 1;  // The air between sections goes first.
  const auto total = [&] {
    size_t lines = sections.empty() ? 0 : gap * (sections.size() - 1);
    for (size_t i = 0; i < sections.size(); ++i) lines += 1 + taken(i);
    return lines;
  };
  if (total() > height) gap = 0;
  while (total() > height) {
    size_t longest = 0;
    for (size_t i = 1; i < sections.size(); ++i) longest = taken(i) > taken(longest) ? i : longest;
    if (taken(longest) < 2) break;
    shown[longest] -= shown[longest] == sections[longest].body.size() ? 2 : 1;
  }
  std::vector<Line> lines;
  for (size_t i = 0; i < sections.size(); ++i) {
    if (i > 0 && gap > 0) lines.push_back({});
    lines.push_back(std::move(sections[i].title));
    std::vector<Line>& body = sections[i].body;
    for (size_t j = 0; j < shown[i]; ++j) lines.push_back(std::move(body[j]));
    if (shown[i] < body.size()) {
      lines.push_back({Text(absl::StrCat("  and ", body.size() - shown[i], " more"), Style::kWarning)});
    }
  }
  if (lines.size() > height) lines.resize(height);
  return lines;
}

}  // namespace muster::cli
