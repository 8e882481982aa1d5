// A program of the demo's that serves until it is told to stop, and can be started again.
#ifndef MUSTER_CLIENT_CLI_DEMO_SERVICE_PROCESS_H_
#define MUSTER_CLIENT_CLI_DEMO_SERVICE_PROCESS_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "client/cli/demo/subprocess.h"

namespace muster {

// Abandon may be called from any thread, everything else from the main thread (see Subprocess).
class ServiceProcess {
 public:
  // `who`, such as "the broker", is for errors; what it writes is appended to `log_file`.
  ServiceProcess(std::string who, std::string log_file) : who_(std::move(who)), log_file_(std::move(log_file)) {}

  // Starts `argv` and waits until `where` gives where it serves, which is given back. CANCELLED after Abandon;
  // INTERNAL, with the end of its log, when it ends before or does not serve in time.
  absl::StatusOr<std::string> Start(const std::vector<std::string>& argv, absl::Duration timeout,
                                    const std::function<std::string()>& where);
  // Nothing happens when it does not run.
  void Signal(int signal);
  // SIGKILL, and waits until it is gone. There is then nothing to stop.
  void Kill();
  // SIGTERM, and waits until it has ended. INTERNAL when it does not end with status 0, DEADLINE_EXCEEDED when it does
  // not end in time; it is killed then.
  absl::Status Stop(absl::Duration timeout);
  // Kills it; every later Start is refused. For signal handling and clean-up.
  void Abandon();

  const std::string& log_file() const { return log_file_; }

 private:
  std::shared_ptr<Subprocess> process();

  const std::string who_;
  const std::string log_file_;
  absl::Mutex mu_;
  std::shared_ptr<Subprocess> process_ ABSL_GUARDED_BY(mu_);
  bool abandoned_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace muster

#endif  // MUSTER_CLIENT_CLI_DEMO_SERVICE_PROCESS_H_
