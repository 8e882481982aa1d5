// Writes a golden log of the current rules (server/state/golden_test.cc): a random history with steps of every kind, so
// that every decision of the domain is in it.
#include <cstdlib>
#include <deque>
#include <fstream>
#include <random>
#include <vector>

#include "google/protobuf/util/delimited_message_util.h"
#include "gtest/gtest.h"
#include "tests/noninterference/steps.h"

namespace muster {
namespace {

constexpr uint64_t kSeed = 20210827;
constexpr size_t kSteps = 600;

TEST(Golden, IsWrittenWhereTheEnvironmentSays) {
  const char* path = std::getenv("MUSTER_WRITE_GOLDEN");
  if (path == nullptr) GTEST_SKIP() << "MUSTER_WRITE_GOLDEN is not set";
  World world;
  SetUpCast(&world);
  std::mt19937_64 random(kSeed);
  std::deque<Step> steps;
  std::vector<const Step*> earlier;
  for (size_t i = 1; i <= kSteps; ++i) {
    earlier.push_back(&steps.emplace_back(RandomStep(random, earlier, i)));
    TakeStep(&world, steps.back(), steps.back().salt, "watch-desk");
  }
  std::ofstream events(std::string(path) + ".events", std::ios::binary);
  for (const std::string& bytes : world.events()) {
    v1::Event event;
    ASSERT_TRUE(event.ParseFromString(bytes));
    ASSERT_TRUE(google::protobuf::util::SerializeDelimitedToOstream(event, &events));
  }
  std::ofstream(std::string(path) + ".digest") << world.state().Digest() << "\n";
}

}  // namespace
}  // namespace muster
