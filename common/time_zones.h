// An instant as people in several time zones read it (rule G5): states that act at one H-hour live by four clocks, and
// some change theirs in between.
//
// Reads the machine's time zone database (Debian: tzdata); each zone is loaded once.
//
// Threading: any thread.
#ifndef MUSTER_COMMON_TIME_ZONES_H_
#define MUSTER_COMMON_TIME_ZONES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace muster {

// The zones of most states, from east to west.
inline constexpr absl::string_view kFourZones[] = {"America/New_York", "America/Chicago", "America/Denver",
                                                   "America/Los_Angeles"};

// "2021-08-26 22:00 CDT" for a zone of the IANA database, such as America/Chicago. Whole minutes: the rest is dropped.
//
// Errors: NOT_FOUND the machine's database has no zone of that name.
absl::StatusOr<std::string> FormatInZone(absl::Time time, absl::string_view zone);

// The same for each of `zones`, in their order; fails with the first that is not there.
absl::StatusOr<std::vector<std::string>> FormatInZones(absl::Time time, absl::Span<const absl::string_view> zones);

}  // namespace muster

#endif  // MUSTER_COMMON_TIME_ZONES_H_
