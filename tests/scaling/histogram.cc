#include "tests/scaling/histogram.h"

#include <algorithm>
#include <bit>

namespace muster::scaling {

void Histogram::Record(Nanos span) {
  const auto value = static_cast<uint64_t>(std::max<Nanos>(span, 0));
  ++buckets_[std::min(BucketOf(value), buckets_.size() - 1)];
  ++count_;
  sum_ += value;
  max_ = std::max(max_, span);
}

Nanos Histogram::Percentile(int per_mille) const {
  const uint64_t wanted = (count_ * static_cast<uint64_t>(per_mille) + 999) / 1'000;
  uint64_t seen = 0;
  for (size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    seen += buckets_[bucket];
    if (seen >= wanted && seen > 0) return std::min(max_, static_cast<Nanos>(UpperBoundOf(bucket)));
  }
  return max_;
}

size_t Histogram::BucketOf(uint64_t span) {
  const int octave = std::max(0, static_cast<int>(std::bit_width(span)) - kBucketBits - 1);
  return (static_cast<size_t>(octave) << kBucketBits) + static_cast<size_t>(span >> octave);
}

uint64_t Histogram::UpperBoundOf(size_t bucket) {
  constexpr size_t kPerOctave = size_t{1} << kBucketBits;
  if (bucket < 2 * kPerOctave) return bucket;
  const size_t octave = bucket / kPerOctave - 1;
  return ((kPerOctave + bucket % kPerOctave + 1) << octave) - 1;
}

}  // namespace muster::scaling
