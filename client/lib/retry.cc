#include "client/lib/retry.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/error_reason.h"
#include "common/rich_status.h"

namespace muster {

absl::Duration Backoff::Next(absl::Duration at_least) {
  const absl::Duration wait = step_ * absl::Uniform(random_, 0.5, 1.0);
  step_ = std::min(step_ * policy_.multiplier, policy_.max_backoff);
  return std::max(wait, at_least);
}

bool IsRetryable(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
      // A daemon that has no broker tries by itself: asking it again and again brings nothing sooner.
      return RejectedOf(status).reason() != v1::ERROR_REASON_OFF_LINE;
    case absl::StatusCode::kDeadlineExceeded:
      return true;
    case absl::StatusCode::kResourceExhausted:
      return RetryDelayOf(status).has_value();
    default:
      return false;
  }
}

absl::Status RetryUntil(const Deadline& deadline, const RetryPolicy& policy,
                        const std::function<bool(absl::Duration)>& wait, const std::function<absl::Status()>& attempt) {
  Backoff backoff(policy);
  absl::Status told;  // The last that a broker said why.
  while (true) {
    const absl::Status status = attempt();
    if (status.ok() || !IsRetryable(status)) return status;
    if (status.GetPayload(kRejectedTypeUrl).has_value()) told = status;
    const absl::Duration pause = backoff.Next(RetryDelayOf(status).value_or(absl::ZeroDuration()));
    if (pause < deadline.left() && wait(pause)) continue;
    if (!absl::IsDeadlineExceeded(status) || told.ok()) return status;
    // The last attempt's fate is what counts, but that its time was over says little.
    return absl::DeadlineExceededError(absl::StrCat(status.message(), "; before that: ", told.message()));
  }
}

}  // namespace muster
