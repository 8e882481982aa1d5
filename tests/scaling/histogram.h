// How long things took: percentiles within 1.6 %, in fixed memory, in whole numbers.
#ifndef MUSTER_TESTS_SCALING_HISTOGRAM_H_
#define MUSTER_TESTS_SCALING_HISTOGRAM_H_

#include <array>
#include <cstdint>

#include "tests/scaling/fixed_math.h"

namespace muster::scaling {

class Histogram {
 public:
  void Record(Nanos span);

  uint64_t count() const { return count_; }
  Nanos max() const { return max_; }
  Nanos mean() const { return count_ == 0 ? 0 : static_cast<Nanos>(sum_ / count_); }
  // The span that `per_mille` of a thousand are not longer than; 0 when there is none.
  Nanos Percentile(int per_mille) const;

 private:
  // 64 buckets for each octave.
  static constexpr int kBucketBits = 6;
  static size_t BucketOf(uint64_t span);
  static uint64_t UpperBoundOf(size_t bucket);

  std::array<uint64_t, 48 << kBucketBits> buckets_{};
  uint64_t count_ = 0;
  uint64_t sum_ = 0;
  Nanos max_ = 0;
};

}  // namespace muster::scaling

#endif  // MUSTER_TESTS_SCALING_HISTOGRAM_H_
