// One run of a program: its input from memory, a time limit, and a way to be told that it is time to stop.
//
// Threading: RunProgram from any thread, and blocks it; StopSignal::Raise from any other.
#ifndef MUSTER_CLIENT_AGENT_HOOK_HOOK_PROCESS_H_
#define MUSTER_CLIENT_AGENT_HOOK_HOOK_PROCESS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace muster::agent {

// Raised once, seen by every poll(2) from then on.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  void Raise();
  // Readable once raised.
  int descriptor() const { return descriptor_; }

 private:
  const int descriptor_;
};

// Runs `argv` (argv[0] is looked up in PATH) with `input` as standard input, in a process group of its own, with no
// blocked signals and no descriptors of ours but standard output and error. Returns when it has ended.
//
// Once `timeout` has passed, or a short while after `stop` was raised, its group gets SIGTERM and two seconds later
// SIGKILL.
//
// Errors: FAILED_PRECONDITION  the program cannot be run;
//         ABORTED              it ended with another status than 0; the message says which;
//         DEADLINE_EXCEEDED    it was ended after `timeout`;
//         CANCELLED            it was ended because of `stop`;
//         INTERNAL             the system refuses a process.
absl::Status RunProgram(const std::vector<std::string>& argv, absl::string_view input, absl::Duration timeout,
                        const StopSignal& stop);

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_HOOK_HOOK_PROCESS_H_
