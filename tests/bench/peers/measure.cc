#include "tests/bench/peers/measure.h"

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <system_error>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

namespace muster::peers {
namespace {

struct Process {
  pid_t parent = 0;
  uint64_t ticks = 0;
};

// Fields of /proc/PID/stat after the command's name, counted from its state: proc(5).
constexpr size_t kParent = 1;
constexpr size_t kOwnUser = 11;
constexpr size_t kEndedChildrenSystem = 14;

bool ReadProcess(pid_t pid, Process* process) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/stat"));
  std::string line;
  if (!std::getline(file, line)) return false;
  const absl::string_view after_name = absl::string_view(line).substr(line.rfind(')') + 2);
  const std::vector<absl::string_view> fields = absl::StrSplit(after_name, ' ');
  if (fields.size() <= kEndedChildrenSystem || !absl::SimpleAtoi(fields[kParent], &process->parent)) return false;
  for (size_t i = kOwnUser; i <= kEndedChildrenSystem; ++i) {
    uint64_t ticks = 0;
    if (!absl::SimpleAtoi(fields[i], &ticks)) return false;
    process->ticks += ticks;
  }
  return true;
}

// `server` and what is below it.
std::map<pid_t, Process> ProcessesOf(pid_t server) {
  std::map<pid_t, Process> all;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    pid_t pid = 0;
    Process process;
    if (absl::SimpleAtoi(entry.path().filename().string(), &pid) && ReadProcess(pid, &process)) all[pid] = process;
  }
  std::map<pid_t, Process> below;
  for (const auto& [pid, process] : all) {
    pid_t ancestor = pid;
    while (ancestor != server && all.count(ancestor) > 0) ancestor = all[ancestor].parent;
    if (ancestor == server && all.count(server) > 0) below[pid] = process;
  }
  return below;
}

}  // namespace

uint64_t NowNs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

double ServerCpuSeconds(pid_t server) {
  if (server == 0) return 0;
  uint64_t ticks = 0;
  for (const auto& [pid, process] : ProcessesOf(server)) ticks += process.ticks;
  return static_cast<double>(ticks) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double ServerMemoryKb(pid_t server) {
  if (server == 0) return 0;
  double sum_kb = 0;
  for (const auto& [pid, process] : ProcessesOf(server)) {
    std::ifstream file(absl::StrCat("/proc/", pid, "/status"));
    for (std::string line; std::getline(file, line);) {
      const std::vector<absl::string_view> words = absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
      double kb = 0;
      if (words.size() == 3 && words[0] == "RssAnon:" && absl::SimpleAtod(words[1], &kb)) sum_kb += kb;
    }
  }
  return sum_kb;
}

double ClientCpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void CpuMeter::Restart() {
  server_start_ = ServerCpuSeconds(server_pid_);
  client_start_ = ClientCpuSeconds();
}

double Samples::PercentileUs(size_t of_thousand) {
  if (ns_.empty()) return 0;
  const auto at = ns_.begin() + static_cast<ptrdiff_t>(std::min(ns_.size() - 1, ns_.size() * of_thousand / 1000));
  std::nth_element(ns_.begin(), at, ns_.end());
  return static_cast<double>(*at) / 1000;
}

JsonLine& JsonLine::Add(absl::string_view key, double value) {
  members_.emplace_back(key, absl::StrFormat("%.6g", value));
  return *this;
}

JsonLine& JsonLine::Add(absl::string_view key, uint64_t value) {
  members_.emplace_back(key, absl::StrCat(value));
  return *this;
}

void JsonLine::Print() const {
  std::string line = "{";
  for (const auto& [key, value] : members_) {
    absl::StrAppend(&line, line.size() > 1 ? "," : "", "\"", key, "\":", value);
  }
  std::cout << line << "}" << std::endl;
}

}  // namespace muster::peers
