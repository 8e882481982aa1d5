// What was read of history lately, so that readers who catch up over the same ground read and encode it once.
//
// Threading: one thread at a time.
#ifndef MUSTER_SERVER_BROKER_HISTORY_PAGES_H_
#define MUSTER_SERVER_BROKER_HISTORY_PAGES_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "server/broker/delivery_block.h"
#include "server/broker/feed_reader.h"

namespace muster {

// The deliveries of one group's agencies among the notices after `begin` up to and including `end`.
struct HistoryPage {
  uint64_t version = 0;  // ReaderGroup::version.
  FeedId begin = 0;
  FeedId end = 0;
  std::shared_ptr<const DeliveryBlock> block;
  std::vector<FeedId> ids;  // By delivery of the block: its notice.
};

class HistoryPages {
 public:
  using Ref = std::shared_ptr<const HistoryPage>;

  // Keeps about `bytes_max` bytes of pages, those used last.
  explicit HistoryPages(size_t bytes_max) : bytes_max_(bytes_max) {}

  // The page of this group with what follows the notice `read_id`, which an agency has had `position` deliveries at.
  // Null: there is none.
  Ref Find(uint64_t version, FeedId read_id, uint64_t position);

  // How far to read on from `read_id` for a new page: to the beginning of the next, and not beyond `through`. So
  // readers who began at different places share pages after a while.
  FeedId EndFor(uint64_t version, FeedId read_id, FeedId through) const;

  void Add(Ref page);

 private:
  const size_t bytes_max_;
  size_t bytes_ = 0;
  std::deque<Ref> pages_;  // Used longest ago first.
};

}  // namespace muster

#endif  // MUSTER_SERVER_BROKER_HISTORY_PAGES_H_
