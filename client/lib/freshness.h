// How true an answer of a command post's daemon is: it may come from what the daemon holds, while no broker can be
// reached.
//
// Travels in the trailing metadata of a call, so that the messages are the same as a broker's. A broker sends none.
#ifndef MUSTER_CLIENT_LIB_FRESHNESS_H_
#define MUSTER_CLIENT_LIB_FRESHNESS_H_

#include "absl/time/time.h"

namespace muster {

// When the answer was true, RFC 3339 with nanoseconds. Present exactly when the answer is a copy.
inline constexpr char kAsOfMetadata[] = "muster-as-of";
// "1" when deliveries about the same operation have arrived since: the copy is older than they are.
inline constexpr char kSupersededMetadata[] = "muster-superseded";

struct Freshness {
  absl::Time as_of;
  bool superseded = false;
};

}  // namespace muster

#endif  // MUSTER_CLIENT_LIB_FRESHNESS_H_
