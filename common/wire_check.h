// A quick certificate that encoded bytes are a sound message: one walk over the bytes, by tables that are compiled from
// the same rules as validation.h, without building the message.
//
//   if (!WireIsSound(v1::Submission::descriptor(), bytes)) ...  // Parse it, and ask Violations.
//
// What it says is one-sided. True promises that ParseFromString would succeed and that Violations would find nothing.
// False promises nothing: it is said of all that is unsound, and also of what no generated class writes (a field set
// twice, items of a list with other fields between them, numbers longer than they need be, lists that are not packed)
// and of what no submission needs (durations, floats, maps, lists of numbers, field numbers above 255, integers from
// 2^63 on). Whoever is told false asks validation.h, which explains; so what callers are told does not depend on it.
//
// Threading: from any thread. Tables are compiled once per message type and kept for the process.
#ifndef MUSTER_COMMON_WIRE_CHECK_H_
#define MUSTER_COMMON_WIRE_CHECK_H_

#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"

namespace muster {

struct WireTable;

// The table of a generated type; takes a leaf lock, so that who asks often asks once.
const WireTable& WireTableOf(const google::protobuf::Descriptor* type);

bool WireIsSound(const WireTable& table, absl::string_view bytes);

inline bool WireIsSound(const google::protobuf::Descriptor* type, absl::string_view bytes) {
  return WireIsSound(WireTableOf(type), bytes);
}

}  // namespace muster

#endif  // MUSTER_COMMON_WIRE_CHECK_H_
