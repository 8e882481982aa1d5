// The flags that describe an activity, as changes to one: to an empty activity when it is entered, to what the broker
// holds when it is amended.
#ifndef MUSTER_CLIENT_CLI_ACTIVITY_FLAGS_H_
#define MUSTER_CLIENT_CLI_ACTIVITY_FLAGS_H_

#include <functional>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/v1/activity.pb.h"

namespace muster::cli {

// In the order in which the command line gave them.
class ActivityChanges {
 public:
  using One = std::function<void(v1::Activity*)>;

  void Add(One change) { changes_.push_back(std::move(change)); }
  // `--for` counts from the start, wherever on the command line that is given; so it comes last.
  void SetDuration(absl::Duration duration) { duration_ = duration; }
  void ReplaceTargets() { replace_targets_ = true; }
  bool empty() const { return changes_.empty() && duration_ == absl::ZeroDuration() && !replace_targets_; }

  // Errors: wrong usage when a duration has no start to count from.
  absl::Status ApplyTo(v1::Activity* activity) const;

 private:
  std::vector<One> changes_;
  absl::Duration duration_;
  bool replace_targets_ = false;
};

// Declares them on `verb`. `changes` outlives it.
void AddActivityFlags(CLI::App* verb, ActivityChanges* changes);

// "38.2527,-85.7585", in degrees.
absl::StatusOr<v1::LatLng> ParseLatLng(absl::string_view text);
// "plate=ABC123@KY": the kind, the identifier as it is written, and for plates the issuing state.
absl::StatusOr<v1::Target> ParseTarget(absl::string_view text);

}  // namespace muster::cli

#endif  // MUSTER_CLIENT_CLI_ACTIVITY_FLAGS_H_
