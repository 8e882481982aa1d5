#include "client/cli/demo/subprocess.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace muster {
namespace {

// What the child does between fork and exec: system calls only, since other threads may have held locks at the fork.
[[noreturn]] void BecomeChild(char* const* argv, int log_fd, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);  // The parent died before the line above took effect.
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const int empty = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (empty >= 0) dup2(empty, STDIN_FILENO);
  dup2(log_fd, STDOUT_FILENO);
  dup2(log_fd, STDERR_FILENO);
  execv(argv[0], argv);
  const char* why = strerrordesc_np(errno);
  if (why != nullptr && write(STDERR_FILENO, why, strlen(why)) < 0) _exit(126);
  _exit(127);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Subprocess>> Subprocess::Start(const std::vector<std::string>& argv,
                                                              const std::string& log_file) {
  if (access(argv[0].c_str(), X_OK) != 0) {
    return absl::FailedPreconditionError(absl::StrCat("cannot run ", argv[0], ": ", strerrordesc_np(errno)));
  }
  const int log_fd = open(log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log_fd < 0) return absl::InternalError(absl::StrCat("cannot write ", log_file, ": ", strerrordesc_np(errno)));
  std::vector<char*> arguments;  // Made before the fork: the child may not allocate.
  for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) BecomeChild(arguments.data(), log_fd, parent);
  const int fork_errno = errno;
  close(log_fd);
  if (pid < 0) return absl::InternalError(absl::StrCat("cannot start ", argv[0], ": ", strerrordesc_np(fork_errno)));
  return std::unique_ptr<Subprocess>(new Subprocess(pid, log_file));
}

Subprocess::~Subprocess() {
  Signal(SIGKILL);
  (void)Wait(absl::InfiniteDuration());
}

void Subprocess::Signal(int signal) {
  absl::MutexLock lock(&mu_);
  if (!exit_status_.has_value()) kill(pid_, signal);
}

std::optional<int> Subprocess::Reap() {
  absl::MutexLock lock(&mu_);
  if (exit_status_.has_value()) return exit_status_;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) == pid_) {
    exit_status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  return exit_status_;
}

absl::StatusOr<int> Subprocess::Wait(absl::Duration timeout) {
  // Looking every 2 ms rather than a blocking waitpid: Signal must stay possible from another thread meanwhile.
  for (absl::Duration waited; waited <= timeout; waited += absl::Milliseconds(2)) {
    if (const std::optional<int> status = Reap(); status.has_value()) return *status;
    absl::SleepFor(absl::Milliseconds(2));
  }
  return absl::DeadlineExceededError(
      absl::StrCat("process ", pid_, " still runs after ", absl::FormatDuration(timeout)));
}

bool Subprocess::Running() { return !Reap().has_value(); }

std::string Subprocess::LogTail(size_t bytes_max) const {
  std::ifstream file(log_file_, std::ios::binary | std::ios::ate);
  if (!file) return "";
  const auto size = static_cast<size_t>(file.tellg());
  const size_t take = std::min(size, bytes_max);
  std::string tail(take, '\0');
  file.seekg(static_cast<std::streamoff>(size - take));
  file.read(tail.data(), static_cast<std::streamsize>(take));
  return tail;
}

}  // namespace muster
