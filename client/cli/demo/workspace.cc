#include "client/cli/demo/workspace.h"

#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <system_error>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "common/status_macros.h"

namespace muster {
namespace {

namespace fs = std::filesystem;

constexpr absl::string_view kFirstPage = "/index.html";

absl::StatusOr<std::string> FirstExisting(absl::string_view what, absl::string_view flag, const std::string& given,
                                          const std::vector<std::string>& places) {
  const std::vector<std::string> candidates = given.empty() ? places : std::vector<std::string>{given};
  std::error_code ignored;
  for (const std::string& candidate : candidates) {
    if (fs::exists(candidate, ignored)) return fs::absolute(candidate).lexically_normal().string();
  }
  return absl::NotFoundError(absl::StrCat("cannot find ", what, "; looked for ", absl::StrJoin(candidates, ", "),
                                          ". Say where it is with ", flag));
}

}  // namespace

absl::StatusOr<DemoPaths> FindPaths(DemoPaths given, bool dashboard) {
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  if (error) return absl::InternalError(absl::StrCat("cannot read /proc/self/exe: ", error.message()));
  const std::string bin = self.parent_path().string();
  const std::string share = absl::StrCat(bin, "/../share/muster");
  const std::string source = MUSTER_SOURCE_DIR;
  MUSTER_ASSIGN_OR_RETURN(given.musterd,
                          FirstExisting("the broker", "--musterd", given.musterd, {absl::StrCat(bin, "/musterd")}));
  MUSTER_ASSIGN_OR_RETURN(given.scenario, FirstExisting("the scenario", "--scenario", given.scenario,
                                                        {absl::StrCat(share, "/united-front"),
                                                         absl::StrCat(source, "/tests/data/united-front")}));
  MUSTER_ASSIGN_OR_RETURN(given.make_certs, FirstExisting("make-certs.sh", "--make-certs", given.make_certs,
                                                          {absl::StrCat(share, "/certs-example/make-certs.sh"),
                                                           absl::StrCat(source, "/certs-example/make-certs.sh")}));
  if (dashboard) {
    MUSTER_ASSIGN_OR_RETURN(given.muster_gateway, FirstExisting("the gateway", "--muster-gateway", given.muster_gateway,
                                                                {absl::StrCat(bin, "/muster-gateway")}));
    // Beside the programs of a build folder: where client/dashboard/CMakeLists.txt builds it.
    MUSTER_ASSIGN_OR_RETURN(
        const std::string page,
        FirstExisting(
            "the built dashboard (cmake --build build/dev --target dashboard makes it)", "--dashboard-dir",
            given.dashboard_dir.empty() ? "" : absl::StrCat(given.dashboard_dir, kFirstPage),
            {absl::StrCat(share, "/dashboard", kFirstPage), absl::StrCat(bin, "/../dashboard/dist", kFirstPage),
             absl::StrCat(source, "/client/dashboard/dist", kFirstPage)}));
    given.dashboard_dir = fs::path(page).parent_path().string();
  }
  if (!given.keep.empty()) given.keep = fs::absolute(given.keep).lexically_normal().string();
  return given;
}

absl::StatusOr<std::unique_ptr<Workspace>> Workspace::Make(const std::string& keep) {
  if (!keep.empty()) {
    std::error_code error;
    fs::create_directories(keep, error);
    if (error) return absl::InvalidArgumentError(absl::StrCat("--keep ", keep, ": cannot make it: ", error.message()));
    const bool empty = fs::is_empty(keep, error);
    if (error || !empty) {
      return absl::InvalidArgumentError(absl::StrCat("--keep ", keep, ": is not an empty folder; name a new one"));
    }
    fs::permissions(keep, fs::perms::owner_all, error);
    return std::unique_ptr<Workspace>(new Workspace(keep, true));
  }
  const char* parent = getenv("TMPDIR");
  std::string folder = absl::StrCat(parent != nullptr && *parent != '\0' ? parent : "/tmp", "/muster-demo-XXXXXX");
  if (mkdtemp(folder.data()) == nullptr) {
    return absl::InternalError(absl::StrCat("cannot make a temporary folder ", folder, ": ", strerrordesc_np(errno),
                                            "; set TMPDIR to a folder with room"));
  }
  return std::unique_ptr<Workspace>(new Workspace(fs::absolute(folder).string(), false));
}

void Workspace::Remove() {
  if (kept_) return;
  // A child that has just been killed may have left one of its own, which still writes for a moment.
  for (int attempt = 0; attempt < 100; ++attempt) {
    std::error_code error;
    fs::remove_all(folder_, error);
    if (!error && !fs::exists(folder_, error)) return;
    absl::SleepFor(absl::Milliseconds(10));
  }
}

InterruptGuard::InterruptGuard(std::function<void()> clean_up) : clean_up_(std::move(clean_up)) {
  sigemptyset(&signals_);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals_, signal);
  pthread_sigmask(SIG_BLOCK, &signals_, &before_);
  thread_ = std::thread([this] { Run(); });
}

InterruptGuard::~InterruptGuard() {
  stop_ = true;
  thread_.join();
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void InterruptGuard::Wait() {
  awaited_ = true;
  awaited_.wait(true);
}

void InterruptGuard::Run() {
  const timespec a_moment = {0, 100'000'000};
  while (!stop_) {
    const int signal = sigtimedwait(&signals_, nullptr, &a_moment);
    if (signal <= 0) continue;
    if (awaited_.exchange(false)) {
      awaited_.notify_all();
      continue;
    }
    std::cerr << "\ninterrupted; stopping what was started and cleaning up\n";
    clean_up_();
    _exit(128 + signal);
  }
}

}  // namespace muster
