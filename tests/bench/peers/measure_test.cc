#include "tests/bench/peers/measure.h"

#include <sys/wait.h>
#include <unistd.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster::peers {
namespace {

TEST(SamplesTest, PercentilesAreThoseOfTheSortedSamples) {
  Samples samples;
  EXPECT_EQ(samples.PercentileUs(500), 0);
  for (uint64_t us = 1000; us > 0; --us) samples.Add(us * 1000);
  EXPECT_EQ(samples.PercentileUs(0), 1);
  EXPECT_EQ(samples.PercentileUs(500), 501);
  EXPECT_EQ(samples.PercentileUs(990), 991);
  EXPECT_EQ(samples.PercentileUs(1000), 1000);
}

// Works until it has used some clock ticks.
void UseProcessorTime() {
  const double until = ClientCpuSeconds() + 0.05;
  while (ClientCpuSeconds() < until) {
  }
}

TEST(ServerCpuSecondsTest, ProcessesBelowTheServerCountWhileTheyRunAndAfterwards) {
  const double before = ServerCpuSeconds(getpid());
  int go_on[2];
  int ready[2];
  ASSERT_EQ(pipe(go_on), 0);
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  char byte = 0;
  if (child == 0) {
    UseProcessorTime();
    _exit(write(ready[1], &byte, 1) == 1 && read(go_on[0], &byte, 1) == 1 ? 0 : 1);
  }
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  EXPECT_GE(ServerCpuSeconds(getpid()), before + 0.04);
  ASSERT_EQ(write(go_on[1], &byte, 1), 1);
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  EXPECT_GE(ServerCpuSeconds(getpid()), before + 0.04);
}

TEST(ServerCpuSecondsTest, WithoutAServerThereIsNone) {
  EXPECT_EQ(ServerCpuSeconds(0), 0);
  EXPECT_EQ(ServerMemoryKb(0), 0);
}

}  // namespace
}  // namespace muster::peers
