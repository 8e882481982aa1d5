#include "client/cli/answer_age.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace muster::cli {

void AnswerAge::Note(const Freshness& copy) {
  absl::MutexLock lock(&mu_);
  if (!worst_.has_value()) worst_ = copy;
  worst_->as_of = std::min(worst_->as_of, copy.as_of);
  worst_->superseded |= copy.superseded;
}

std::optional<Freshness> AnswerAge::worst() const {
  absl::MutexLock lock(&mu_);
  return worst_;
}

std::optional<Freshness> AnswerAge::Take() {
  absl::MutexLock lock(&mu_);
  return std::exchange(worst_, std::nullopt);
}

std::string AgoText(absl::Time at, absl::Time now) {
  const absl::Duration age = now - at;
  if (age < -absl::Minutes(1)) return "in the future: a clock was set";
  if (age < absl::Seconds(2)) return "just now";
  const auto text = [age](absl::Duration unit, absl::string_view name) {
    const int64_t count = age / unit;
    return absl::StrCat(count, " ", name, count == 1 ? "" : "s", " ago");
  };
  if (age < absl::Minutes(2)) return text(absl::Seconds(1), "second");
  if (age < absl::Hours(2)) return text(absl::Minutes(1), "minute");
  if (age < absl::Hours(48)) return text(absl::Hours(1), "hour");
  return text(absl::Hours(24), "day");
}

std::string ClockText(absl::Time at, absl::Time now, absl::TimeZone zone) {
  const bool today = absl::ToCivilDay(at, zone) == absl::ToCivilDay(now, zone);
  return absl::FormatTime(today ? "%H:%M:%S %Z" : "%Y-%m-%d %H:%M:%S %Z", at, zone);
}

std::string CopyLine(const Freshness& copy, absl::Time now, absl::TimeZone zone) {
  const std::string known = copy.as_of == absl::InfinitePast()
                                ? "this is a copy, and it is not known how old it is"
                                : absl::StrCat("this is what was known at ", ClockText(copy.as_of, now, zone), ", ",
                                               AgoText(copy.as_of, now));
  return absl::StrCat("OFF LINE: ", known, copy.superseded ? "; newer deliveries have arrived since" : "");
}

}  // namespace muster::cli
