#include "client/lib/doctor/finding.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace muster::doctor {
namespace {

Finding Make(const Subject& subject, agent::v1::FindingLevel level, absl::string_view detail,
             absl::string_view remedy = "") {
  Finding finding;
  finding.set_check(subject.check);
  finding.set_broker(subject.broker);
  finding.set_level(level);
  finding.set_detail(std::string(detail));
  finding.set_remedy(std::string(remedy));
  return finding;
}

}  // namespace

Finding Fine(const Subject& subject, absl::string_view detail) {
  return Make(subject, agent::v1::FINDING_LEVEL_OK, detail);
}

Finding Warning(const Subject& subject, absl::string_view detail, absl::string_view remedy) {
  return Make(subject, agent::v1::FINDING_LEVEL_WARNING, detail, remedy);
}

Finding Failing(const Subject& subject, absl::string_view detail, absl::string_view remedy) {
  return Make(subject, agent::v1::FINDING_LEVEL_FAILING, detail, remedy);
}

Finding Skipped(const Subject& subject, absl::string_view reason) {
  return Make(subject, agent::v1::FINDING_LEVEL_SKIPPED, reason);
}

bool IsFailing(const Finding& finding) { return finding.level() == agent::v1::FINDING_LEVEL_FAILING; }

bool AnyFailing(const std::vector<Finding>& findings) {
  return std::any_of(findings.begin(), findings.end(), IsFailing);
}

std::string Roughly(absl::Duration duration) {
  const int64_t seconds = absl::ToInt64Seconds(absl::AbsDuration(duration));
  const int64_t minutes = seconds / 60;
  const int64_t hours = minutes / 60;
  if (seconds < 1) return absl::StrCat(absl::ToInt64Milliseconds(absl::AbsDuration(duration)), " ms");
  if (minutes < 1) return absl::StrCat(seconds, " s");
  if (hours < 1) return absl::StrCat(minutes, " min");
  if (hours < 48) return absl::StrCat(hours, " h ", minutes % 60, " min");
  return absl::StrCat(hours / 24, " days");
}

}  // namespace muster::doctor
