// A program that the demo runs and never leaves behind.
//
// The child gets SIGKILL from the kernel when the thread that started it ends (PR_SET_PDEATHSIG), so start children on
// the main thread; and the destructor kills what still runs. Only this very process is ever signalled, by its id, and
// never after it has been reaped.
#ifndef MUSTER_CLIENT_CLI_DEMO_SUBPROCESS_H_
#define MUSTER_CLIENT_CLI_DEMO_SUBPROCESS_H_

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace muster {

// Thread-safe.
class Subprocess {
 public:
  // Starts `argv` (argv[0] is the path of the program) with standard output and error appended to `log_file` and
  // nothing to read. FAILED_PRECONDITION when the program cannot be run, INTERNAL when the system refuses a process or
  // the file.
  static absl::StatusOr<std::unique_ptr<Subprocess>> Start(const std::vector<std::string>& argv,
                                                           const std::string& log_file);

  // SIGKILLs and reaps the child if it still runs.
  ~Subprocess();
  Subprocess(const Subprocess&) = delete;
  Subprocess& operator=(const Subprocess&) = delete;

  // Does nothing once the child has ended.
  void Signal(int signal);

  // Waits for the end: the exit status, or 128 + the signal that ended it. DEADLINE_EXCEEDED after `timeout`; it still
  // runs then.
  absl::StatusOr<int> Wait(absl::Duration timeout);

  bool Running();

  // The end of what it has written so far, for error messages.
  std::string LogTail(size_t bytes_max = 2000) const;

 private:
  Subprocess(pid_t pid, std::string log_file) : log_file_(std::move(log_file)), pid_(pid) {}
  // Reaps the child if it has ended.
  std::optional<int> Reap() ABSL_LOCKS_EXCLUDED(mu_);

  const std::string log_file_;
  const pid_t pid_;
  absl::Mutex mu_;
  std::optional<int> exit_status_ ABSL_GUARDED_BY(mu_);
};

}  // namespace muster

#endif  // MUSTER_CLIENT_CLI_DEMO_SUBPROCESS_H_
