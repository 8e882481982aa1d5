#include "client/cli/board/plain_board.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/cli/answer_age.h"
#include "client/cli/notice_text.h"
#include "client/cli/text.h"
#include "common/clock.h"

namespace muster::cli {
namespace {

// EXERCISE and TEST go before everything that is one.
std::string ModeText(v1::OperationMode mode) {
  const bool real = mode != v1::OPERATION_MODE_EXERCISE && mode != v1::OPERATION_MODE_TEST;
  return real ? "" : absl::StrCat(absl::AsciiStrToUpper(Label(mode)), " ");
}

// What stays the same while time passes: an age says "(just now)", then "(12 minutes ago)".
std::string WithoutAge(absl::string_view text) {
  for (const absl::string_view ending : {" ago)", "just now)"}) {
    const size_t end = text.find(ending);
    const size_t begin = text.substr(0, end).rfind(" (");
    if (end == absl::string_view::npos || begin == absl::string_view::npos) continue;
    return absl::StrCat(text.substr(0, begin), text.substr(end + ending.size()));
  }
  return std::string(text);
}

// What an alarm is about; figures come after it.
std::string SubjectOf(absl::string_view alarm) {
  const std::string text = WithoutAge(alarm);
  return text.substr(0, text.find(": "));
}

std::string LineOf(absl::Time at, absl::Time now, absl::TimeZone zone, absl::string_view text) {
  return absl::StrCat(ClockText(at, now, zone), "  ", EscapeForTerminal(text));
}

}  // namespace

bool PlainBoard::IsNew(const std::string& what, const std::string& text) {
  const auto [told, added] = told_.try_emplace(what, text);
  if (added) return true;
  if (told->second == text) return false;
  told->second = text;
  return true;
}

std::vector<std::string> PlainBoard::Changes(const BoardModel& model, absl::Time now, absl::TimeZone zone) {
  std::vector<std::string> lines;
  if (IsNew("link", model.link.connected ? "connected" : WithoutAge(model.link.text))) {
    lines.push_back(LineOf(now, now, zone, model.link.text));
  }
  for (const std::string& alarm : model.link.alarms) {
    if (IsNew(absl::StrCat("alarm ", SubjectOf(alarm)), "")) {
      lines.push_back(LineOf(now, now, zone, absl::StrCat("! ", alarm)));
    }
  }
  const uint64_t fresh = std::min<uint64_t>(model.deliveries - deliveries_told_, model.recent.size());
  deliveries_told_ = model.deliveries;
  for (size_t i = static_cast<size_t>(fresh); i-- > 0;) {
    const v1::Notice& notice = model.recent[i];
    lines.push_back(
        LineOf(FromProto(notice.at()), now, zone,
               absl::StrCat(ModeText(notice.mode()), notice.operation_id().empty() ? "-" : notice.operation_id(), "  ",
                            DescribeNotice(notice))));
  }
  for (const std::string& id : model.order) {
    const auto board = model.operations.find(id);
    if (board == model.operations.end()) continue;
    const std::string mode = ModeText(board->second.operation.operation().mode());
    const bool copy = board->second.copy.has_value();
    for (const Headline& line : Headlines(board->second)) {
      if (!IsNew(absl::StrCat(id, " ", line.what), line.text)) continue;
      lines.push_back(
          LineOf(now, now, zone,
                 absl::StrCat(mode, id, "  ", line.what, ": ", line.text,
                              copy ? absl::StrCat(" (", CopyLine(*board->second.copy, now, zone), ")") : "")));
    }
  }
  return lines;
}

}  // namespace muster::cli
