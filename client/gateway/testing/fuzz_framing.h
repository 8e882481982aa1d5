// Whatever a browser may send, through all that reads it before a broker does: content types, timeouts, the framings,
// the codecs, and back. Aborts when something that must hold does not. Test code only; for fuzz_framing_test.cc's
// seeded bytes and for libFuzzer (fuzz_main.cc) alike.
#ifndef MUSTER_CLIENT_GATEWAY_TESTING_FUZZ_FRAMING_H_
#define MUSTER_CLIENT_GATEWAY_TESTING_FUZZ_FRAMING_H_

#include <cstddef>

#include "absl/strings/string_view.h"

namespace muster::gateway {

// The first byte chooses the framing, the second the method, and the others are the input.
inline constexpr size_t kFuzzPrefixBytes = 2;
void FuzzFraming(absl::string_view bytes);

}  // namespace muster::gateway

#endif  // MUSTER_CLIENT_GATEWAY_TESTING_FUZZ_FRAMING_H_
