// Files of tally entries, as other systems export them.
#ifndef MUSTER_CLIENT_CLI_TALLY_FILE_H_
#define MUSTER_CLIENT_CLI_TALLY_FILE_H_

#include <istream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/v1/tally.pb.h"

namespace muster::cli {

enum class TallyFileFormat { kJsonLines, kCsv };

// By the ending of the name: .csv, or .jsonl, .ndjson, .json.
absl::StatusOr<TallyFileFormat> FormatOfFile(absl::string_view path);

// Reads entries one by one, so that a file of any length fits.
//
// JSON lines: one muster.v1.TallyEntry each, in protobuf's JSON form with the field names of the .proto file (enums
// also in lower case: "arrest-buyer"). CSV (RFC 4180): the first line names the fields; lists are separated by
// semicolons; an empty cell leaves its field unset. Empty lines are skipped.
class TallyFileReader {
 public:
  // `input` is not owned and outlives this. `name` is what errors call it.
  TallyFileReader(std::istream* input, std::string name, TallyFileFormat format);

  // The next entry into `entry`; false at the end.
  // Errors: INVALID_ARGUMENT naming the line.
  absl::StatusOr<bool> Next(v1::TallyEntry* entry);

  // The line that the last entry began on, from 1.
  int line() const { return line_; }

 private:
  absl::StatusOr<bool> NextJson(v1::TallyEntry* entry);
  absl::StatusOr<bool> NextCsv(v1::TallyEntry* entry);
  // The cells of the next CSV record; false at the end.
  absl::StatusOr<bool> ReadRecord(std::vector<std::string>* cells);
  absl::Status Wrong(absl::string_view what) const;

  std::istream* const input_;
  const std::string name_;
  const TallyFileFormat format_;
  std::vector<std::string> columns_;
  int line_ = 0;
  int lines_read_ = 0;
};

// Sets the field `name` of `entry` from text as a CSV cell holds it.
absl::Status SetEntryField(absl::string_view name, absl::string_view text, v1::TallyEntry* entry);

}  // namespace muster::cli

#endif  // MUSTER_CLIENT_CLI_TALLY_FILE_H_
