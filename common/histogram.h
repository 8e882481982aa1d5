// How long things took: percentiles of any number of spans in fixed memory.
//
// Log-linear, as in HdrHistogram: each octave has 2^bucket_bits buckets of equal width, so a percentile is too high by
// less than one part in 2^bucket_bits, and never too low. Recording is a shift and two additions.
//
// Threading: guarded by the owner.
#ifndef MUSTER_COMMON_HISTOGRAM_H_
#define MUSTER_COMMON_HISTOGRAM_H_

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace muster {

class Histogram {
 public:
  // Three significant digits: within 0.1 %.
  static constexpr int kFineBits = 10;
  // Octaves that have buckets of their own; longer spans share the last one.
  static constexpr int kOctaves = 48;

  explicit Histogram(int bucket_bits = kFineBits);

  // In whatever unit, such as nanoseconds. A negative one counts as 0.
  void Record(int64_t span, uint64_t times = 1) {
    const auto value = static_cast<uint64_t>(std::max<int64_t>(span, 0));
    buckets_[std::min(BucketOf(value), buckets_.size() - 1)] += times;
    count_ += times;
    sum_ += value * times;
    max_ = std::max(max_, static_cast<int64_t>(value));
  }
  void Clear();

  uint64_t count() const { return count_; }
  int64_t max() const { return max_; }
  int64_t mean() const { return count_ == 0 ? 0 : static_cast<int64_t>(sum_ / count_); }
  // The span that `per_mille` of a thousand are not longer than; 0 when there is none.
  int64_t Percentile(int per_mille) const;

 private:
  size_t BucketOf(uint64_t span) const {
    const int octave = std::max(0, static_cast<int>(std::bit_width(span)) - bucket_bits_ - 1);
    return (static_cast<size_t>(octave) << bucket_bits_) + static_cast<size_t>(span >> octave);
  }
  uint64_t UpperBoundOf(size_t bucket) const;

  int bucket_bits_;
  std::vector<uint64_t> buckets_;
  uint64_t count_ = 0;
  uint64_t sum_ = 0;
  int64_t max_ = 0;
};

}  // namespace muster

#endif  // MUSTER_COMMON_HISTOGRAM_H_
