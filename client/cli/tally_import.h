// Sends a file of tally entries through a submit stream and says what became of each.
#ifndef MUSTER_CLIENT_CLI_TALLY_IMPORT_H_
#define MUSTER_CLIENT_CLI_TALLY_IMPORT_H_

#include <string>

#include "absl/status/status.h"
#include "client/cli/invocation.h"

namespace muster::cli {

struct ImportFlags {
  std::string operation_id;
  // "-" is standard input.
  std::string file;
  // jsonl or csv; by the file's ending when empty.
  std::string format;
};

// Every entry must carry its own entry_id, so that importing a file again, or the rest of it after a failure, counts
// nothing twice. Prints how many were accepted, repeats, and rejected, and why each rejected one was.
//
// Errors: the first rejection's code, once everything has been tried; INVALID_ARGUMENT for the first line that cannot
// be
//         read (what came before it has been sent); why the stream gave up.
absl::Status ImportTally(Invocation& invocation, const ImportFlags& flags);

}  // namespace muster::cli

#endif  // MUSTER_CLIENT_CLI_TALLY_IMPORT_H_
