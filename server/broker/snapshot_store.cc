#include "server/broker/snapshot_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "common/sha256.h"
#include "common/status_macros.h"
#include "server/state/state.h"

namespace muster {
namespace {

constexpr absl::string_view kMagic = "MUSTER SNAPSHOT 1\n";
constexpr absl::string_view kPrefix = "snapshot-";
constexpr size_t kSequenceDigits = 20;
constexpr size_t kDigestBytes = 32;

absl::Status Failed(absl::string_view what, const std::string& path) {
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot ", what, " ", path));
}

absl::Status WriteAndSync(const std::string& path, absl::string_view bytes) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return Failed("create", path);
  absl::Status status;
  while (status.ok() && !bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      status = Failed("write", path);
    } else {
      bytes.remove_prefix(static_cast<size_t>(written));
    }
  }
  if (status.ok() && fsync(fd) != 0) status = Failed("sync", path);
  if (close(fd) != 0 && status.ok()) status = Failed("close", path);
  return status;
}

absl::Status SyncFolder(const std::string& dir) {
  const int fd = open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return Failed("open", dir);
  absl::Status status;
  if (fsync(fd) != 0) status = Failed("sync", dir);
  close(fd);
  return status;
}

}  // namespace

SnapshotStore::SnapshotStore(std::string dir, uint32_t keep) : dir_(std::move(dir)), keep_(std::max(keep, 1u)) {}

absl::Status SnapshotStore::Save(const storage::v1::StateImage& image) {
  const std::string body = EncodeDeterministically(image);
  const std::string path = PathOf(image.sequence());
  const std::string temporary = absl::StrCat(dir_, "/new-snapshot");
  MUSTER_RETURN_IF_ERROR(WriteAndSync(temporary, absl::StrCat(kMagic, Sha256Bytes(body), body)));
  if (rename(temporary.c_str(), path.c_str()) != 0) return Failed("rename", temporary);
  MUSTER_RETURN_IF_ERROR(SyncFolder(dir_));
  MUSTER_ASSIGN_OR_RETURN(const std::vector<Sequence> all, List());
  for (size_t i = 0; i + keep_ < all.size(); ++i) {
    if (unlink(PathOf(all[i]).c_str()) != 0) return Failed("remove", PathOf(all[i]));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<storage::v1::StateImage>> SnapshotStore::LoadNewest(
    std::vector<std::string>* damaged) const {
  MUSTER_ASSIGN_OR_RETURN(const std::vector<Sequence> all, List());
  for (auto it = all.rbegin(); it != all.rend(); ++it) {
    absl::StatusOr<storage::v1::StateImage> image = Load(*it);
    if (image.ok()) return std::optional<storage::v1::StateImage>(*std::move(image));
    if (!absl::IsDataLoss(image.status())) return image.status();
    damaged->push_back(PathOf(*it));
  }
  return std::optional<storage::v1::StateImage>();
}

absl::StatusOr<std::vector<Sequence>> SnapshotStore::List() const {
  std::vector<Sequence> sequences;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(dir_, error)) {
    const std::string name = entry.path().filename().string();
    absl::string_view digits = name;
    Sequence sequence = 0;
    if (absl::ConsumePrefix(&digits, kPrefix) && digits.size() == kSequenceDigits &&
        absl::SimpleAtoi(digits, &sequence)) {
      sequences.push_back(sequence);
    }
  }
  if (error == std::errc::no_such_file_or_directory) {
    return absl::NotFoundError(absl::StrCat("there is no folder ", dir_));
  }
  if (error) return absl::InternalError(absl::StrCat("cannot list ", dir_, ": ", error.message()));
  std::sort(sequences.begin(), sequences.end());
  return sequences;
}

absl::StatusOr<storage::v1::StateImage> SnapshotStore::Load(Sequence sequence) const {
  const std::string path = PathOf(sequence);
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat("cannot open ", path));
  const std::string content((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  absl::string_view rest = content;
  const bool framed = absl::ConsumePrefix(&rest, kMagic) && rest.size() >= kDigestBytes;
  storage::v1::StateImage image;
  if (!framed || Sha256Bytes(rest.substr(kDigestBytes)) != rest.substr(0, kDigestBytes) ||
      !image.ParseFromString(std::string(rest.substr(kDigestBytes))) || image.sequence() != sequence) {
    return absl::DataLossError(
        absl::StrCat("snapshot ", path, " is damaged. The log has everything: delete the file and start again"));
  }
  return image;
}

std::string SnapshotStore::PathOf(Sequence sequence) const {
  return absl::StrFormat("%s/%s%0*d", dir_, kPrefix, static_cast<int>(kSequenceDigits), sequence);
}

}  // namespace muster
