#include "common/time_zones.h"

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"

namespace muster {

absl::StatusOr<std::string> FormatInZone(absl::Time time, absl::string_view zone) {
  absl::TimeZone loaded;
  // An empty name would be taken for UTC.
  if (zone.empty() || !absl::LoadTimeZone(zone, &loaded)) {
    return absl::NotFoundError(absl::StrCat("time zone '", zone,
                                            "' is not in this machine's time zone database; use a name such as "
                                            "America/Chicago, or install the package tzdata"));
  }
  return absl::FormatTime("%Y-%m-%d %H:%M %Z", time, loaded);
}

absl::StatusOr<std::vector<std::string>> FormatInZones(absl::Time time, absl::Span<const absl::string_view> zones) {
  std::vector<std::string> texts;
  texts.reserve(zones.size());
  for (const absl::string_view zone : zones) {
    MUSTER_ASSIGN_OR_RETURN(std::string text, FormatInZone(time, zone));
    texts.push_back(std::move(text));
  }
  return texts;
}

}  // namespace muster
