// SHA256SUMS: the digests of the files of a folder, in the format of sha256sum(1).
#ifndef MUSTER_SERVER_BROKER_CHECKSUM_FILE_H_
#define MUSTER_SERVER_BROKER_CHECKSUM_FILE_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace muster {

inline constexpr char kChecksumFileName[] = "SHA256SUMS";

// Of a file, lower-case hex. Not for a database that this process has open: closing the file would drop SQLite's locks.
absl::StatusOr<std::string> Sha256OfFile(const std::string& path);

// Writes and syncs SHA256SUMS with the digests of these files of `dir`.
absl::Status WriteChecksumFile(const std::string& dir, const std::vector<std::string>& names);

// The digests that SHA256SUMS in `dir` gives, by file name. Empty: there is no such file, or no line of it can be read.
std::map<std::string, std::string> ReadChecksumFile(const std::string& dir);

}  // namespace muster

#endif  // MUSTER_SERVER_BROKER_CHECKSUM_FILE_H_
