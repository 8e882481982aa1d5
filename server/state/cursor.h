// A cursor: a place on one agency's feed. Opaque to clients.
//
// Holds the log's id, so that a cursor of another broker, or of a log restored from an older copy, is not taken for one
// of ours, and the agency's position. Nothing in it depends on what the agency may not see (rule P7).
#ifndef MUSTER_SERVER_STATE_CURSOR_H_
#define MUSTER_SERVER_STATE_CURSOR_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace muster {

// `log_id` is Genesis.log_id, 8 bytes. 16 bytes: the log id, then the position, most significant byte first.
std::string EncodeCursor(absl::string_view log_id, uint64_t position);

// An empty cursor is position 0: the beginning of history.
//
// Errors: INVALID_ARGUMENT not a cursor at all. DATA_LOSS a cursor of another log.
absl::StatusOr<uint64_t> DecodeCursor(absl::string_view log_id, absl::string_view cursor);

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_CURSOR_H_
