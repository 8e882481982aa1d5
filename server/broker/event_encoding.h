// The bytes of an event that the log keeps, put together from parts that are encoded already.
#ifndef MUSTER_SERVER_BROKER_EVENT_ENCODING_H_
#define MUSTER_SERVER_BROKER_EVENT_ENCODING_H_

#include <string>

#include "absl/strings/string_view.h"
#include "muster/v1/submission.pb.h"

namespace muster {

// What `event` serializes to, byte for byte, when `principal` and `submission` are the encodings of its principal and
// of its submission; at those two fields of `event` nobody looks.
std::string EncodeEvent(const v1::Event& event, absl::string_view principal, absl::string_view submission);

}  // namespace muster

#endif  // MUSTER_SERVER_BROKER_EVENT_ENCODING_H_
