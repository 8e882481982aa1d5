// libFuzzer's way to FuzzFraming. How to run it: README.md.
#include <cstddef>
#include <cstdint>

#include "client/gateway/testing/fuzz_framing.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  muster::gateway::FuzzFraming({reinterpret_cast<const char*>(data), size});
  return 0;
}
