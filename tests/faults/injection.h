// inject.c from inside a program that was started with it (LD_PRELOAD).
#ifndef MUSTER_TESTS_FAULTS_INJECTION_H_
#define MUSTER_TESTS_FAULTS_INJECTION_H_

#include <cstdint>
#include <string>
#include <vector>

namespace muster {

struct Injection {
  enum class Kind { kNone, kEio, kEnospc, kShort, kKill };
  Kind kind = Kind::kNone;
  uint64_t at = 0;      // 1: the first operation.
  bool sticky = false;  // As on a disk that dies.

  // "eio", "dying disk" ...
  std::string Name() const;
};

// Whether this program was started with inject.c.
bool InjectionIsLoaded();
// From now on, for this process: operations below `folder`; recorded in `trace` unless that is empty.
void StartInjection(const Injection& injection, const std::string& folder, const std::string& trace);
void StopInjection();
// Writes a mark into the trace.
void MarkTrace(const std::string& text);
// How many operations failed on request.
uint64_t FaultsInjected();

// The environment that does the same for another program ("NAME=value"); `library` is inject.c's.
std::vector<std::string> InjectionEnvironment(const std::string& library, const Injection& injection,
                                              const std::string& folder, const std::string& trace);

}  // namespace muster

#endif  // MUSTER_TESTS_FAULTS_INJECTION_H_
