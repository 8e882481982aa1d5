// Writes a golden log of the current rules (server/state/golden_test.cc): a random history with steps of every kind, so
// that every decision of the domain is in it.
//
//   write_golden PATH      writes PATH.events and PATH.digest
#include <deque>
#include <fstream>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "google/protobuf/util/delimited_message_util.h"
#include "tests/noninterference/steps.h"

namespace muster {
namespace {

constexpr uint64_t kSeed = 20210827;
constexpr size_t kSteps = 600;

bool WriteGolden(const std::string& path) {
  World world;
  SetUpCast(&world);
  std::mt19937_64 random(kSeed);
  std::deque<Step> steps;
  std::vector<const Step*> earlier;
  for (size_t i = 1; i <= kSteps; ++i) {
    earlier.push_back(&steps.emplace_back(RandomStep(random, earlier, i)));
    TakeStep(&world, steps.back(), steps.back().salt, "watch-desk");
  }
  std::ofstream events(path + ".events", std::ios::binary);
  for (const std::string& bytes : world.events()) {
    v1::Event event;
    if (!event.ParseFromString(bytes)) return false;
    if (!google::protobuf::util::SerializeDelimitedToOstream(event, &events)) return false;
  }
  std::ofstream digest(path + ".digest");
  digest << world.state().Digest() << "\n";
  return events.flush() && digest.flush();
}

}  // namespace
}  // namespace muster

int main(int argc, char** argv) {
  if (argc == 2 && muster::WriteGolden(argv[1])) return 0;
  std::cerr << "write_golden PATH: writes PATH.events and PATH.digest; the folder must exist\n";
  return 1;
}
