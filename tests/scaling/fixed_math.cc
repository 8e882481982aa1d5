#include "tests/scaling/fixed_math.h"

#include <array>
#include <bit>

#include "absl/numeric/int128.h"

namespace muster::scaling {
namespace {

// ln 2 times kOne.
constexpr int64_t kLn2 = 744'261'118;

constexpr uint64_t SquareRoot(uint64_t square) {
  uint64_t root = 0;
  for (uint64_t bit = uint64_t{1} << 31; bit != 0; bit >>= 1) {
    if ((root | bit) * (root | bit) <= square) root |= bit;
  }
  return root;
}

// 2^(1/2), 2^(1/4), 2^(1/8) ... each the square root of the one before.
constexpr std::array<int64_t, 24> kRoots = [] {
  std::array<int64_t, 24> roots{};
  uint64_t root = uint64_t{2} << kFractionBits;
  for (int64_t& each : roots) {
    root = SquareRoot(root << kFractionBits);
    each = static_cast<int64_t>(root);
  }
  return roots;
}();

}  // namespace

int64_t Log2(int64_t x) {
  int64_t result = 0;
  for (int64_t bit = kOne >> 1; bit != 0; bit >>= 1) {
    x = (x * x) >> kFractionBits;
    if (x >= 2 * kOne) {
      x >>= 1;
      result |= bit;
    }
  }
  return result;
}

int64_t Exp2(int64_t x) {
  const int64_t whole = x >> kFractionBits;
  int64_t product = kOne;
  int64_t bit = kOne >> 1;
  for (const int64_t root : kRoots) {
    if ((x & bit) != 0) product = (product * root) >> kFractionBits;
    bit >>= 1;
  }
  return whole >= 0 ? product << whole : product >> -whole;
}

uint32_t Chance::Below(uint32_t n) { return static_cast<uint32_t>(((engine_() >> 32) * n) >> 32); }

Nanos Chance::Between(Nanos low, Nanos high) {
  return low + static_cast<Nanos>(engine_() % static_cast<uint64_t>(high - low + 1));
}

Nanos Chance::Exponential(Nanos mean) {
  // -ln(u / 2^64): u is v * 2^(63 - halvings) with v in [1, 2).
  const uint64_t u = engine_() | 1;
  const int halvings = std::countl_zero(u) + 1;
  const auto v = static_cast<int64_t>((u << (halvings - 1)) >> (63 - kFractionBits));
  const int64_t octaves = halvings * kOne - Log2(v);
  const absl::int128 span = absl::int128(octaves) * kLn2 * mean;
  return static_cast<Nanos>(span >> (2 * kFractionBits));
}

Nanos Chance::Draw(const LogNormal& distribution) {
  // The sum of twelve uniform numbers has the variance 1 (here 2^32) and, but for its far tails, the normal shape.
  int64_t sum = -12 * 65'535 / 2;
  for (int word = 0; word < 3; ++word) {
    uint64_t bits = engine_();
    for (int part = 0; part < 4; ++part, bits >>= 16) sum += static_cast<int64_t>(bits & 0xFFFF);
  }
  const int64_t octaves = (sum * distribution.sigma_milli_octaves / 1'000) << (kFractionBits - 16);
  return static_cast<Nanos>((absl::int128(distribution.median) * Exp2(octaves)) >> kFractionBits);
}

}  // namespace muster::scaling
