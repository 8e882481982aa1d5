#include "common/failpoint.h"

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace muster {
namespace {

// What MUSTER_FAILPOINT asks for; an empty name if nothing.
struct Armed {
  Armed() {
    const char* value = std::getenv("MUSTER_FAILPOINT");
    if (value == nullptr) return;
    const std::pair<std::string, std::string> parts = absl::StrSplit(value, absl::MaxSplits(':', 1));
    name = parts.first;
    int pass = 1;
    passes_left = absl::SimpleAtoi(parts.second, &pass) && pass >= 1 ? pass : 1;
  }

  std::string name;
  std::atomic<int> passes_left = 0;
};

}  // namespace

void PassFailpoint(absl::string_view name) {
  static Armed* const armed = new Armed;  // Never destroyed: threads may pass a failpoint while the process ends.
  if (name != armed->name) return;
  if (armed->passes_left.fetch_sub(1) == 1) std::raise(SIGKILL);
}

}  // namespace muster
