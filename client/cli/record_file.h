// Files of records (tally entries, claims), as other systems export them.
#ifndef MUSTER_CLIENT_CLI_RECORD_FILE_H_
#define MUSTER_CLIENT_CLI_RECORD_FILE_H_

#include <istream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace muster::cli {

enum class RecordFileFormat { kJsonLines, kCsv };

// By the ending of the name: .csv, or .jsonl, .ndjson, .json.
absl::StatusOr<RecordFileFormat> FormatOfFile(absl::string_view path);

// Reads records one by one, so that a file of any length fits.
//
// JSON lines: one message each, in protobuf's JSON form with the field names of the .proto file. CSV (RFC 4180): the
// first line names the fields; enums also in lower case: "arrest-buyer"; lists are separated by semicolons, and an item
// of two fields is written "arrest-buyer=40"; an empty cell leaves its field unset. Empty lines are skipped.
class RecordFileReader {
 public:
  // `input` is not owned and outlives this. `name` is what errors call it, `what` what they call a record.
  RecordFileReader(std::istream* input, std::string name, RecordFileFormat format, std::string what);

  // The next record into `record`, which is of the same type every time; false at the end.
  // Errors: INVALID_ARGUMENT naming the line.
  absl::StatusOr<bool> Next(google::protobuf::Message* record);

  // The line that the last record began on, from 1.
  int line() const { return line_; }

 private:
  absl::StatusOr<bool> NextJson(google::protobuf::Message* record);
  absl::StatusOr<bool> NextCsv(google::protobuf::Message* record);
  // The cells of the next CSV record; false at the end.
  absl::StatusOr<bool> ReadRecord(std::vector<std::string>* cells);
  absl::Status Wrong(absl::string_view what) const;

  std::istream* const input_;
  const std::string name_;
  const RecordFileFormat format_;
  const std::string what_;
  std::vector<std::string> columns_;
  int line_ = 0;
  int lines_read_ = 0;
};

// Sets the field `name` of `record` from text as a CSV cell holds it.
absl::Status SetRecordField(absl::string_view name, absl::string_view text, google::protobuf::Message* record);

// Sets the first two fields of `item` from "arrest-buyer=40": a name or word, and a number.
absl::Status SetPair(absl::string_view text, google::protobuf::Message* item);

}  // namespace muster::cli

#endif  // MUSTER_CLIENT_CLI_RECORD_FILE_H_
