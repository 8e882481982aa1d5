// muster-cluster-measure: how long a cluster accepts nothing when a leader is killed, and what a delivery costs.
// Numbers for people; nothing is judged.
//
//   muster-cluster-measure failover --kills 30
//   muster-cluster-measure fan-out --readers 120

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <fstream>
#include <iostream>
#include <thread>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "client/lib/subscription.h"
#include "common/clock.h"
#include "tests/faults/cluster.h"
#include "tests/integration/exercise.h"

namespace muster {
namespace {

constexpr int kTrickle = 20;  // Submissions between two kills.
constexpr absl::Duration kTricklePace = absl::Milliseconds(25);
constexpr int kSenders = 4;
constexpr absl::Duration kSettle = absl::Seconds(1);

FaultWorldOptions Options(int brokers) {
  FaultWorldOptions options;
  options.cluster.emplace();
  options.cluster->brokers = brokers;
  options.agents = false;
  options.direct = false;
  return options;
}

bool SetUp(FaultWorld* world, const Report& report) {
  if (world->SetUp()) return true;
  std::cerr << report.Json();
  return false;
}

// Until it is accepted.
void SubmitOne(Client& client, uint64_t number) {
  const v1::Submission submission = KentuckyTally(number);
  while (!client.Submit(submission).ok()) {
  }
}

// ---- Failover ----

double Percentile(const std::vector<double>& sorted, double part) {
  return sorted[static_cast<size_t>(part * static_cast<double>(sorted.size() - 1) + 0.5)];
}

void PrintRow(const std::string& what, std::vector<double> ms) {
  if (ms.empty()) return;
  std::sort(ms.begin(), ms.end());
  std::cout << absl::StrFormat("| %-14s | %5d | %7.0f | %7.0f | %7.0f | %7.0f |\n", what, ms.size(),
                               Percentile(ms, 0.5), Percentile(ms, 0.9), Percentile(ms, 0.99), ms.back());
}

// From the kill until what was sent after it is acknowledged, in milliseconds, one number for each kill.
std::vector<double> MeasureFailover(FaultWorld* world, bool etcd, int kills) {
  TestCluster& cluster = world->cluster();
  Client client(world->ConnectToBroker(kKentucky));
  static uint64_t number = 0;
  std::vector<double> ms;
  while (static_cast<int>(ms.size()) < kills) {
    for (int i = 0; i < kTrickle; ++i) {
      SubmitOne(client, ++number);
      absl::SleepFor(kTricklePace);
    }
    const std::optional<Machine> leader = LeaderOf(cluster, etcd);
    if (!leader.has_value()) continue;
    const absl::Duration killed = SystemClock()->Monotonic();
    Kill(cluster, *leader);
    SubmitOne(client, ++number);
    ms.push_back(absl::ToDoubleMilliseconds(SystemClock()->Monotonic() - killed));
    const absl::Status started =
        etcd ? cluster.etcd().StartMember(leader->i) : cluster.broker(static_cast<size_t>(leader->i)).Start();
    if (!started.ok() || !cluster.WaitUntilCaughtUp().ok()) break;
  }
  return ms;
}

int Failover(int kills) {
  Report report;
  FaultWorld world(Options(3), &report);
  if (!SetUp(&world, report)) return 1;
  std::cout << "| killed         | kills |  p50 ms |  p90 ms |  p99 ms |  max ms |\n"
            << "|----------------|-------|---------|---------|---------|---------|\n";
  PrintRow("leading broker", MeasureFailover(&world, /*etcd=*/false, kills));
  PrintRow("etcd's leader", MeasureFailover(&world, /*etcd=*/true, kills));
  return 0;
}

// ---- Fan-out ----

// The process id that the broker logged last.
int64_t ProcessOf(const TestBroker& broker) {
  const std::string log = broker.Log();
  const size_t at = log.rfind("\"pid\":");
  return at == std::string::npos ? 0 : std::atoll(log.c_str() + at + 6);
}

// What it has used so far, user and system.
double CpuSeconds(int64_t process) {
  std::ifstream file(absl::StrCat("/proc/", process, "/stat"));
  const std::string line((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const std::vector<std::string> fields = absl::StrSplit(line.substr(std::min(line.size(), line.rfind(')') + 2)), ' ');
  double user = 0;
  double system = 0;
  if (fields.size() < 13 || !absl::SimpleAtod(fields[11], &user) || !absl::SimpleAtod(fields[12], &system)) return 0;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double CpuOfAll(TestCluster& cluster) {
  double seconds = 0;
  for (size_t i = 0; i < cluster.size(); ++i) seconds += CpuSeconds(ProcessOf(cluster.broker(i)));
  return seconds;
}

// Readers of one agency on all brokers, each with a connection of its own.
class Crowd {
 public:
  Crowd(FaultWorld* world, int readers, size_t brokers) {
    for (int i = 0; i < readers; ++i) {
      threads_.emplace_back([this, connection = world->ConnectToBroker(kLead, static_cast<size_t>(i) % brokers)] {
        Subscription feed(connection, {.from_now = true});
        while (!stop_) {
          const auto next = feed.Next(absl::Milliseconds(100));
          if (!next.ok()) return;
          if (next->has_value()) ++deliveries_;
        }
      });
    }
  }
  ~Crowd() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
  }
  uint64_t deliveries() const { return deliveries_; }

 private:
  std::atomic<bool> stop_ = false;
  std::atomic<uint64_t> deliveries_ = 0;
  std::vector<std::thread> threads_;
};

void SubmitMany(FaultWorld* world, int submissions) {
  std::atomic<int> left = submissions;
  std::vector<std::thread> senders;
  for (int i = 0; i < kSenders; ++i) {
    senders.emplace_back([&, connection = world->ConnectToBroker(kKentucky, static_cast<size_t>(i))] {
      Client client(connection);
      for (int number = left--; number > 0; number = left--) SubmitOne(client, static_cast<uint64_t>(number));
    });
  }
  for (std::thread& sender : senders) sender.join();
}

bool FanOutWith(int brokers, int readers, int submissions) {
  Report report;
  FaultWorld world(Options(brokers), &report);
  if (!SetUp(&world, report)) return false;
  Crowd crowd(&world, readers, world.cluster().size());
  absl::SleepFor(3 * kSettle);
  const double before = CpuOfAll(world.cluster());
  const absl::Duration began = SystemClock()->Monotonic();
  SubmitMany(&world, submissions);
  const auto wanted = static_cast<uint64_t>(readers) * static_cast<uint64_t>(submissions);
  const bool all = Eventually([&] { return crowd.deliveries() >= wanted; });
  const double seconds = absl::ToDoubleSeconds(SystemClock()->Monotonic() - began);
  const double cpu = CpuOfAll(world.cluster()) - before;
  std::cout << absl::StrFormat("| %7d | %7d | %10d | %9.1f | %9.2f | %15.2f |%s\n", brokers, readers,
                               crowd.deliveries(), seconds, cpu, 1e6 * cpu / static_cast<double>(crowd.deliveries()),
                               all ? "" : " not all arrived")
            << std::flush;
  return true;
}

int FanOut(int readers, int submissions) {
  std::cout << "| brokers | readers | deliveries | seconds   | CPU s all | CPU us each     |\n"
            << "|---------|---------|------------|-----------|-----------|-----------------|\n";
  for (int brokers = 1; brokers <= 3; ++brokers) {
    if (!FanOutWith(brokers, readers, submissions)) return 1;
  }
  return 0;
}

}  // namespace
}  // namespace muster

int main(int argc, char** argv) {
  CLI::App app("muster-cluster-measure: how fast a cluster is back, and what a delivery costs");
  app.require_subcommand(1);
  int kills = 30;
  int readers = 120;
  int submissions = 1000;
  CLI::App* failover = app.add_subcommand("failover", "From the kill of a leader until something is acknowledged");
  failover->add_option("--kills", kills, "Of each kind")->capture_default_str();
  CLI::App* fan_out = app.add_subcommand("fan-out", "CPU of all brokers together for a delivery");
  fan_out->add_option("--readers", readers, "On all brokers together")->capture_default_str();
  fan_out->add_option("--submissions", submissions, "Each of which goes to every reader")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  if (const std::string why = muster::WhyNoEtcd(); !why.empty()) {
    std::cerr << why << "\n";
    return 1;
  }
  return failover->parsed() ? muster::Failover(kills) : muster::FanOut(readers, submissions);
}
