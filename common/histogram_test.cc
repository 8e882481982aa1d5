#include "common/histogram.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace muster {
namespace {

uint64_t Seed() {
  const char* given = std::getenv("MUSTER_TEST_SEED");
  const uint64_t seed = given == nullptr ? std::random_device()() : std::strtoull(given, nullptr, 10);
  std::cout << "MUSTER_TEST_SEED=" << seed << "\n";
  return seed;
}

TEST(HistogramTest, CoarsePercentilesAreWithinTwoPerCentAndNeverBelow) {
  Histogram histogram(6);
  for (int64_t span = 1; span <= 1'000'000; ++span) histogram.Record(span);
  for (const int per_mille : {1, 10, 500, 990, 999}) {
    const int64_t exact = int64_t{per_mille} * 1'000;
    EXPECT_GE(histogram.Percentile(per_mille), exact);
    EXPECT_LE(histogram.Percentile(per_mille), exact * 102 / 100);
  }
  EXPECT_EQ(histogram.Percentile(1'000), 1'000'000);
  EXPECT_EQ(histogram.max(), 1'000'000);
}

TEST(HistogramTest, FinePercentilesOfRandomSpansAreThoseOfTheSortedSpansWithinATenthOfAPerCent) {
  std::mt19937_64 random(Seed());
  Histogram histogram;
  std::vector<int64_t> spans(200'000);
  for (int64_t& span : spans) {
    span = static_cast<int64_t>(std::exp2(std::uniform_real_distribution<>(0, 40)(random)));
    histogram.Record(span);
  }
  std::sort(spans.begin(), spans.end());
  for (const int per_mille : {1, 250, 500, 900, 990, 999, 1'000}) {
    const int64_t exact = spans[(spans.size() * static_cast<size_t>(per_mille) + 999) / 1'000 - 1];
    EXPECT_GE(histogram.Percentile(per_mille), exact) << per_mille;
    EXPECT_LE(histogram.Percentile(per_mille), exact + exact / 1'000 + 1) << per_mille;
  }
}

TEST(HistogramTest, RecordingManyAtOnceIsRecordingEachOfThem) {
  Histogram at_once;
  at_once.Record(3, 3);
  at_once.Record(9);
  EXPECT_EQ(at_once.count(), 4u);
  EXPECT_EQ(at_once.mean(), 4);
  EXPECT_EQ(at_once.Percentile(750), 3);
  EXPECT_EQ(at_once.Percentile(751), 9);
}

TEST(HistogramTest, ASpanBeyondTheLastBucketIsKnownByTheGreatest) {
  Histogram histogram;
  histogram.Record(int64_t{1} << 60);
  EXPECT_EQ(histogram.Percentile(500), int64_t{1} << 60);
  EXPECT_EQ(histogram.max(), int64_t{1} << 60);
}

TEST(HistogramTest, NothingIsLeftAfterClear) {
  Histogram histogram(6);
  histogram.Record(-5);
  EXPECT_EQ(histogram.max(), 0);
  EXPECT_EQ(histogram.count(), 1u);
  histogram.Clear();
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.Percentile(990), 0);
}

}  // namespace
}  // namespace muster
