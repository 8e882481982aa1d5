// The published figures that a replay must reproduce, read from states.csv and claims.csv of its scenario.
#ifndef MUSTER_CLIENT_CLI_DEMO_PUBLISHED_H_
#define MUSTER_CLIENT_CLI_DEMO_PUBLISHED_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace muster {

// The rows of a CSV text (RFC 4180, the header row included). Every row has as many fields as the header.
absl::StatusOr<std::vector<std::vector<std::string>>> ParseCsv(absl::string_view text);
absl::StatusOr<std::vector<std::vector<std::string>>> ReadCsvFile(const std::string& path);

// One state's published line. Unset: not published, which is not 0.
struct PublishedState {
  std::string state;
  uint64_t arrests = 0;
  std::optional<uint64_t> adults;
  std::optional<uint64_t> minors;
  std::optional<uint64_t> services;
  bool in_window = true;
};

// A figure that somebody published, right or not: "Kentucky victims", persons, 21, by the Kentucky Governor.
struct PublishedClaim {
  std::string claim;
  std::string figure;
  uint64_t value = 0;
  std::string by;
  std::string note;
};

struct Published {
  std::vector<PublishedState> states;
  std::vector<PublishedClaim> claims;
};

// What the replay must end with. `persons` adds every entry, as the lead counts; `persons_by_source` counts as each
// source does.
struct ExpectedFigures {
  uint64_t arrests = 0;
  uint64_t arrests_in_window = 0;
  uint64_t arrests_out_of_window = 0;
  uint64_t adults = 0;
  uint64_t minors = 0;
  uint64_t persons = 0;
  uint64_t persons_by_source = 0;
  uint64_t states_reporting_persons = 0;
};

// Reads both files of `folder`.
absl::StatusOr<Published> LoadPublished(const std::string& folder);

// Adds up the states and holds the result against the lead's own published totals. FAILED_PRECONDITION when those
// differ, or when a claim that the counting by source needs is missing.
absl::StatusOr<ExpectedFigures> ExpectFigures(const Published& published);

}  // namespace muster

#endif  // MUSTER_CLIENT_CLI_DEMO_PUBLISHED_H_
