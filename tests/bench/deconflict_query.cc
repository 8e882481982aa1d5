// What one deconfliction question costs among many activities: muster-deconflict-query.
//
// Zones and questions are those of zones.h; windows are not widened. One thread.
#include <malloc.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <ctime>
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/deconfliction/space_time_index.h"
#include "tests/bench/program.h"
#include "tests/bench/zones.h"

namespace muster::bench {
namespace {

struct Costs {
  double cpu_us_per_add = 0;
  double cpu_us_per_query = 0;
  double hits_per_query = 0;
  double p50_us = 0;
  double p99_us = 0;
  double bytes_per_zone = 0;
};

size_t BytesInUse() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;  // Large blocks are mapped apart.
}

Costs Measure(size_t zones, size_t queries, int cube_shift) {
  Costs costs;
  const size_t bytes_before = BytesInUse();
  double began = SecondsOf(CLOCK_THREAD_CPUTIME_ID);
  SpaceTimeIndex index(absl::ZeroDuration(), cube_shift);
  ZoneGenerator of_zones(kZoneSeed);
  for (size_t i = 0; i < zones; ++i)
    index.Add({absl::StrCat("agency-", i % 100), absl::StrCat(i)}, FootprintOf(of_zones.Next()));
  costs.cpu_us_per_add = (SecondsOf(CLOCK_THREAD_CPUTIME_ID) - began) * 1e6 / static_cast<double>(zones);
  costs.bytes_per_zone = static_cast<double>(BytesInUse() - bytes_before) / static_cast<double>(zones);

  std::vector<Footprint> questions;
  ZoneGenerator of_questions(kQuestionSeed);
  for (size_t i = 0; i < queries; ++i) questions.push_back(QuestionOf(of_questions.Next()));
  size_t hits = 0;
  began = SecondsOf(CLOCK_THREAD_CPUTIME_ID);
  for (const Footprint& question : questions) hits += index.Colliding(question).size();
  costs.cpu_us_per_query = (SecondsOf(CLOCK_THREAD_CPUTIME_ID) - began) * 1e6 / static_cast<double>(queries);
  costs.hits_per_query = static_cast<double>(hits) / static_cast<double>(queries);

  // Once more, each by itself: a look at a clock would count among so short times of the whole.
  std::vector<double> took;
  for (const Footprint& question : questions) {
    began = SecondsOf(CLOCK_MONOTONIC);
    hits -= index.Colliding(question).size();
    took.push_back((SecondsOf(CLOCK_MONOTONIC) - began) * 1e6);
  }
  if (hits != 0) std::cerr << "the same questions had other answers\n";
  std::sort(took.begin(), took.end());
  costs.p50_us = took[queries / 2];
  costs.p99_us = took[queries * 99 / 100];
  return costs;
}

std::string Json(size_t zones, size_t queries, int cube_shift, const Costs& costs) {
  return absl::StrFormat(
      "{\"zones\": %d, \"queries\": %d, \"cubes\": %d, \"cpu_us_per_query\": %.3f, \"hits_per_query\": %.3f, "
      "\"p50_us\": %.3f, "
      "\"p99_us\": %.3f, \"cpu_us_per_add\": %.3f, \"bytes_per_zone\": %.0f}\n",
      zones, queries, cube_shift, costs.cpu_us_per_query, costs.hits_per_query, costs.p50_us, costs.p99_us,
      costs.cpu_us_per_add, costs.bytes_per_zone);
}

}  // namespace
}  // namespace muster::bench

int main(int argc, char** argv) {
  CLI::App app("What one deconfliction question costs among many activities");
  size_t zones = 100'000;
  size_t queries = 20'000;
  int cube_shift = 0;
  std::string out;
  app.add_option("--zones", zones, "Activities in the index")->check(CLI::PositiveNumber);
  app.add_option("--queries", queries, "Questions to ask, each twice")->check(CLI::PositiveNumber);
  app.add_option("--cubes", cube_shift, "Cubes 2 to the power of this times as long as usual")
      ->check(CLI::Range(-2, 2));
  app.add_option("-o", out, "Write the figures to this file instead of standard output");
  CLI11_PARSE(app, argc, argv);

  const muster::bench::Costs costs = muster::bench::Measure(zones, queries, cube_shift);
  return muster::bench::WriteFigures(muster::bench::Json(zones, queries, cube_shift, costs), out);
}
