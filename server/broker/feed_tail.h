// The end of the feed that has been appended and not yet written: up to a segment and one commit.
//
// Threading: the writer appends and clears, readers copy, at the same time.
#ifndef MUSTER_SERVER_BROKER_FEED_TAIL_H_
#define MUSTER_SERVER_BROKER_FEED_TAIL_H_

#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "server/broker/feed_tables.h"

namespace muster {

class FeedTail {
 public:
  // Begins anew behind `last_id`, which with all before it can be read from the tables.
  void Clear(FeedId last_id) {
    absl::MutexLock lock(&mu_);
    ids_.first_id = last_id + 1;
    ids_.last_id = last_id;
    ids_.places.clear();
    bytes_.clear();
  }

  void Append(absl::Span<const FeedRow> rows) {
    absl::MutexLock lock(&mu_);
    for (const FeedRow& row : rows) {
      AppendPlace(row, &ids_.places);
      bytes_.append(row.bytes.data(), row.bytes.size());
    }
    ids_.last_id += rows.size();
  }

  // The writer's: nobody else changes them, so it reads them without the lock.
  FeedId first_id() const ABSL_NO_THREAD_SAFETY_ANALYSIS { return ids_.first_id; }
  absl::string_view places() const ABSL_NO_THREAD_SAFETY_ANALYSIS { return ids_.places; }
  absl::string_view bytes() const ABSL_NO_THREAD_SAFETY_ANALYSIS { return bytes_; }

  FeedId last_id() const {
    absl::MutexLock lock(&mu_);
    return ids_.last_id;
  }

  // Everything, if `id` is in it. Otherwise it is in the tables, or beyond the end: the result does not have it.
  FeedSegment CopyIfHas(FeedId id) const {
    absl::MutexLock lock(&mu_);
    if (!ids_.Has(id)) return FeedSegment();
    FeedSegment copy = ids_;
    copy.block = std::make_shared<const std::string>(bytes_);
    return copy;
  }

  FeedSegment CopyPlaces() const {
    absl::MutexLock lock(&mu_);
    return ids_;
  }

 private:
  mutable absl::Mutex mu_;
  FeedSegment ids_ ABSL_GUARDED_BY(mu_);  // Without the block.
  std::string bytes_ ABSL_GUARDED_BY(mu_);
};

}  // namespace muster

#endif  // MUSTER_SERVER_BROKER_FEED_TAIL_H_
