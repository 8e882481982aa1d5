// Messages whose encoding may be longer than the 2 GiB that protobuf reads at once.
//
// Threading: from any thread.
#ifndef MUSTER_SERVER_BROKER_LONG_MESSAGE_H_
#define MUSTER_SERVER_BROKER_LONG_MESSAGE_H_

#include <cstddef>

#include "absl/strings/string_view.h"
#include "google/protobuf/message_lite.h"

namespace muster {

// Adds to `message` what the encoding `bytes` of such a message holds; reads it in parts of `part_bytes` or more, cut
// between fields. False, with a part of it added, when it is no encoding of one, or one field is longer than 2 GiB.
bool MergeFromLong(absl::string_view bytes, google::protobuf::MessageLite* message, size_t part_bytes = 64 << 20);

}  // namespace muster

#endif  // MUSTER_SERVER_BROKER_LONG_MESSAGE_H_
