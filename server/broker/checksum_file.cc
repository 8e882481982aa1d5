#include "server/broker/checksum_file.h"

#include <sys/stat.h>

#include <fstream>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/sha256.h"
#include "common/status_macros.h"
#include "server/log/copy_event_log.h"

namespace muster {
namespace {

constexpr size_t kReadBytes = 1 << 18;

std::string PathIn(const std::string& dir) { return absl::StrCat(dir, "/", kChecksumFileName); }

}  // namespace

absl::StatusOr<std::string> Sha256OfFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat("cannot open ", path));
  Sha256 sha256;
  std::string buffer(kReadBytes, '\0');
  do {
    file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    sha256.Update(absl::string_view(buffer).substr(0, static_cast<size_t>(file.gcount())));
  } while (file);
  if (!file.eof()) return absl::UnknownError(absl::StrCat("cannot read ", path));
  return absl::BytesToHexString(sha256.Finish());
}

absl::Status WriteChecksumFile(const std::string& dir, const std::vector<std::string>& names) {
  std::string lines;
  for (const std::string& name : names) {
    MUSTER_ASSIGN_OR_RETURN(const std::string digest, Sha256OfFile(absl::StrCat(dir, "/", name)));
    absl::StrAppend(&lines, digest, "  ", name, "\n");
  }
  std::ofstream file(PathIn(dir), std::ios::binary | std::ios::trunc);
  file << lines;
  file.close();
  if (!file) return absl::ResourceExhaustedError(absl::StrCat("cannot write ", PathIn(dir)));
  if (chmod(PathIn(dir).c_str(), 0600) != 0) return absl::UnknownError(absl::StrCat("cannot protect ", PathIn(dir)));
  return SyncFile(PathIn(dir));
}

std::map<std::string, std::string> ReadChecksumFile(const std::string& dir) {
  std::map<std::string, std::string> digests;
  std::ifstream file(PathIn(dir), std::ios::binary);
  for (std::string line; std::getline(file, line);) {
    std::pair<std::string, std::string> parts = absl::StrSplit(line, absl::MaxSplits("  ", 1));
    if (!parts.second.empty()) digests.emplace(std::move(parts.second), std::move(parts.first));
  }
  return digests;
}

}  // namespace muster
