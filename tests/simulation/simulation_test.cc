// Runs the simulation for many seeds. MUSTER_TEST_SEED gives the first one, MUSTER_SIMULATION_ROUNDS how many.
#include "tests/simulation/simulation.h"

#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace muster {
namespace {

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr uint32_t kRounds = 60;  // Several times slower.
#else
constexpr uint32_t kRounds = 300;
#endif

uint32_t Rounds() {
  const char* wanted = std::getenv("MUSTER_SIMULATION_ROUNDS");
  uint32_t rounds = 0;
  return wanted != nullptr && absl::SimpleAtoi(wanted, &rounds) ? rounds : kRounds;
}

class SimulationTest : public testing::Test {
 protected:
  // What a disk does is simulated, so that the real one need not be waited for.
  static void SetUpTestSuite() {
    if (std::filesystem::is_directory("/dev/shm")) setenv("TMPDIR", "/dev/shm", /*overwrite=*/0);
  }
};

// Every fault has happened, and mattered, or the runs say nothing.
void ExpectEverythingHappened(const SimulationStats& stats) {
  EXPECT_GT(stats.accepted, stats.submissions / 10);
  EXPECT_GT(stats.rejected, stats.submissions / 20);
  EXPECT_GT(stats.repeats, 0u);
  EXPECT_GT(stats.gaps, 0u);
  EXPECT_GT(stats.refused, 0u);
  EXPECT_GT(stats.fate_unknown, 0u);
  EXPECT_GT(stats.answers_lost, 0u);
  EXPECT_GT(stats.snapshots_lost, 0u);
  EXPECT_GT(stats.feeds_lost, 0u);
  EXPECT_GT(stats.deliveries, 0u);
}

TEST_F(SimulationTest, WhateverFailsWhatWasAcknowledgedStandsAndEverySubmissionIsDecidedOnce) {
  const uint32_t first = TestSeed();
  const uint32_t rounds = Rounds();
  SimulationStats stats;
  for (uint32_t round = 0; round < rounds; ++round) {
    const uint32_t seed = first + round;
    Simulation simulation(seed);
    simulation.Run();
    stats.Add(simulation.stats());
    if (HasFailure()) {
      FAIL() << "repeat this run alone with MUSTER_TEST_SEED=" << seed << " MUSTER_SIMULATION_ROUNDS=1";
    }
  }
  std::cout << rounds << " runs: " << stats.submissions << " submissions in " << stats.sends << " sends, "
            << stats.accepted << " accepted, " << stats.rejected << " rejected, " << stats.repeats << " repeats, "
            << stats.gaps << " gaps, " << stats.refused << " refused, " << stats.fate_unknown << " of unknown fate, "
            << stats.restarts << " restarts, " << stats.snapshots_lost << " snapshots and " << stats.feeds_lost
            << " feeds lost\n";
  if (rounds >= 50) ExpectEverythingHappened(stats);
}

TEST_F(SimulationTest, SameSeedGivesTheSameRun) {
  const uint32_t seed = TestSeed();
  Simulation one(seed);
  one.Run();
  Simulation other(seed);
  other.Run();
  EXPECT_EQ(one.LogDigest(), other.LogDigest());
  Simulation another(seed + 1);
  another.Run();
  EXPECT_NE(one.LogDigest(), another.LogDigest());
}

}  // namespace
}  // namespace muster
