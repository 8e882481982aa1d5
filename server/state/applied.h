// What applying one event produced.
#ifndef MUSTER_SERVER_STATE_APPLIED_H_
#define MUSTER_SERVER_STATE_APPLIED_H_

#include <string>
#include <vector>

#include "muster/v1/outcome.pb.h"
#include "server/state/audiences.h"

namespace muster {

// A v1::Notice, encoded once, and who receives it.
struct AddressedNotice {
  Audiences::Address address;
  std::string bytes;
};

struct Applied {
  v1::Outcome outcome;
  // In the order in which a reader who receives several gets them.
  std::vector<AddressedNotice> notices;
  // A certificate was revoked or an agency's standing changed: open streams must be looked at again.
  bool access_changed = false;
};

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_APPLIED_H_
