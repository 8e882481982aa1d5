// Every call site of a script, one fault each: not at random, but the first, the second, the third ...
//
// A subject is run in a child of its own for every point, on a new folder in memory, and tells its promises (what it
// has acknowledged) through a pipe. Then another child opens what is left, without faults, and holds it against the
// promises. Whole processes would cost a hundred times as much.
//
// Besides the injected faults there is the power cut: one run is recorded, and for every operation of it the disk is
// built as a power cut right after it may have left it (disk_model.h).
//
// Threading: the calling process must have no other threads, since it forks.
#ifndef MUSTER_TESTS_FAULTS_SWEEP_H_
#define MUSTER_TESTS_FAULTS_SWEEP_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/faults/report.h"

namespace muster {

struct SweepSubject {
  using Promise = std::function<void(const std::string&)>;

  std::string name;
  // Runs the script on `folder` as far as it can. `promise` is told before anyone could know of it.
  std::function<void(const std::string& folder, const Promise& promise, Report* report)> run;
  // Opens what is left in `folder` and holds it against the promises.
  std::function<void(const std::string& folder, const std::vector<std::string>& promises, Report* report)> check;
};

struct SweepOptions {
  uint32_t seed = 1;
  std::string folder;       // To work in: on a file system in memory, or it takes long.
  int jobs = 2;             // Processes that run points at once.
  uint64_t every = 1;       // Only every so-manieth point of each kind.
  std::string inject_only;  // A word of the names of kinds: "eio", "power_cut"; empty: all of them.
};

SweepSubject BrokerSubject();
SweepSubject StoreSubject();

// Counts a fault "inject_<kind>" or "simulated_power_cut" for every point that came about.
Report Sweep(const SweepSubject& subject, const SweepOptions& options);

}  // namespace muster

#endif  // MUSTER_TESTS_FAULTS_SWEEP_H_
