#include "client/bench/server_usage.h"

#include <sys/resource.h>
#include <time.h>

#include <fstream>
#include <sstream>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/status_macros.h"

namespace muster::bench {
namespace {

absl::Status NoProcess(int pid) { return absl::NotFoundError(absl::StrCat("there is no process ", pid)); }

absl::StatusOr<std::string> ReadOf(int pid, const char* name) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/", name));
  std::ostringstream text;
  text << file.rdbuf();
  if (!file || text.str().empty()) return NoProcess(pid);
  return text.str();
}

}  // namespace

absl::StatusOr<absl::Duration> CpuOf(const std::vector<int>& pids) {
  absl::Duration sum;
  for (const int pid : pids) {
    clockid_t clock = 0;
    timespec spent = {};
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &spent) != 0) return NoProcess(pid);
    sum += absl::DurationFromTimespec(spent);
  }
  return sum;
}

absl::Duration OwnCpu() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return absl::DurationFromTimeval(usage.ru_utime) + absl::DurationFromTimeval(usage.ru_stime);
}

absl::StatusOr<double> ResidentKilobytesOf(const std::vector<int>& pids) {
  double kilobytes = 0;
  for (const int pid : pids) {
    MUSTER_ASSIGN_OR_RETURN(const std::string status, ReadOf(pid, "status"));
    for (const absl::string_view line : absl::StrSplit(status, '\n')) {
      const std::vector<absl::string_view> words = absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
      double value = 0;
      if (words.size() >= 2 && words[0] == "RssAnon:" && absl::SimpleAtod(words[1], &value)) kilobytes += value;
    }
  }
  return kilobytes;
}

}  // namespace muster::bench
