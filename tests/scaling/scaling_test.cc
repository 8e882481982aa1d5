// What the simulation of growth rests on: arithmetic against the library's, the queueing core against formulas, and
// that a run keeps account of every delivery.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <vector>

#include "absl/strings/numbers.h"
#include "common/histogram.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/scaling/costs.h"
#include "tests/scaling/fixed_math.h"
#include "tests/scaling/peak.h"
#include "tests/scaling/report.h"
#include "tests/scaling/station.h"
#include "tests/scaling/storm.h"

namespace muster::scaling {
namespace {

uint64_t Seed() {
  uint64_t seed = 1;
  const char* const given = getenv("MUSTER_TEST_SEED");
  if (given != nullptr && !absl::SimpleAtoi(given, &seed)) ADD_FAILURE() << "MUSTER_TEST_SEED is no number: " << given;
  std::cout << "MUSTER_TEST_SEED=" << seed << "\n";
  return seed;
}

double Fraction(int64_t fixed) { return static_cast<double>(fixed) / static_cast<double>(kOne); }

// ---- Arithmetic --------------------------------------------------------------------------------------------------

TEST(FixedMathTest, LogarithmIsThatOfTheLibrary) {
  for (int64_t x = kOne; x < 2 * kOne; x += kOne / 1'000) EXPECT_NEAR(Fraction(Log2(x)), std::log2(Fraction(x)), 1e-7);
}

TEST(FixedMathTest, PowerIsThatOfTheLibrary) {
  for (int64_t x = -6 * kOne; x <= 6 * kOne; x += kOne / 77) {
    const double wanted = std::exp2(Fraction(x));
    EXPECT_NEAR(Fraction(Exp2(x)), wanted, wanted * 1e-6 + 1e-8);
  }
}

TEST(ChanceTest, ExponentialSpansHaveTheirMeanAndVariance) {
  Chance chance(Seed());
  constexpr int kDraws = 400'000;
  double sum = 0;
  double squares = 0;
  for (int i = 0; i < kDraws; ++i) {
    const auto span = static_cast<double>(chance.Exponential(kMillisecond)) / kMillisecond;
    sum += span;
    squares += span * span;
  }
  EXPECT_NEAR(sum / kDraws, 1.0, 0.01);
  EXPECT_NEAR(squares / kDraws, 2.0, 0.04);
}

TEST(ChanceTest, LognormalSpansHaveTheirPercentiles) {
  Chance chance(Seed());
  Histogram last_mile(kHistogramBits);
  Histogram commit(kHistogramBits);
  for (int i = 0; i < 400'000; ++i) {
    last_mile.Record(chance.Draw(kLastMile));
    commit.Record(chance.Draw(kCommit));
  }
  const auto near = [](Nanos wanted) {
    return testing::AllOf(testing::Ge(wanted * 96 / 100), testing::Le(wanted * 104 / 100));
  };
  EXPECT_THAT(last_mile.Percentile(23), near(20 * kMillisecond));
  EXPECT_THAT(last_mile.Percentile(977), near(200 * kMillisecond));
  EXPECT_THAT(commit.Percentile(990), near(8 * kMillisecond));
  EXPECT_THAT(commit.mean(), near(kCommitMean));
}

// ---- The queueing core -------------------------------------------------------------------------------------------

// The mean wait at a station of one server, in service times, when it is used to `per_mille`.
double MeanWait(int per_mille, bool service_varies) {
  constexpr Nanos kService = kMillisecond;
  constexpr int kArrivals = 3'000'000;
  Chance chance(Seed());
  Station station;
  Nanos now = 0;
  double waited = 0;
  for (int i = 0; i < kArrivals; ++i) {
    now += chance.Exponential(kService * 1'000 / per_mille);
    const Nanos service = service_varies ? chance.Exponential(kService) : kService;
    waited += static_cast<double>(station.Serve(now, service).begins - now);
  }
  return waited / kArrivals / kService;
}

TEST(StationTest, WaitsAsTheFormulaForExponentialServiceSays) {
  // M/M/1: rho / (1 - rho) service times.
  EXPECT_NEAR(MeanWait(500, true), 1.0, 0.05);
  EXPECT_NEAR(MeanWait(800, true), 4.0, 0.25);
}

TEST(StationTest, WaitsAsTheFormulaForConstantServiceSays) {
  // M/D/1: half of that.
  EXPECT_NEAR(MeanWait(500, false), 0.5, 0.025);
  EXPECT_NEAR(MeanWait(800, false), 2.0, 0.1);
}

TEST(StationTest, TwoServersShareOneLine) {
  Station station(2);
  EXPECT_EQ(station.Serve(0, 10).ends, 10);
  EXPECT_EQ(station.Serve(0, 10).ends, 10);
  EXPECT_EQ(station.Serve(5, 10).begins, 10);
  EXPECT_EQ(station.Serve(100, 10).begins, 100);
}

TEST(StationTest, UtilisationIsWhatWasAskedOfWhatItCanDo) {
  Station station(2);
  for (int i = 0; i < 3; ++i) station.Serve(0, kSecond);
  EXPECT_EQ(station.UtilisationPerMille(2 * kSecond), 750);
  EXPECT_EQ(station.UtilisationPerMille(kSecond), 1'500);
}

// ---- The country -------------------------------------------------------------------------------------------------

Load SmallLoad() {
  Load load;
  load.cells = 6;
  load.agencies_per_cell = 600;
  load.operations_per_cell = 40;
  load.window = kSecond;
  return load;
}

TEST(PeakTest, EveryNoticeReachesEachOfItsReadersOnce) {
  const PeakResult result = RunPeak(SmallLoad(), Seed());
  EXPECT_GT(result.deliveries_due, 100'000u);
  EXPECT_EQ(result.deliveries_arrived, result.deliveries_due);
  EXPECT_EQ(result.readers_wrong, 0u);
  EXPECT_EQ(result.national.count(), 6u * 600u);
}

TEST(PeakTest, ARelayThatSendsTwiceIsFound) {
  Load load = SmallLoad();
  load.relay_sends_twice = true;
  const PeakResult result = RunPeak(load, Seed());
  EXPECT_GT(result.deliveries_arrived, result.deliveries_due);
  EXPECT_GT(result.readers_wrong, 0u);
}

TEST(PeakTest, TheSameSeedGivesTheSameFigures) {
  const Load load = SmallLoad();
  const auto figures = [&](uint64_t seed) {
    const PeakResult result = RunPeak(load, seed);
    return LatencyTable(result) + TrafficTable(result, load) + UtilisationTable(result) + AccountTable(result);
  };
  EXPECT_EQ(figures(Seed()), figures(Seed()));
  EXPECT_NE(figures(Seed()), figures(Seed() + 1));
}

TEST(PeakTest, ARelayForEachAgencyMultipliesWhatCellsSendEachOther) {
  Load load = SmallLoad();
  const PeakResult relays = RunPeak(load, Seed());
  load.relay_for_each_agency = true;
  const PeakResult agencies = RunPeak(load, Seed());
  EXPECT_GT(agencies.traffic[kAcross].messages(), 2 * relays.traffic[kAcross].messages());
  EXPECT_GT(agencies.traffic[kAcross].bytes(), 2 * relays.traffic[kAcross].bytes());
  EXPECT_EQ(agencies.deliveries_arrived, agencies.deliveries_due);
  EXPECT_EQ(agencies.readers_wrong, 0u);
}

TEST(PeakTest, MoreBrokersDivideTheDeliveriesButNotTheDecisions) {
  Load load = SmallLoad();
  load.brokers_per_cell = 3;
  const Utilisation three = RunPeak(load, Seed()).utilisation;
  load.brokers_per_cell = 5;
  const Utilisation five = RunPeak(load, Seed()).utilisation;
  EXPECT_LT(five.follower_streams, three.follower_streams * 8 / 10);
  EXPECT_NEAR(static_cast<double>(five.leader_decides), static_cast<double>(three.leader_decides), 3.0);
}

TEST(PeakTest, ClimbingEndsWhereAStationIsAskedForTooMuch) {
  Load load = SmallLoad();
  load.cells = 1;
  load.national_go = false;
  const std::vector<Rung> rungs = ClimbUntilItBreaks(load, Seed());
  ASSERT_GE(rungs.size(), 2u);
  EXPECT_GE(rungs.back().result.utilisation.Highest(), 1'000);
  EXPECT_LT(rungs[rungs.size() - 2].result.utilisation.Highest(), 1'000);
  EXPECT_GT(rungs.back().result.ack_within.Percentile(500), rungs.front().result.ack_within.Percentile(500));
}

// ---- The storm ---------------------------------------------------------------------------------------------------

TEST(StormTest, EveryAgencyComesBackOnce) {
  const Outage outage;
  const StormResult result = RunStorm(outage, Seed());
  EXPECT_EQ(result.reconnected.count(), static_cast<uint64_t>(outage.agencies));
  EXPECT_EQ(result.attempts, result.reconnected.count() + result.given_up);
}

TEST(StormTest, JitterKeepsTheBrokersFromBeingAskedForMoreThanTheyCanDo) {
  Outage outage;
  EXPECT_LT(RunStorm(outage, Seed()).busiest_per_mille, 1'000);
  outage.without_jitter = true;
  EXPECT_GT(RunStorm(outage, Seed()).busiest_per_mille, 1'000);
}

}  // namespace
}  // namespace muster::scaling
