#include "client/agent/hook/hook_process.h"

#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "absl/cleanup/cleanup.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/status_macros.h"

namespace muster::agent {
namespace {

constexpr absl::Duration kStopGrace = absl::Seconds(2);
constexpr absl::Duration kTermGrace = absl::Seconds(2);

// A descriptor that reads `input` from its beginning. Memory that no other process sees, so that nothing is written to
// a disk and nobody has to feed a pipe.
absl::StatusOr<int> InputDescriptor(absl::string_view input) {
  const int fd = memfd_create("muster-delivery", MFD_CLOEXEC);
  if (fd < 0) return absl::ErrnoToStatus(errno, "no memory for the program's input");
  while (!input.empty()) {
    const ssize_t written = write(fd, input.data(), input.size());
    if (written < 0) {
      const absl::Status status = absl::ErrnoToStatus(errno, "cannot prepare the program's input");
      close(fd);
      return status;
    }
    input.remove_prefix(static_cast<size_t>(written));
  }
  lseek(fd, 0, SEEK_SET);
  return fd;
}

absl::StatusOr<pid_t> Spawn(const std::vector<std::string>& argv, int input) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  const auto destroy = absl::MakeCleanup([&] {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  });
  posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  sigset_t none;
  sigset_t ignored_by_us;
  sigemptyset(&none);
  sigemptyset(&ignored_by_us);
  sigaddset(&ignored_by_us, SIGPIPE);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &ignored_by_us);
  std::vector<char*> arguments;
  for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  pid_t pid = 0;
  // What the service manager gave to the daemon is not for it.
  std::vector<char*> environment;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (!absl::StartsWith(*variable, "NOTIFY_SOCKET=") && !absl::StartsWith(*variable, "CREDENTIALS_DIRECTORY=")) {
      environment.push_back(*variable);
    }
  }
  environment.push_back(nullptr);
  const int error = posix_spawnp(&pid, arguments[0], &actions, &attributes, arguments.data(), environment.data());
  if (error == EAGAIN || error == ENOMEM) return absl::InternalError("the system refuses another process");
  if (error != 0) {
    return absl::FailedPreconditionError(absl::StrCat("cannot run ", argv[0], ": ", strerror(error)));
  }
  return pid;
}

// What poll(2) takes, rounded up so that a wait is never cut to nothing.
int PollMilliseconds(absl::Duration duration) {
  return static_cast<int>(absl::ToInt64Milliseconds(absl::Ceil(duration, absl::Milliseconds(1))));
}

enum class Woken { kEnded, kStop, kTimeout };

// Waits for the process's end, or for `stop` if given.
Woken WaitFor(int process, const StopSignal* stop, absl::Duration duration) {
  pollfd descriptors[] = {{.fd = process, .events = POLLIN, .revents = 0},
                          {.fd = stop != nullptr ? stop->descriptor() : -1, .events = POLLIN, .revents = 0}};
  int ready = 0;
  do {
    ready = poll(descriptors, 2, PollMilliseconds(duration));
  } while (ready < 0 && errno == EINTR);
  if (descriptors[0].revents != 0) return Woken::kEnded;
  return descriptors[1].revents != 0 ? Woken::kStop : Woken::kTimeout;
}

int Reap(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

absl::Status Explain(int status) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return absl::OkStatus();
  if (WIFEXITED(status)) return absl::AbortedError(absl::StrCat("ended with status ", WEXITSTATUS(status)));
  return absl::AbortedError(absl::StrCat("was ended by signal ", WTERMSIG(status)));
}

void EndGroup(pid_t pid, int process) {
  kill(-pid, SIGTERM);
  (void)WaitFor(process, nullptr, kTermGrace);
  // Also when the program has ended: what it started may not have.
  kill(-pid, SIGKILL);
}

}  // namespace

StopSignal::StopSignal() : descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

StopSignal::~StopSignal() { close(descriptor_); }

void StopSignal::Raise() {
  const uint64_t one = 1;
  (void)!write(descriptor_, &one, sizeof(one));
}

absl::Status RunProgram(const std::vector<std::string>& argv, absl::string_view input, absl::Duration timeout,
                        const StopSignal& stop) {
  MUSTER_ASSIGN_OR_RETURN(const int input_descriptor, InputDescriptor(input));
  const absl::StatusOr<pid_t> pid = Spawn(argv, input_descriptor);
  close(input_descriptor);
  MUSTER_RETURN_IF_ERROR(pid.status());
  const int process = static_cast<int>(syscall(SYS_pidfd_open, *pid, 0));
  if (process < 0) {
    const absl::Status status = absl::ErrnoToStatus(errno, "cannot watch the program");
    kill(-*pid, SIGKILL);
    Reap(*pid);
    return status;
  }
  const auto close_process = absl::MakeCleanup([process] { close(process); });
  Woken woken = WaitFor(process, &stop, timeout);
  if (woken == Woken::kStop && WaitFor(process, nullptr, kStopGrace) == Woken::kEnded) woken = Woken::kEnded;
  if (woken == Woken::kEnded) return Explain(Reap(*pid));
  EndGroup(*pid, process);
  Reap(*pid);
  if (woken == Woken::kStop) return absl::CancelledError("was ended because the daemon stops");
  return absl::DeadlineExceededError(absl::StrCat("took longer than ", absl::FormatDuration(timeout)));
}

}  // namespace muster::agent
