// How many calls of one person may wait at once, so that one cannot take every thread; likewise sign-ins of an address.
#ifndef MUSTER_CLIENT_GATEWAY_HTTP_CALL_SLOTS_H_
#define MUSTER_CLIENT_GATEWAY_HTTP_CALL_SLOTS_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"

namespace muster::gateway {

// Thread-safe. Outlives its slots.
class CallSlots {
 public:
  explicit CallSlots(size_t most_each) : most_each_(most_each) {}
  CallSlots(const CallSlots&) = delete;
  CallSlots& operator=(const CallSlots&) = delete;

  // Is one call's for as long as somebody keeps it; null when `key` has all of its own.
  std::shared_ptr<void> Take(const std::string& key) {
    absl::MutexLock lock(&mu_);
    size_t& taken = taken_[key];
    if (taken >= most_each_) return nullptr;
    ++taken;
    return {this, [this, key](void*) { Release(key); }};
  }

 private:
  void Release(const std::string& key) {
    absl::MutexLock lock(&mu_);
    const auto found = taken_.find(key);
    if (--found->second == 0) taken_.erase(found);
  }

  const size_t most_each_;
  absl::Mutex mu_;
  absl::flat_hash_map<std::string, size_t> taken_ ABSL_GUARDED_BY(mu_);
};

}  // namespace muster::gateway

#endif  // MUSTER_CLIENT_GATEWAY_HTTP_CALL_SLOTS_H_
