#include "client/cli/board/importance.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/notice_text.h"
#include "client/cli/text.h"

namespace muster::cli {

const std::vector<std::string>& ImportanceKinds() {
  static const auto* const kinds = new std::vector<std::string>{
      "plan", "go", "conflict", "escalation", "operation", "readiness", "acknowledgement", "release", "victims"};
  return *kinds;
}

absl::StatusOr<std::string> ParseImportance(absl::string_view text) {
  const std::vector<std::string>& kinds = ImportanceKinds();
  std::string kind = absl::AsciiStrToLower(text);
  // The three words of the same order.
  if (kind == "hold" || kind == "abort") kind = "go";
  if (std::find(kinds.begin(), kinds.end(), kind) != kinds.end()) return kind;
  return absl::InvalidArgumentError(
      absl::StrCat("\"", absl::CHexEscape(text), "\" is none of: ", absl::StrJoin(kinds, ", ")));
}

std::string ImportanceOf(const v1::Notice& notice) {
  switch (notice.content_case()) {
    case v1::Notice::kPlan:
      return "plan";
    case v1::Notice::kReadiness:
      return notice.readiness().has_go() || notice.readiness().has_h_hour() ? "go" : "readiness";
    case v1::Notice::kAlert:
    case v1::Notice::kConflict:
      return "conflict";
    case v1::Notice::kEscalation:
      return "escalation";
    case v1::Notice::kOperation:
    case v1::Notice::kParticipant:
    case v1::Notice::kAgency:
      return "operation";
    case v1::Notice::kAcknowledgement:
      return "acknowledgement";
    case v1::Notice::kRelease:
      return "release";
    case v1::Notice::kReadinessNotice:
    case v1::Notice::kReferral:
      return "victims";
    default:
      return "";
  }
}

bool IsAbout(const v1::Notice& notice, const std::set<std::string>& only) {
  const std::string kind = ImportanceOf(notice);
  if (kind.empty()) return false;
  if (!only.empty()) return only.count(kind) > 0;
  return kind != "readiness" && kind != "acknowledgement";
}

std::string NotificationText(const v1::Notice& notice) {
  const bool real = notice.mode() != v1::OPERATION_MODE_EXERCISE && notice.mode() != v1::OPERATION_MODE_TEST;
  return absl::StrCat(real ? "" : absl::StrCat(absl::AsciiStrToUpper(Label(notice.mode())), " "),
                      notice.operation_id().empty() ? "" : absl::StrCat(notice.operation_id(), ": "),
                      DescribeNotice(notice));
}

}  // namespace muster::cli
