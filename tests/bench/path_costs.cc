// Runs one of the paths whose instructions are counted, a given number of times. Valgrind is told to count those runs
// and nothing beside them.
#include <cstdio>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/synchronization/mutex.h"
#include "server/deconfliction/space_time_index.h"
#include "tests/bench/commit_path.h"
#include "tests/bench/program.h"
#include "tests/bench/publish_path.h"
#include "tests/bench/zones.h"

// Where valgrind is not installed there is nothing to tell.
#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_START_INSTRUMENTATION
#define CALLGRIND_STOP_INSTRUMENTATION
#endif

namespace {

constexpr int kSubmissionsPerMessage = 256;

void Commit(const std::string& dir, int units) {
  muster::bench::CommitPath path(dir);
  path.Take(path.NextMessage(kSubmissionsPerMessage));
  std::vector<std::string> messages;
  for (int i = 0; i < units / kSubmissionsPerMessage; ++i) messages.push_back(path.NextMessage(kSubmissionsPerMessage));
  CALLGRIND_START_INSTRUMENTATION;
  for (std::string& message : messages) path.Take(std::move(message));
  CALLGRIND_STOP_INSTRUMENTATION;
}

// Deliveries to 64 readers of one audience, 64 notices in a commit.
void Publish(const std::string& dir, int units) {
  constexpr int kReaders = 64;
  constexpr int kNotices = 64;
  muster::bench::PublishPath path(dir, kReaders);
  for (const std::string& agency_id : path.agency_ids()) path.Listen(agency_id);
  muster::Audiences::Address next = path.Address(path.agency_ids());
  path.Publish(&next, 1);
  path.TakeAll();
  CALLGRIND_START_INSTRUMENTATION;
  for (int i = 0; i < units / (kReaders * kNotices); ++i) {
    path.Publish(&next, kNotices);
    path.TakeAll();
  }
  CALLGRIND_STOP_INSTRUMENTATION;
}

// Questions among ten thousand activities.
void Deconflict(const std::string&, int units) {
  constexpr size_t kZones = 10'000;
  muster::SpaceTimeIndex index(absl::ZeroDuration());
  muster::bench::ZoneGenerator zones(muster::bench::kZoneSeed);
  for (size_t i = 0; i < kZones; ++i)
    index.Add({"agency", std::to_string(i)}, muster::bench::FootprintOf(zones.Next()));
  muster::bench::ZoneGenerator of_questions(muster::bench::kQuestionSeed);
  std::vector<muster::Footprint> questions;
  for (int i = 0; i < units; ++i) questions.push_back(muster::bench::QuestionOf(of_questions.Next()));
  size_t hits = 0;
  CALLGRIND_START_INSTRUMENTATION;
  for (const muster::Footprint& question : questions) hits += index.Colliding(question).size();
  CALLGRIND_STOP_INSTRUMENTATION;
  if (units > 0 && hits == 0) muster::bench::Must(absl::InternalError("no question had an answer"));
}

}  // namespace

int main(int argc, char** argv) {
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);  // As in musterd.
  const std::map<std::string, std::function<void(const std::string&, int)>> paths = {
      {"commit", Commit}, {"publish", Publish}, {"deconflict", Deconflict}};
  CLI::App app("Runs a path without a network, for counting its instructions");
  std::string path;
  int units = kSubmissionsPerMessage;
  std::vector<std::string> names;
  for (const auto& [name, run] : paths) names.push_back(name);
  app.add_option("path", path, "commit: submissions; publish: deliveries; deconflict: questions")
      ->required()
      ->check(CLI::IsMember(names));
  app.add_option("--units", units, "How many of them; a multiple of 256, of deliveries of 4096")
      ->check(CLI::Range(0, 64 * 4096))
      ->check([](const std::string& given) { return std::stoi(given) % 256 == 0 ? "" : "a multiple of 256"; });
  CLI11_PARSE(app, argc, argv);
  const std::string dir = muster::bench::MakeTemporaryFolder("muster-path-costs");
  paths.at(path)(dir, units);
  std::filesystem::remove_all(dir);
  return 0;
}
