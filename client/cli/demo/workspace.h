// Where the demo finds what it needs and puts what it makes; and how it goes away when it is interrupted.
#ifndef MUSTER_CLIENT_CLI_DEMO_WORKSPACE_H_
#define MUSTER_CLIENT_CLI_DEMO_WORKSPACE_H_

#include <signal.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace muster {

// Paths, as the user gave them. Empty: look beside this program, in its share folder, and in the source tree.
struct DemoPaths {
  std::string musterd;
  std::string scenario;
  std::string make_certs;
  std::string muster_gateway;  // This and the next only for a show.
  std::string dashboard_dir;
  std::string keep;  // The folder to work in and to leave; empty: a temporary one, removed at the end.
};

// Fills in what is empty and makes all absolute; with `dashboard` what a show needs too. NOT_FOUND names the places
// looked at and the flag that helps.
absl::StatusOr<DemoPaths> FindPaths(DemoPaths given, bool dashboard);

// The folder in which everything happens, mode 0700.
class Workspace {
 public:
  // Makes `keep` (which must be empty if it exists) or, when that is empty, a fresh folder under $TMPDIR or /tmp.
  static absl::StatusOr<std::unique_ptr<Workspace>> Make(const std::string& keep);
  ~Workspace() { Remove(); }
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  const std::string& folder() const { return folder_; }
  std::string certificates() const { return folder_ + "/certs"; }
  bool kept() const { return kept_; }
  // Removes the folder unless it is to be kept. From any thread, any number of times.
  void Remove();

 private:
  Workspace(std::string folder, bool kept) : folder_(std::move(folder)), kept_(kept) {}

  const std::string folder_;
  const bool kept_;
};

// While it lives, SIGINT, SIGTERM and SIGHUP run `clean_up` on a thread of this guard and end the process with 128 +
// signal, but for one that somebody waits for. Construct it before any other thread is started, so that all of them
// leave these signals to it.
class InterruptGuard {
 public:
  explicit InterruptGuard(std::function<void()> clean_up);
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  // Returns when one of the signals comes. The next one ends the process as ever.
  void Wait();

 private:
  void Run();

  const std::function<void()> clean_up_;
  sigset_t signals_;
  sigset_t before_;
  std::atomic<bool> stop_{false};
  std::atomic<bool> awaited_{false};  // From the call of Wait until the signal.
  std::thread thread_;
};

}  // namespace muster

#endif  // MUSTER_CLIENT_CLI_DEMO_WORKSPACE_H_
