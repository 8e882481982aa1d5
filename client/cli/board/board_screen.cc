#include "client/cli/board/board_screen.h"

// Curses calls its window type WINDOW* and its macros lower-case names such as `timeout`: functions instead.
#define NCURSES_NOMACROS 1
#include <langinfo.h>
#include <ncurses.h>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace muster::cli {
namespace {

// Colour pairs, one per style that has a colour.
enum Pair : short { kGoodPair = 1, kWarningPair, kAlarmPair, kBannerPair, kTitlePair };

void DefineColours() {
  start_color();
  use_default_colors();
  init_pair(kGoodPair, COLOR_GREEN, -1);
  init_pair(kWarningPair, COLOR_YELLOW, -1);
  init_pair(kAlarmPair, COLOR_WHITE, COLOR_RED);
  init_pair(kBannerPair, COLOR_BLACK, COLOR_YELLOW);
  init_pair(kTitlePair, COLOR_WHITE, COLOR_BLUE);
}

attr_t Attributes(Style style, bool colour) {
  const auto pair = [colour](Pair number, attr_t otherwise) {
    return colour ? static_cast<attr_t>(COLOR_PAIR(number)) : otherwise;
  };
  switch (style) {
    case Style::kFaint:
      return A_DIM;
    case Style::kStrong:
      return A_BOLD;
    case Style::kGood:
      return A_BOLD | pair(kGoodPair, 0);
    case Style::kWarning:
      return A_BOLD | pair(kWarningPair, 0);
    case Style::kAlarm:
      return A_BOLD | pair(kAlarmPair, A_REVERSE);
    case Style::kTitle:
      return A_BOLD | pair(kTitlePair, A_REVERSE);
    case Style::kBanner:
      return pair(kBannerPair, A_REVERSE);
    default:
      return A_NORMAL;
  }
}

// Names of agencies and people may hold any letter.
void UseUtf8() {
  std::setlocale(LC_CTYPE, "");
  if (std::strcmp(nl_langinfo(CODESET), "UTF-8") != 0) std::setlocale(LC_CTYPE, "C.UTF-8");
}

}  // namespace

class BoardScreen::Terminal {
 public:
  Terminal(SCREEN* screen, bool colour) : screen_(screen), colour_(colour && has_colors()) {
    cbreak();
    noecho();
    nonl();
    curs_set(0);
    keypad(stdscr, true);
    if (colour_) DefineColours();
  }
  ~Terminal() {
    endwin();
    delscreen(screen_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  bool colour() const { return colour_; }

 private:
  SCREEN* const screen_;
  const bool colour_;
};

BoardScreen::BoardScreen(std::unique_ptr<Terminal> terminal) : terminal_(std::move(terminal)) {}

BoardScreen::~BoardScreen() = default;

absl::StatusOr<std::unique_ptr<BoardScreen>> BoardScreen::Open(bool colour) {
  UseUtf8();
  // A lone Escape must not be waited for a second.
  set_escdelay(25);
  const char* term = std::getenv("TERM");
  SCREEN* const screen = term == nullptr || std::strcmp(term, "dumb") == 0 ? nullptr : newterm(nullptr, stdout, stdin);
  if (screen == nullptr) {
    return absl::FailedPreconditionError(absl::StrCat("the terminal \"", term == nullptr ? "" : term,
                                                      "\" cannot show a full screen: set TERM, or use --plain"));
  }
  set_term(screen);
  return std::unique_ptr<BoardScreen>(new BoardScreen(std::make_unique<Terminal>(screen, colour)));
}

ScreenSize BoardScreen::size() const {
  return {.width = static_cast<size_t>(std::max(1, getmaxx(stdscr))),
          .height = static_cast<size_t>(std::max(1, getmaxy(stdscr)))};
}

void BoardScreen::Draw(const std::vector<Line>& lines) {
  erase();
  for (size_t i = 0; i < lines.size(); ++i) {
    move(static_cast<int>(i), 0);
    for (const Span& span : lines[i]) {
      attrset(static_cast<int>(Attributes(span.style, terminal_->colour())));
      addnstr(span.text.c_str(), static_cast<int>(span.text.size()));
    }
  }
  attrset(A_NORMAL);
  refresh();
}

Key BoardScreen::NextKey(absl::Duration timeout) {
  wtimeout(stdscr, static_cast<int>(absl::ToInt64Milliseconds(timeout)));
  switch (getch()) {
    case 'q':
    case 'Q':
      return Key::kQuit;
    case '\t':
    case 'n':
    case KEY_RIGHT:
    case KEY_DOWN:
      return Key::kNext;
    case KEY_BTAB:
    case KEY_LEFT:
    case KEY_UP:
      return Key::kPrevious;
    case 'p':
    case 'P':
    case ' ':
      return Key::kPause;
    case KEY_RESIZE:
      return Key::kResized;
    default:
      return Key::kNone;
  }
}

}  // namespace muster::cli
