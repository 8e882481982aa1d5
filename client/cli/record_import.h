// Sends a file of records through a submit stream and says what became of each.
#ifndef MUSTER_CLIENT_CLI_RECORD_IMPORT_H_
#define MUSTER_CLIENT_CLI_RECORD_IMPORT_H_

#include <functional>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "client/cli/invocation.h"
#include "google/protobuf/message.h"
#include "muster/v1/submission.pb.h"

namespace muster::cli {

struct ImportFlags {
  std::string operation_id;
  // "-" is standard input.
  std::string file;
  // jsonl or csv; by the file's ending when empty.
  std::string format;
};

// What a file holds.
struct RecordKind {
  // What errors call one: "tally entry".
  std::string name;
  // Makes `submission` one of this kind for the operation, and gives the part of it that a record of the file fills.
  std::function<google::protobuf::Message*(v1::Submission* submission, const std::string& operation_id)> body;
};

// Declares OPERATION, FILE and --format.
void AddImportFlags(CLI::App* verb, ImportFlags* flags, const std::string& file_help);

// Every record must carry its own id, so that importing a file again, or the rest of it after a failure, counts nothing
// twice. Prints how many were accepted, repeats, and rejected, and why each rejected one was.
//
// Errors: the first rejection's code, once everything has been tried; INVALID_ARGUMENT for the first line that cannot
//         be read (what came before it has been sent); why the stream gave up.
absl::Status ImportRecords(Invocation& invocation, const ImportFlags& flags, const RecordKind& kind);

}  // namespace muster::cli

#endif  // MUSTER_CLIENT_CLI_RECORD_IMPORT_H_
