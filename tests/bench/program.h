// What the measuring programs have in common: clocks, memory, a folder to work in and a line of figures.
#ifndef MUSTER_TESTS_BENCH_PROGRAM_H_
#define MUSTER_TESTS_BENCH_PROGRAM_H_

#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "tests/bench/must.h"

namespace muster::bench {

inline double SecondsOf(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

inline double ResidentMegabytes() {
  std::ifstream statm("/proc/self/statm");
  double pages = 0;
  statm >> pages >> pages;
  return pages * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 20);
}

// Under TMPDIR. The caller removes it.
inline std::string MakeTemporaryFolder(absl::string_view program) {
  std::string dir = (std::filesystem::temp_directory_path() / absl::StrCat(program, "-XXXXXX")).string();
  if (mkdtemp(dir.data()) == nullptr) Must(absl::ErrnoToStatus(errno, "cannot make a temporary folder"));
  return dir;
}

// To the file `out`, or to standard output when that is empty; returns the exit code.
inline int WriteFigures(const std::string& json, const std::string& out) {
  if (out.empty()) {
    std::cout << json;
    return 0;
  }
  std::ofstream file(out);
  file << json << std::flush;
  if (file) return 0;
  std::cerr << "cannot write " << out << "\n";
  return 1;
}

}  // namespace muster::bench

#endif  // MUSTER_TESTS_BENCH_PROGRAM_H_
