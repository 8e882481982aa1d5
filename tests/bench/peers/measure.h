// What a run costs and how long its messages take.
#ifndef MUSTER_TESTS_BENCH_PEERS_MEASURE_H_
#define MUSTER_TESTS_BENCH_PEERS_MEASURE_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace muster::peers {

// Nanoseconds of the monotonic clock.
uint64_t NowNs();

// Processor time of a server: user and system time of its process and of all processes below it, those included that
// have ended (/proc/PID/stat). 0 without a process. Resolution: one clock tick, 10 ms.
double ServerCpuSeconds(pid_t server);
// Memory of the same processes that no other process has (RssAnon), in kB.
double ServerMemoryKb(pid_t server);
double ClientCpuSeconds();

// What a server and this client have used since construction.
class CpuMeter {
 public:
  explicit CpuMeter(pid_t server) : server_pid_(server) { Restart(); }

  void Restart();
  double server_seconds() const { return ServerCpuSeconds(server_pid_) - server_start_; }
  double client_seconds() const { return ClientCpuSeconds() - client_start_; }

 private:
  const pid_t server_pid_;
  double server_start_ = 0;
  double client_start_ = 0;
};

// Every sample is kept, so that percentiles are exact.
class Samples {
 public:
  void Add(uint64_t ns) { ns_.push_back(ns); }
  // In microseconds; 0 without samples. `of_thousand`: 500 is the median, 1000 the longest.
  double PercentileUs(size_t of_thousand);

 private:
  std::vector<uint64_t> ns_;
};

// One JSON object in one line, as it is built.
class JsonLine {
 public:
  JsonLine& Add(absl::string_view key, double value);
  JsonLine& Add(absl::string_view key, uint64_t value);
  void Print() const;

 private:
  std::vector<std::pair<std::string, std::string>> members_;
};

}  // namespace muster::peers

#endif  // MUSTER_TESTS_BENCH_PEERS_MEASURE_H_
