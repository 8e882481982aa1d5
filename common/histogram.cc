#include "common/histogram.h"

namespace muster {

Histogram::Histogram(int bucket_bits) : bucket_bits_(bucket_bits), buckets_(size_t{kOctaves} << bucket_bits) {}

void Histogram::Clear() { *this = Histogram(bucket_bits_); }

int64_t Histogram::Percentile(int per_mille) const {
  const uint64_t wanted = (count_ * static_cast<uint64_t>(per_mille) + 999) / 1'000;
  uint64_t seen = 0;
  for (size_t bucket = 0; bucket + 1 < buckets_.size(); ++bucket) {
    seen += buckets_[bucket];
    if (seen >= wanted && seen > 0) return std::min(max_, static_cast<int64_t>(UpperBoundOf(bucket)));
  }
  return max_;
}

uint64_t Histogram::UpperBoundOf(size_t bucket) const {
  const size_t per_octave = size_t{1} << bucket_bits_;
  if (bucket < 2 * per_octave) return bucket;
  const size_t octave = bucket / per_octave - 1;
  return ((per_octave + bucket % per_octave + 1) << octave) - 1;
}

}  // namespace muster
