// Statuses as google.rpc.Status (https://google.aip.dev/193), the bytes of gRPC's `grpc-status-details-bin` trailer.
//
// Knows nothing of gRPC itself: the server's and the client's edge move these bytes.
//
// Threading: pure functions.
#ifndef MUSTER_COMMON_RICH_STATUS_H_
#define MUSTER_COMMON_RICH_STATUS_H_

#include <cstddef>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace muster {

inline constexpr char kErrorDomain[] = "muster";
inline constexpr char kRetryInfoTypeUrl[] = "type.googleapis.com/google.rpc.RetryInfo";

// gRPC refuses trailers of more than 8 KiB in all, base64 and percent-encoding included, and the caller would then see
// RESOURCE_EXHAUSTED instead of what is wrong. So a message is cut here to this many bytes ...
inline constexpr size_t kStatusMessageBytesMax = 1024;
// ... and field violations that do not fit into this many are left out (the message counts them).
inline constexpr size_t kBadRequestBytesMax = 2560;

// The status's message, cut to kStatusMessageBytesMax between two characters. What the edge should send as the plain
// gRPC message.
std::string StatusMessage(const absl::Status& status);

// `status` as a serialized google.rpc.Status, with ErrorInfo (the reason and, in metadata "rule", the rule), BadRequest
// when violations are attached, and RetryInfo of one second for UNAVAILABLE and RESOURCE_EXHAUSTED. Empty for OK.
std::string ToRichStatusBytes(const absl::Status& status);

// What a client makes of the three things an RPC ended with. Restores the v1::Rejected payload (RejectedOf), violations
// (ViolationsOf) and the retry delay (RetryDelayOf). Details that cannot be read are ignored: the code and the message
// count. A code that gRPC does not have becomes UNKNOWN.
absl::Status FromRichStatus(int code, absl::string_view message, absl::string_view details_bytes);

// `status`, which is not OK, with the word that it is worth trying again after `delay`, in whole seconds and no sooner.
absl::Status WithRetryDelay(absl::Status status, absl::Duration delay);

// How long to wait before trying again, as far as the broker said so.
std::optional<absl::Duration> RetryDelayOf(const absl::Status& status);

}  // namespace muster

#endif  // MUSTER_COMMON_RICH_STATUS_H_
