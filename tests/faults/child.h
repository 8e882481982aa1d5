// A child that runs a function and tells what it found through a pipe.
//
// Threading: fork; the calling process must have no other threads.
#ifndef MUSTER_TESTS_FAULTS_CHILD_H_
#define MUSTER_TESTS_FAULTS_CHILD_H_

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

namespace muster {

class Child {
 public:
  // What the child writes, message by message. A write is one system call: whoever is killed after it has written.
  class Pipe {
   public:
    explicit Pipe(int fd) : fd_(fd) {}
    void Send(char kind, const std::string& text) const;

   private:
    const int fd_;
  };
  struct Message {
    char kind = 0;
    std::string text;
  };

  // Ends with what `body` returns as its exit code; the kernel ends it after `seconds_max`.
  Child(unsigned seconds_max, const std::function<int(const Pipe&)>& body);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // Everything it sends until it ends, and then the exit code, or 128 + the signal.
  std::vector<Message> Wait(int* exit_code);

 private:
  pid_t pid_ = -1;
  int fd_ = -1;
};

}  // namespace muster

#endif  // MUSTER_TESTS_FAULTS_CHILD_H_
