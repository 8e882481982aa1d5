// What a submission and a delivery cost in an operation that goes on, after much has happened beside it:
// muster-growth-bench. Neither may cost more for what is past, for operations that are over, or for agencies that
// nobody addresses.
//
// The history is made in a process of its own; then a broker opens the folder, every silent agency subscribes, and
// submissions come in messages of 256: first with nobody listening, some 40,000 and the snapshot that falls due, then
// by turns with nobody and with twelve readers. Costs are processor time of the whole process, the broker's threads and
// the disk's part included.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "tests/bench/commit_path.h"
#include "tests/bench/history.h"
#include "tests/bench/must.h"
#include "tests/bench/program.h"
#include "tests/bench/publish_path.h"

namespace muster::bench {
namespace {

constexpr uint64_t kReaders = 12;
constexpr int kSubmissionsPerMessage = 256;
constexpr int kWarmMessages = 10;
constexpr int kMessages = 160;
constexpr int kRounds = 100;

struct Costs {
  double cpu_us_per_submission = 0;
  double cpu_us_per_delivery = 0;
  double rss_mb = 0;
};

// Open subscriptions of as many agencies, each up to date.
class Readers {
 public:
  Readers(Broker* broker, uint64_t count, std::string (*name)(uint64_t)) {
    for (uint64_t i = 0; i < count; ++i) {
      readers_.push_back(Must(broker->Subscribe(name(i), std::nullopt, [] {})));
      TakeWaiting(readers_.back().get());
    }
  }
  ~Readers() {
    for (const auto& reader : readers_) reader->Cancel();
  }
  Readers(const Readers&) = delete;
  Readers& operator=(const Readers&) = delete;

  void TakeAll() {
    for (const auto& reader : readers_) TakeWaiting(reader.get());
  }

 private:
  std::vector<std::shared_ptr<Subscriber>> readers_;
};

// The operating system counts a thread's time when the thread stops: the sequencer does within a moment of its answers.
double ProcessorSeconds() {
  absl::SleepFor(absl::Milliseconds(1));
  return SecondsOf(CLOCK_PROCESS_CPUTIME_ID);
}

// Processor time of one message, and of giving it to the readers if there are any.
double SecondsForMessage(CommitPath* path, Readers* readers) {
  std::string message = path->NextMessage(kSubmissionsPerMessage);
  const double began = ProcessorSeconds();
  path->Take(std::move(message));
  if (readers != nullptr) readers->TakeAll();
  return ProcessorSeconds() - began;
}

double SecondsWithReaders(CommitPath* path) {
  Readers readers(&path->broker(), kReaders, ReaderAgency);
  const uint64_t before = path->broker().Stats().publisher.deliveries;
  const double seconds = SecondsForMessage(path, &readers);
  const uint64_t delivered = path->broker().Stats().publisher.deliveries - before;
  if (delivered != kReaders * kSubmissionsPerMessage) {
    Must(absl::InternalError(absl::StrFormat("%d deliveries reached the readers", delivered)));
  }
  return seconds;
}

// Processor time of kMessages messages, and of the snapshots that fall due meanwhile.
double SecondsForMessages(CommitPath* path) {
  std::vector<std::string> messages(kMessages);
  for (std::string& message : messages) message = path->NextMessage(kSubmissionsPerMessage);
  const Sequence snapshot = path->broker().Stats().last_snapshot;
  const double began = ProcessorSeconds();
  for (std::string& message : messages) path->Take(std::move(message));
  while (path->broker().Stats().snapshot_running) absl::SleepFor(absl::Milliseconds(1));
  const double seconds = ProcessorSeconds() - began;
  if (path->broker().Stats().last_snapshot == snapshot) Must(absl::InternalError("no snapshot fell due"));
  return seconds;
}

Costs Measure(const std::string& dir, uint64_t silent) {
  CommitPath path(dir);
  const Readers silent_readers(&path.broker(), silent, SilentAgency);
  Costs costs;
  costs.rss_mb = ResidentMegabytes();
  for (int i = 0; i < kWarmMessages; ++i) SecondsForMessage(&path, nullptr);
  costs.cpu_us_per_submission = SecondsForMessages(&path) * 1e6 / (kMessages * kSubmissionsPerMessage);
  // With readers over without, round by round: what falls into few of them, a snapshot above all, is no delivery's
  // cost.
  std::vector<double> delivering_s;
  for (int round = 0; round < kRounds; ++round) {
    const double alone = SecondsForMessage(&path, nullptr);
    delivering_s.push_back(SecondsWithReaders(&path) - alone);
  }
  std::nth_element(delivering_s.begin(), delivering_s.begin() + kRounds / 2, delivering_s.end());
  costs.cpu_us_per_delivery = delivering_s[kRounds / 2] * 1e6 / (kReaders * kSubmissionsPerMessage);
  return costs;
}

}  // namespace
}  // namespace muster::bench

int main(int argc, char** argv) {
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);  // As in musterd.
  CLI::App app("What a submission and a delivery cost after much has happened beside them");
  muster::bench::History history = {.events = 20'000, .over = 10, .silent = 180, .readers = muster::bench::kReaders};
  std::string out;
  app.add_option("--history", history.events, "Events of operations that are over")
      ->check(CLI::Range(1'000, 100'000'000));
  app.add_option("--closed", history.over, "Operations that share them, all over")->check(CLI::Range(1, 1'000'000));
  app.add_option("--silent", history.silent,
                 "Agencies on the roster with an open subscription, none of them addressed");
  app.add_option("-o", out, "Write the figures to this file instead of standard output");
  CLI11_PARSE(app, argc, argv);

  const std::string dir = muster::bench::MakeTemporaryFolder("muster-growth");
  muster::bench::MakeHistory(dir, history);
  const muster::bench::Costs costs = muster::bench::Measure(dir, history.silent);
  std::filesystem::remove_all(dir);
  return muster::bench::WriteFigures(
      absl::StrFormat("{\"history\": %d, \"closed\": %d, \"silent\": %d, \"cpu_us_per_submission\": %.3f, "
                      "\"cpu_us_per_delivery\": %.3f, \"rss_mb\": %.1f}\n",
                      history.events, history.over, history.silent, costs.cpu_us_per_submission,
                      costs.cpu_us_per_delivery, costs.rss_mb),
      out);
}
