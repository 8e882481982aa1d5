// What the demo says while it runs: steps with the time since the start, and what happens within each.
#ifndef MUSTER_CLIENT_CLI_DEMO_PROGRESS_H_
#define MUSTER_CLIENT_CLI_DEMO_PROGRESS_H_

#include <ostream>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace muster {

// Thread-safe.
class Progress {
 public:
  // `terminal`: `out` is one, so a line may be written over.
  Progress(std::ostream& out, bool terminal);

  // Begins a step.
  void Step(absl::string_view title);
  // Something that happened, on a line of its own.
  void Say(absl::string_view text);
  // Something that passes: on a terminal the next text replaces it. Elsewhere only the last of a row is written.
  void Update(absl::string_view text);

 private:
  void EndUpdate() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const bool terminal_;
  const absl::Time start_;
  absl::Mutex mu_;
  std::ostream& out_ ABSL_GUARDED_BY(mu_);
  std::string passing_ ABSL_GUARDED_BY(mu_);
};

}  // namespace muster

#endif  // MUSTER_CLIENT_CLI_DEMO_PROGRESS_H_
