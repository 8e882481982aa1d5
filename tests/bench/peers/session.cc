#include "tests/bench/peers/session.h"

#include <unistd.h>

#include <iostream>

namespace muster::peers {

void Fail(absl::string_view what) {
  std::cerr << "muster-peer-bench: " << what << std::endl;
  // Without destructors: another thread may be at work.
  _exit(2);
}

}  // namespace muster::peers
