// What a run of the harness did and found.
//
// Threading: none.
#ifndef MUSTER_TESTS_FAULTS_REPORT_H_
#define MUSTER_TESTS_FAULTS_REPORT_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/faults/checker.h"

namespace muster {

struct Report {
  struct Skipped {
    std::string what;
    std::string reason;
  };

  // How many faults of each kind came about: "kill", "power_cut" ...
  std::map<std::string, uint64_t> faults;
  Verdict verdict;
  std::vector<Skipped> skipped;

  // A violation that is none of the checker's: a process that does not come up, an error that says nothing.
  void Fail(std::string what);
  void Skip(std::string what, std::string reason) { skipped.push_back({std::move(what), std::move(reason)}); }
  void Add(const Report& other);

  uint64_t failures = 0;  // Of Fail.
  bool sound() const { return verdict.wrong() + failures == 0; }

  std::string Json() const;
  // For the pipe between processes of the harness: one line per fact.
  std::string Encode() const;
  static Report Decode(const std::string& text);
};

}  // namespace muster

#endif  // MUSTER_TESTS_FAULTS_REPORT_H_
