// What a round of a replay found, each time beside what the scenario planted. A wrong finding is no error: the replay
// goes on, says so in its table and ends with an exit code that says so too.
#ifndef MUSTER_CLIENT_CLI_DEMO_FINDINGS_H_
#define MUSTER_CLIENT_CLI_DEMO_FINDINGS_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace muster {

struct VerdictLine {
  std::string what;
  std::string wanted;
  std::string got;
  bool ok() const { return wanted == got; }
};

// Threading: none.
class Findings {
 public:
  explicit Findings(absl::string_view title) : title_(title) {}

  void Check(absl::string_view what, absl::string_view wanted, absl::string_view got);
  // A line that is a field of the JSON object too, with the number that was got.
  void Count(absl::string_view json_key, absl::string_view what, uint64_t wanted, uint64_t got);

  const std::string& title() const { return title_; }
  const std::vector<VerdictLine>& lines() const { return lines_; }
  const std::vector<std::pair<std::string, uint64_t>>& counts() const { return counts_; }

 private:
  std::string title_;
  std::vector<VerdictLine> lines_;
  std::vector<std::pair<std::string, uint64_t>> counts_;
};

}  // namespace muster

#endif  // MUSTER_CLIENT_CLI_DEMO_FINDINGS_H_
