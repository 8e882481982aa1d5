// How many streams there may be at once.
#ifndef MUSTER_CLIENT_GATEWAY_HTTP_STREAM_SLOTS_H_
#define MUSTER_CLIENT_GATEWAY_HTTP_STREAM_SLOTS_H_

#include <atomic>
#include <cstddef>
#include <memory>

namespace muster::gateway {

// Thread-safe. Outlives its slots.
class StreamSlots {
 public:
  explicit StreamSlots(size_t most) : most_(most) {}
  StreamSlots(const StreamSlots&) = delete;
  StreamSlots& operator=(const StreamSlots&) = delete;

  // Is one stream's for as long as somebody keeps it; null when all are taken.
  std::shared_ptr<void> Take() {
    if (taken_.fetch_add(1) < most_) return {this, [this](void*) { taken_.fetch_sub(1); }};
    taken_.fetch_sub(1);
    return nullptr;
  }

 private:
  const size_t most_;
  std::atomic<size_t> taken_{0};
};

}  // namespace muster::gateway

#endif  // MUSTER_CLIENT_GATEWAY_HTTP_STREAM_SLOTS_H_
