// Logarithms, powers and chance in whole numbers, so that a simulation gives the same figures on every machine: the
// distributions of the standard library, and its logarithm's last digit, differ from one to the next.
#ifndef MUSTER_TESTS_SCALING_FIXED_MATH_H_
#define MUSTER_TESTS_SCALING_FIXED_MATH_H_

#include <cstdint>
#include <random>

namespace muster::scaling {

// Simulated time, or a span of it, in nanoseconds.
using Nanos = int64_t;

inline constexpr Nanos kMicrosecond = 1'000;
inline constexpr Nanos kMillisecond = 1'000'000;
inline constexpr Nanos kSecond = 1'000'000'000;

// Of every histogram here: percentiles within 1.6 %, in whole numbers.
inline constexpr int kHistogramBits = 6;

// Fractions are in units of 2^-30.
inline constexpr int kFractionBits = 30;
inline constexpr int64_t kOne = int64_t{1} << kFractionBits;

// log2(x) for x in [kOne, 2 * kOne).
int64_t Log2(int64_t x);
// 2^x for any x from -30 to 31 (times kOne), as a multiplier for Scale.
int64_t Exp2(int64_t x);

// A lognormal span: its median, and the standard deviation of its logarithm in thousandths of an octave.
struct LogNormal {
  Nanos median;
  int sigma_milli_octaves;
};

// Not thread-safe.
class Chance {
 public:
  explicit Chance(uint64_t seed) : engine_(seed) {}

  // From 0 to n - 1; n > 0.
  uint32_t Below(uint32_t n);
  // From `low` to `high`, both included.
  Nanos Between(Nanos low, Nanos high);
  // With this mean: the time to the next of what comes independently.
  Nanos Exponential(Nanos mean);
  // Cut off at six standard deviations.
  Nanos Draw(const LogNormal& distribution);

 private:
  std::mt19937_64 engine_;  // The standard fixes what it gives.
};

}  // namespace muster::scaling

#endif  // MUSTER_TESTS_SCALING_FIXED_MATH_H_
