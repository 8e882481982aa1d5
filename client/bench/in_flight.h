// What has been sent and not been answered.
#ifndef MUSTER_CLIENT_BENCH_IN_FLIGHT_H_
#define MUSTER_CLIENT_BENCH_IN_FLIGHT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <vector>

namespace muster::bench {

// A fixed number of places. Each submission gets a number (of less than 2^48, for its id) that says where it is, so
// that its answer finds it without a look-up. Not thread-safe.
class InFlight {
 public:
  struct Sent {
    uint64_t ordinal = 0;
    int64_t sent_ns = 0;
  };

  // At most 2^16 places.
  explicit InFlight(size_t places) : places_(places) {
    for (size_t i = places; i-- > 0;) free_.push_back(static_cast<uint32_t>(i));
  }

  size_t free() const { return free_.size(); }

  // Needs a free place. The submission's number.
  uint64_t Add(Sent sent) {
    const uint32_t place = free_.back();
    free_.pop_back();
    places_[place] = sent;
    return uint64_t{place} << kPlaceShift | (sent.ordinal & kOrdinalMask);
  }

  // The submission of that number, which then is no longer here; nothing if it is not.
  std::optional<Sent> Take(uint64_t number) {
    const uint64_t place = number >> kPlaceShift;
    if (place >= places_.size()) return std::nullopt;
    const std::optional<Sent> sent = places_[place];
    if (!sent.has_value() || (sent->ordinal & kOrdinalMask) != (number & kOrdinalMask)) return std::nullopt;
    places_[place].reset();
    free_.push_back(static_cast<uint32_t>(place));
    return sent;
  }

 private:
  static constexpr int kPlaceShift = 32;
  static constexpr uint64_t kOrdinalMask = 0xffffffff;

  std::vector<std::optional<Sent>> places_;
  std::vector<uint32_t> free_;
};

// Up to which number of an outbox all have been answered, in whatever order that happens. Not thread-safe.
class Confirmed {
 public:
  void Add(uint64_t number) {
    ahead_.insert(number);
    while (!ahead_.empty() && *ahead_.begin() == through_ + 1) {
      ahead_.erase(ahead_.begin());
      ++through_;
    }
  }
  uint64_t through() const { return through_; }

 private:
  uint64_t through_ = 0;
  std::set<uint64_t> ahead_;
};

}  // namespace muster::bench

#endif  // MUSTER_CLIENT_BENCH_IN_FLIGHT_H_
