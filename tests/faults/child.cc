#include "tests/faults/child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

namespace muster {

void Child::Pipe::Send(char kind, const std::string& text) const {
  const auto bytes = static_cast<uint32_t>(text.size());
  std::string whole(sizeof(bytes), '\0');
  std::memcpy(whole.data(), &bytes, sizeof(bytes));
  whole += kind;
  whole += text;
  for (size_t at = 0; at < whole.size();) {
    const ssize_t written = write(fd_, whole.data() + at, whole.size() - at);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) _exit(99);  // Nobody listens any more.
    at += static_cast<size_t>(written);
  }
}

Child::Child(unsigned seconds_max, const std::function<int(const Pipe&)>& body) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return;
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(98);
    close(ends[0]);
    alarm(seconds_max);
    // Not through exit(): what the parent has to tidy up is the parent's.
    _exit(body(Pipe(ends[1])));
  }
  close(ends[1]);
  fd_ = ends[0];
}

Child::~Child() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  if (fd_ >= 0) close(fd_);
}

std::vector<Child::Message> Child::Wait(int* exit_code) {
  std::string bytes;
  char buffer[65536];
  for (;;) {
    const ssize_t got = read(fd_, buffer, sizeof(buffer));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    bytes.append(buffer, static_cast<size_t>(got));
  }
  *exit_code = 97;
  int status = 0;
  if (pid_ > 0 && waitpid(pid_, &status, 0) == pid_) {
    *exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    pid_ = -1;
  }
  std::vector<Message> messages;
  for (size_t at = 0; at + sizeof(uint32_t) + 1 <= bytes.size();) {
    uint32_t count = 0;
    std::memcpy(&count, bytes.data() + at, sizeof(count));
    at += sizeof(count);
    if (at + 1 + count > bytes.size()) break;
    messages.push_back({bytes[at], bytes.substr(at + 1, count)});
    at += 1 + count;
  }
  return messages;
}

}  // namespace muster
