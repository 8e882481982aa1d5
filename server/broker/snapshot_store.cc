#include "server/broker/snapshot_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "absl/synchronization/mutex.h"
#include "common/logging.h"
#include "common/sha256.h"
#include "common/status_macros.h"
#include "server/broker/long_message.h"

namespace muster {
namespace {

constexpr absl::string_view kMagic = "MUSTER SNAPSHOT 2\n";
constexpr absl::string_view kPrefix = "snapshot-";
constexpr size_t kSequenceDigits = 20;
constexpr size_t kDigestBytes = 32;
constexpr size_t kNumberBytes = 8;

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

// NOT_FOUND: there is no such file.
absl::StatusOr<std::string> ReadWhole(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return Failed("open", path);
  const absl::Cleanup closes = [fd] { close(fd); };
  struct stat about = {};
  if (fstat(fd, &about) != 0) return Failed("read", path);
  std::string bytes(static_cast<size_t>(about.st_size), '\0');
  size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t got = read(fd, &bytes[filled], bytes.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Failed("read", path);
    if (got == 0) break;  // Cut short meanwhile.
    filled += static_cast<size_t>(got);
  }
  bytes.resize(filled);
  return bytes;
}

absl::Status SyncFolder(const std::string& dir) {
  const int fd = open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return Failed("open", dir);
  absl::Status status;
  if (fsync(fd) != 0) status = Failed("sync", dir);
  close(fd);
  return status;
}

// Little-endian.
std::string EncodeNumber(uint64_t number) {
  std::string bytes(kNumberBytes, '\0');
  for (size_t i = 0; i < kNumberBytes; ++i) bytes[i] = static_cast<char>(number >> (8 * i));
  return bytes;
}

uint64_t DecodeNumber(absl::string_view bytes) {
  uint64_t number = 0;
  for (size_t i = 0; i < kNumberBytes; ++i) number |= uint64_t{static_cast<uint8_t>(bytes[i])} << (8 * i);
  return number;
}

// The bodies of one snapshot's operations. Thread-safe.
class BodyReader {
 public:
  BodyReader(std::unique_ptr<OperationStore> store, OperationStore::Range range, std::string dir)
      : store_(std::move(store)), range_(range), dir_(std::move(dir)) {}

  storage::v1::OperationImage Read(const std::string& operation_id) {
    absl::MutexLock lock(&mu_);
    absl::StatusOr<storage::v1::OperationImage> body = store_->ReadBody(range_, operation_id);
    if (body.ok()) return *std::move(body);
    LogError("an operation cannot be read; the broker ends", {{"why", body.status().message()}});
    if (absl::IsDataLoss(body.status())) RemoveStore();
    std::abort();
  }

 private:
  void RemoveStore() {
    const absl::Status removed = OperationStore::Remove(dir_);
    if (removed.ok()) return LogInfo("a new start replays the log");
    LogError("delete operations.db and start again", {{"why", removed.message()}});
  }

  absl::Mutex mu_;
  const std::unique_ptr<OperationStore> store_ ABSL_GUARDED_BY(mu_);
  const OperationStore::Range range_;
  const std::string dir_;
};

}  // namespace

SnapshotStore::SnapshotStore(std::string dir, uint32_t keep) : dir_(std::move(dir)), keep_(std::max(keep, 1u)) {}

absl::Status SnapshotStore::SaveChanges(storage::v1::StateImage image, Sequence base, absl::string_view encoded) {
  AddUnsaved(&image);
  Images operations;
  operations.Swap(image.mutable_operations());
  absl::Status saved = SaveParts(image, encoded, &operations, base);
  if (base == 0 && absl::IsDataLoss(saved)) {
    MUSTER_RETURN_IF_ERROR(OperationStore::Remove(dir_));
    saved = SaveParts(image, encoded, &operations, base);
  }
  if (saved.ok()) {
    // The snapshot is there, and the next one builds on it.
    if (const absl::Status removed = RemoveOld(); !removed.ok()) {
      LogWarn("an old snapshot could not be removed", {{"why", removed.message()}});
    }
    return absl::OkStatus();
  }
  for (storage::v1::OperationImage& operation : operations) {
    const std::string id = operation.operation().operation_id();
    unsaved_[id] = std::move(operation);
  }
  return saved;
}

// What the last snapshot failed to save, unless it has changed again.
void SnapshotStore::AddUnsaved(storage::v1::StateImage* image) {
  for (const storage::v1::OperationImage& operation : image->operations()) {
    unsaved_.erase(operation.operation().operation_id());
  }
  for (auto& [id, operation] : unsaved_) *image->add_operations() = std::move(operation);
  unsaved_.clear();
}

absl::Status SnapshotStore::SaveParts(const storage::v1::StateImage& rest, absl::string_view encoded,
                                      Images* operations, Sequence base) const {
  OperationStore::Range range;
  if (base != 0) {
    MUSTER_ASSIGN_OR_RETURN(const Root root, ReadRoot(base));
    range = root.operations;
  }
  range.last = rest.sequence();
  MUSTER_RETURN_IF_ERROR(RemoveNewerThan(base));
  MUSTER_ASSIGN_OR_RETURN(const std::vector<Sequence> all, List());
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<OperationStore> store, OperationStore::Open(dir_));
  MUSTER_RETURN_IF_ERROR(store->Add(operations, base, all.empty() ? 0 : all.front(), &range));
  const std::string body =
      absl::StrCat(EncodeNumber(range.first), EncodeNumber(range.operations), EncodeDeterministically(rest), encoded);
  return WriteRoot(range.last, absl::StrCat(kMagic, Sha256Bytes(body), body));
}

