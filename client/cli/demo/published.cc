#include "client/cli/demo/published.h"

#include <fstream>
#include <iterator>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/status_macros.h"

namespace muster {
namespace {

using Row = std::vector<std::string>;

absl::StatusOr<std::optional<uint64_t>> ParseOptionalCount(const std::string& field, absl::string_view what) {
  if (field.empty()) return std::optional<uint64_t>();
  uint64_t count = 0;
  if (!absl::SimpleAtoi(field, &count)) {
    return absl::InvalidArgumentError(absl::StrCat(what, ": got '", field, "', wanted a number or nothing"));
  }
  return std::optional<uint64_t>(count);
}

absl::StatusOr<uint64_t> ParseCount(const std::string& field, absl::string_view what) {
  MUSTER_ASSIGN_OR_RETURN(const std::optional<uint64_t> count, ParseOptionalCount(field, what));
  if (!count.has_value()) return absl::InvalidArgumentError(absl::StrCat(what, ": is empty, wanted a number"));
  return *count;
}

absl::Status CheckHeader(const std::vector<Row>& rows, const Row& wanted, absl::string_view file) {
  if (!rows.empty() && rows[0] == wanted) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(file, ": its first line is not the expected header"));
}

absl::StatusOr<PublishedState> ParseState(const Row& row) {
  PublishedState state;
  state.state = row[0];
  MUSTER_ASSIGN_OR_RETURN(state.arrests, ParseCount(row[1], "states.csv arrests"));
  MUSTER_ASSIGN_OR_RETURN(state.adults, ParseOptionalCount(row[2], "states.csv victims_adult"));
  MUSTER_ASSIGN_OR_RETURN(state.minors, ParseOptionalCount(row[3], "states.csv victims_minor"));
  MUSTER_ASSIGN_OR_RETURN(state.services, ParseOptionalCount(row[4], "states.csv services"));
  if (row[5] != "yes" && row[5] != "no") {
    return absl::InvalidArgumentError(absl::StrCat("states.csv in_window: got '", row[5], "', wanted yes or no"));
  }
  state.in_window = row[5] == "yes";
  return state;
}

absl::StatusOr<uint64_t> FindClaim(const Published& published, absl::string_view claim, absl::string_view by) {
  for (const PublishedClaim& candidate : published.claims) {
    if (candidate.claim == claim && candidate.by == by) return candidate.value;
  }
  return absl::FailedPreconditionError(absl::StrCat("claims.csv has no line '", claim, "' by ", by));
}

}  // namespace

absl::StatusOr<std::vector<Row>> ParseCsv(absl::string_view text) {
  std::vector<Row> rows;
  Row row;
  std::string field;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c != '"') {
        field += c;
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        field += text[++i];
      } else {
        quoted = false;
      }
    } else if (c == '"') {
      quoted = true;
    } else if (c == ',') {
      row.push_back(std::exchange(field, ""));
    } else if (c == '\n') {
      row.push_back(std::exchange(field, ""));
      rows.push_back(std::exchange(row, {}));
    } else if (c != '\r') {
      field += c;
    }
  }
  if (quoted) return absl::InvalidArgumentError("a quoted field is not closed");
  if (!field.empty() || !row.empty()) {
    row.push_back(std::move(field));
    rows.push_back(std::move(row));
  }
  for (size_t i = 1; i < rows.size(); ++i) {
    if (rows[i].size() == rows[0].size()) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("row ", i + 1, " has ", rows[i].size(), " fields, the header has ", rows[0].size()));
  }
  return rows;
}

absl::StatusOr<std::vector<Row>> ReadCsvFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat("cannot read ", path, "; does the file exist?"));
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  absl::StatusOr<std::vector<Row>> rows = ParseCsv(text);
  if (!rows.ok()) return absl::Status(rows.status().code(), absl::StrCat(path, ": ", rows.status().message()));
  return rows;
}

absl::StatusOr<Published> LoadPublished(const std::string& folder) {
  Published published;
  MUSTER_ASSIGN_OR_RETURN(const std::vector<Row> states, ReadCsvFile(absl::StrCat(folder, "/states.csv")));
  MUSTER_RETURN_IF_ERROR(CheckHeader(
      states, {"state", "arrests", "victims_adult", "victims_minor", "services", "in_window", "note"}, "states.csv"));
  for (size_t i = 1; i < states.size(); ++i) {
    MUSTER_ASSIGN_OR_RETURN(PublishedState state, ParseState(states[i]));
    published.states.push_back(std::move(state));
  }
  MUSTER_ASSIGN_OR_RETURN(const std::vector<Row> claims, ReadCsvFile(absl::StrCat(folder, "/claims.csv")));
  MUSTER_RETURN_IF_ERROR(CheckHeader(claims, {"claim", "figure", "value", "by", "note"}, "claims.csv"));
  for (size_t i = 1; i < claims.size(); ++i) {
    const Row& row = claims[i];
    MUSTER_ASSIGN_OR_RETURN(const uint64_t value, ParseCount(row[2], "claims.csv value"));
    published.claims.push_back({row[0], row[1], value, row[3], row[4]});
  }
  return published;
}

absl::StatusOr<ExpectedFigures> ExpectFigures(const Published& published) {
  ExpectedFigures expected;
  uint64_t kentucky_persons = 0;
  for (const PublishedState& state : published.states) {
    expected.arrests += state.arrests;
    (state.in_window ? expected.arrests_in_window : expected.arrests_out_of_window) += state.arrests;
    expected.adults += state.adults.value_or(0);
    expected.minors += state.minors.value_or(0);
    if (state.adults.has_value() || state.minors.has_value()) ++expected.states_reporting_persons;
    if (state.state == "KY") kentucky_persons = state.adults.value_or(0) + state.minors.value_or(0);
  }
  expected.persons = expected.adults + expected.minors;
  // Kentucky's own count of its persons includes the minors; every other state's is the same under both definitions.
  MUSTER_ASSIGN_OR_RETURN(const uint64_t kentucky_own, FindClaim(published, "Kentucky victims", "Kentucky Governor"));
  expected.persons_by_source = expected.persons - kentucky_persons + kentucky_own;
  MUSTER_ASSIGN_OR_RETURN(const uint64_t arrests, FindClaim(published, "national arrests", "Missouri AG"));
  MUSTER_ASSIGN_OR_RETURN(const uint64_t persons, FindClaim(published, "national victims", "Missouri AG"));
  if (arrests != expected.arrests || persons != expected.persons) {
    return absl::FailedPreconditionError(
        absl::StrCat("states.csv adds up to ", expected.arrests, " arrests and ", expected.persons,
                     " persons, but claims.csv says that the lead published ", arrests, " and ", persons,
                     "; one of the files has been changed: restore them"));
  }
  return expected;
}

}  // namespace muster
