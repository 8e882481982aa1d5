// How old the answers of one command are: a daemon that has no broker answers with what it holds
// (client/lib/freshness.h), and nobody may take that for the present.
#ifndef MUSTER_CLIENT_CLI_ANSWER_AGE_H_
#define MUSTER_CLIENT_CLI_ANSWER_AGE_H_

#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "client/lib/freshness.h"

namespace muster::cli {

// The worst of what was read: the oldest copy, superseded when any of them is. Thread-safe.
class AnswerAge {
 public:
  void Note(const Freshness& copy);
  // Nothing while every answer was a broker's.
  std::optional<Freshness> worst() const;
  // The same, and begins anew.
  std::optional<Freshness> Take();

 private:
  mutable absl::Mutex mu_;
  std::optional<Freshness> worst_ ABSL_GUARDED_BY(mu_);
};

// "12 minutes ago", "3 days ago", "just now"; never more precise than people need.
std::string AgoText(absl::Time at, absl::Time now);
// "14:01:07 CDT" today, "2021-08-26 14:01:07 CDT" on any other day, on the clocks of `zone`.
std::string ClockText(absl::Time at, absl::Time now, absl::TimeZone zone);

// "OFF LINE: this is what was known at 14:01:07 CDT, 12 minutes ago; newer deliveries have arrived since".
std::string CopyLine(const Freshness& copy, absl::Time now, absl::TimeZone zone);

}  // namespace muster::cli

#endif  // MUSTER_CLIENT_CLI_ANSWER_AGE_H_
