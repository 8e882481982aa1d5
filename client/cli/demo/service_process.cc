#include "client/cli/demo/service_process.h"

#include <signal.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/deadline.h"
#include "common/status_macros.h"

namespace muster {

absl::StatusOr<std::string> ServiceProcess::Start(const std::vector<std::string>& argv, absl::Duration timeout,
                                                  const std::function<std::string()>& where) {
  {
    absl::MutexLock lock(&mu_);
    if (abandoned_) return absl::CancelledError("interrupted");
    MUSTER_ASSIGN_OR_RETURN(process_, Subprocess::Start(argv, log_file_));
  }
  const std::shared_ptr<Subprocess> started = process();
  const Deadline deadline(timeout);
  while (started->Running() && !deadline.passed()) {
    if (std::string found = where(); !found.empty()) return found;
    absl::SleepFor(absl::Milliseconds(5));
  }
  return absl::InternalError(absl::StrCat(who_, started->Running() ? " did not say where it serves" : " ended",
                                          "; the end of what it said:\n", started->LogTail(),
                                          "\nRun the demo again with --keep FOLDER to keep its files"));
}

void ServiceProcess::Signal(int signal) {
  if (const std::shared_ptr<Subprocess> running = process(); running != nullptr) running->Signal(signal);
}

void ServiceProcess::Kill() {
  std::shared_ptr<Subprocess> running;
  {
    absl::MutexLock lock(&mu_);
    running.swap(process_);
  }
  if (running == nullptr) return;
  running->Signal(SIGKILL);
  (void)running->Wait(absl::InfiniteDuration());
}

absl::Status ServiceProcess::Stop(absl::Duration timeout) {
  const std::shared_ptr<Subprocess> running = process();
  if (running == nullptr) return absl::OkStatus();
  running->Signal(SIGTERM);
  const absl::StatusOr<int> status = running->Wait(timeout);
  if (!status.ok()) Kill();
  MUSTER_RETURN_IF_ERROR(status.status());
  if (*status == 0) return absl::OkStatus();
  return absl::InternalError(
      absl::StrCat(who_, " ended with status ", *status, "; the end of its log:\n", running->LogTail()));
}

void ServiceProcess::Abandon() {
  {
    absl::MutexLock lock(&mu_);
    abandoned_ = true;
  }
  Kill();
}

std::shared_ptr<Subprocess> ServiceProcess::process() {
  absl::MutexLock lock(&mu_);
  return process_;
}

}  // namespace muster
