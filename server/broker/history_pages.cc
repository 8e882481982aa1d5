#include "server/broker/history_pages.h"

#include <algorithm>
#include <utility>

namespace muster {
namespace {

constexpr size_t kPagesMax = 256;  // Find looks at each.

size_t BytesOf(const HistoryPage& page) {
  return page.block->bytes.size() + page.ids.size() * (sizeof(FeedId) + sizeof(uint32_t));
}

}  // namespace

HistoryPages::Ref HistoryPages::Find(uint64_t version, FeedId read_id, uint64_t position) {
  const auto it = std::find_if(pages_.begin(), pages_.end(), [&](const Ref& page) {
    return page->version == version && page->begin <= read_id && read_id < page->end &&
           page->block->first_position <= position + 1 && position < page->block->first_position + page->ids.size();
  });
  if (it == pages_.end()) return nullptr;
  std::rotate(it, it + 1, pages_.end());
  return pages_.back();
}

FeedId HistoryPages::EndFor(uint64_t version, FeedId read_id, FeedId through) const {
  for (const Ref& page : pages_) {
    if (page->version == version && read_id < page->begin) through = std::min(through, page->begin);
  }
  return through;
}

void HistoryPages::Add(Ref page) {
  bytes_ += BytesOf(*page);
  pages_.push_back(std::move(page));
  while (pages_.size() > kPagesMax || (pages_.size() > 1 && bytes_ > bytes_max_)) {
    bytes_ -= BytesOf(*pages_.front());
    pages_.pop_front();
  }
}

}  // namespace muster
