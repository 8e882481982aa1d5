#include "tests/faults/injection.h"

#include <dlfcn.h>

#include "absl/strings/str_cat.h"

namespace muster {
namespace {

using Start = void (*)(const char* folder, unsigned long at, const char* kind, int sticky, const char* trace);
using Count = unsigned long (*)();
using Mark = void (*)(const char* text);

template <typename Function>
Function Find(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, name));
}

const char* WordOf(Injection::Kind kind) {
  switch (kind) {
    case Injection::Kind::kEio:
      return "eio";
    case Injection::Kind::kEnospc:
      return "enospc";
    case Injection::Kind::kShort:
      return "short";
    case Injection::Kind::kKill:
      return "kill";
    case Injection::Kind::kNone:
      break;
  }
  return "none";
}

}  // namespace

std::string Injection::Name() const { return absl::StrCat(WordOf(kind), sticky ? "_from_then_on" : ""); }

bool InjectionIsLoaded() { return Find<Start>("muster_inject_start") != nullptr; }

void StartInjection(const Injection& injection, const std::string& folder, const std::string& trace) {
  Find<Start>("muster_inject_start")(folder.c_str(), injection.at, WordOf(injection.kind), injection.sticky ? 1 : 0,
                                     trace.c_str());
}

void StopInjection() { Find<Start>("muster_inject_start")("", 0, "none", 0, ""); }

void MarkTrace(const std::string& text) { Find<Mark>("muster_inject_mark")(text.c_str()); }

uint64_t FaultsInjected() { return Find<Count>("muster_inject_fired")(); }

std::vector<std::string> InjectionEnvironment(const std::string& library, const Injection& injection,
                                              const std::string& folder, const std::string& trace) {
  std::vector<std::string> environment = {
      absl::StrCat("LD_PRELOAD=", library), absl::StrCat("MUSTER_INJECT_DIR=", folder),
      absl::StrCat("MUSTER_INJECT_AT=", injection.at), absl::StrCat("MUSTER_INJECT_KIND=", WordOf(injection.kind))};
  if (injection.sticky) environment.push_back("MUSTER_INJECT_STICKY=1");
  if (!trace.empty()) environment.push_back(absl::StrCat("MUSTER_INJECT_TRACE=", trace));
  return environment;
}

}  // namespace muster