absl::Status SnapshotStore::WriteRoot(Sequence sequence, absl::string_view content) const {
  const std::string temporary = absl::StrCat(dir_, "/new-snapshot");
  MUSTER_RETURN_IF_ERROR(WriteAndSync(temporary, content));
  if (rename(temporary.c_str(), PathOf(sequence).c_str()) != 0) return Failed("rename", temporary);
  return SyncFolder(dir_);
}

// Their rows are about to go, and without those they would be of operations as of `base`. What lets one be there: its
// save was said to have failed when its file was in place, or it was passed over as damaged.
absl::Status SnapshotStore::RemoveNewerThan(Sequence base) const {
  MUSTER_ASSIGN_OR_RETURN(const std::vector<Sequence> all, List());
  if (base == 0 || all.empty() || all.back() <= base) return absl::OkStatus();
  for (const Sequence sequence : all) {
    if (sequence > base && unlink(PathOf(sequence).c_str()) != 0) return Failed("remove", PathOf(sequence));
  }
  return SyncFolder(dir_);
}

absl::Status SnapshotStore::RemoveOld() const {
  MUSTER_ASSIGN_OR_RETURN(const std::vector<Sequence> all, List());
  for (size_t i = 0; i + keep_ < all.size(); ++i) {
    if (unlink(PathOf(all[i]).c_str()) != 0) return Failed("remove", PathOf(all[i]));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<SnapshotStore::Snapshot>> SnapshotStore::LoadNewest(
    std::vector<std::string>* damaged) const {
  MUSTER_ASSIGN_OR_RETURN(const std::vector<Sequence> all, List());
  for (auto it = all.rbegin(); it != all.rend(); ++it) {
    absl::StatusOr<Opened> opened = OpenSnapshot(*it);
    if (absl::IsDataLoss(opened.status())) {
      damaged->push_back(PathOf(*it));
      continue;
    }
    if (!opened.ok()) return opened.status();
    auto reader = std::make_shared<BodyReader>(std::move(opened->store), opened->root.operations, dir_);
    return Snapshot{std::move(opened->image), [reader](const std::string& id) { return reader->Read(id); }};
  }
  return std::optional<Snapshot>();
}

absl::StatusOr<storage::v1::StateImage> SnapshotStore::Load(Sequence sequence) const {
  MUSTER_ASSIGN_OR_RETURN(Opened opened, OpenSnapshot(sequence));
  for (storage::v1::OperationImage& operation : *opened.image.mutable_operations()) {
    const absl::StatusOr<storage::v1::OperationImage> body =
        opened.store->ReadBody(opened.root.operations, operation.operation().operation_id());
    if (!body.ok()) return Damaged(sequence, body.status());
    operation.MergeFrom(*body);
  }
  return std::move(opened.image);
}

absl::Status SnapshotStore::CopyTo(const std::string& dir, Sequence sequence) const {
  MUSTER_ASSIGN_OR_RETURN(const Opened opened, OpenSnapshot(sequence));
  MUSTER_ASSIGN_OR_RETURN(std::unique_ptr<OperationStore> to, OperationStore::Open(dir));
  const absl::Status copied = opened.store->CopyTo(opened.root.operations, to.get());
  if (absl::IsDataLoss(copied)) return Damaged(sequence, copied);
  MUSTER_RETURN_IF_ERROR(copied);
  to = nullptr;  // Closes, which leaves one synced file.
  return SnapshotStore(dir, 1).WriteRoot(sequence, opened.root.content);
}

absl::StatusOr<SnapshotStore::Root> SnapshotStore::ReadRoot(Sequence sequence) const {
  Root root;
  MUSTER_ASSIGN_OR_RETURN(root.content, ReadWhole(PathOf(sequence)));
  absl::string_view rest = root.content;
  if (!absl::ConsumePrefix(&rest, kMagic) || rest.size() < kDigestBytes + 2 * kNumberBytes ||
      Sha256Bytes(rest.substr(kDigestBytes)) != rest.substr(0, kDigestBytes)) {
    return Damaged(sequence, absl::DataLossError("its digest does not fit"));
  }
  rest.remove_prefix(kDigestBytes);
  root.operations = {DecodeNumber(rest), sequence, DecodeNumber(rest.substr(kNumberBytes))};
  root.image_at = root.content.size() - rest.size() + 2 * kNumberBytes;
  return root;
}

absl::StatusOr<SnapshotStore::Opened> SnapshotStore::OpenSnapshot(Sequence sequence) const {
  Opened opened;
  MUSTER_ASSIGN_OR_RETURN(opened.root, ReadRoot(sequence));
  const absl::string_view encoded = absl::string_view(opened.root.content).substr(opened.root.image_at);
  if (!MergeFromLong(encoded, &opened.image)) return Damaged(sequence, absl::DataLossError("it is no state"));
  if (opened.image.sequence() != sequence) return Damaged(sequence, absl::DataLossError("it is of another event"));
  absl::StatusOr<std::unique_ptr<OperationStore>> store = OperationStore::OpenToRead(dir_);
  absl::Status status = store.status();
  if (status.ok()) status = (*store)->ReadHeads(opened.root.operations, opened.image.mutable_operations());
  if (absl::IsDataLoss(status) || absl::IsNotFound(status)) return Damaged(sequence, status);
  MUSTER_RETURN_IF_ERROR(status);
  opened.store = *std::move(store);
  return opened;
}

absl::Status SnapshotStore::Damaged(Sequence sequence, const absl::Status& why) const {
  return absl::DataLossError(absl::StrCat("snapshot ", PathOf(sequence), " is damaged (", why.message(),
                                          "). The log has everything: delete the file and start again"));
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

std::string SnapshotStore::PathOf(Sequence sequence) const {
  return absl::StrFormat("%s/%s%0*d", dir_, kPrefix, static_cast<int>(kSequenceDigits), sequence);
}

}  // namespace muster
