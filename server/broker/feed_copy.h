// Copies a feed into another folder, beside a running broker or without one, so that a broker that starts from the copy
// need not replay the whole log.
#ifndef MUSTER_SERVER_BROKER_FEED_COPY_H_
#define MUSTER_SERVER_BROKER_FEED_COPY_H_

#include <string>

#include "absl/status/statusor.h"
#include "server/log/event_log.h"

namespace muster {

// Copies feed.db of `from_dir` into `to_dir`, which exists and has none, and returns the last event whose notices it
// has. Reads in slices of some 1 MiB over a read-only connection: a broker that syncs its feed waits for no more than
// one. The copy is one synced file without a write-ahead log. After an error delete what is in `to_dir`.
//
// Errors: NOT_FOUND    there is no feed.
//         DATA_LOSS    it is damaged, or of another version of Muster.
//         UNAVAILABLE  it was trimmed faster than it was copied.
//         Otherwise as common/sqlite.h.
absl::StatusOr<Sequence> CopyFeed(const std::string& from_dir, const std::string& to_dir);

}  // namespace muster

#endif  // MUSTER_SERVER_BROKER_FEED_COPY_H_
