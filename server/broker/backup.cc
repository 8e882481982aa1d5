#include "server/broker/backup.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/status_macros.h"
#include "server/broker/checksum_file.h"
#include "server/broker/feed_copy.h"
#include "server/broker/feed_store.h"
#include "server/broker/snapshot_store.h"
#include "server/log/copy_event_log.h"
#include "server/log/directory_lock.h"

namespace muster {
namespace {

namespace fs = std::filesystem;

constexpr char kLogName[] = "events.db";
constexpr char kFeedName[] = "feed.db";
constexpr char kOperationsName[] = "operations.db";
constexpr char kSnapshotPrefix[] = "snapshot-";
constexpr char kRestoringName[] = "restoring";

absl::Status Failed(absl::string_view what, const std::string& path, const std::error_code& error) {
  return absl::ErrnoToStatus(error.value(), absl::StrCat("cannot ", what, " ", path));
}

// What musterd keeps in a data folder besides the data themselves (docs/ARCHITECTURE.md, "Files on disk").
bool IsHousekeeping(absl::string_view name) {
  return name == "LOCK" || name == "address" || name == "tls" || name == "new-snapshot" || name == "joining" ||
         name == kRestoringName || absl::StartsWith(name, "replaced-") || absl::StartsWith(name, "copy-for-peer");
}

// ALREADY_EXISTS when there is anything in the folder. What musterd keeps beside its data is let pass in a data folder.
absl::Status CheckEmpty(const std::string& dir, bool is_data_folder) {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(dir, error)) {
    const std::string name = entry.path().filename().string();
    if (is_data_folder && IsHousekeeping(name)) continue;
    return absl::AlreadyExistsError(
        absl::StrCat(dir, " is not empty, ", name, " is in it; name a folder that is empty or not there"));
  }
  if (error && error != std::errc::no_such_file_or_directory) return Failed("list", dir, error);
  return absl::OkStatus();
}

// ---- Copying ----

uint64_t BytesOf(const std::string& path) {
  std::error_code error;
  const uint64_t bytes = fs::file_size(path, error);
  return error ? 0 : bytes;
}

// Refuses what would not fit, with a tenth to spare: the copy may be made on the disk that the broker writes to.
absl::Status CheckRoom(const std::string& data_dir, const std::string& at) {
  uint64_t wanted = 0;
  for (const char* name : {kLogName, kFeedName, kOperationsName}) {
    for (const char* suffix : {"", "-wal"}) wanted += BytesOf(absl::StrCat(data_dir, "/", name, suffix));
  }
  wanted += wanted / 10;
  std::error_code error;
  const fs::space_info space = fs::space(at, error);
  if (error) return Failed("look at the disk of", at, error);
  if (space.available >= wanted) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat("a copy needs ", wanted >> 20, " MiB, the disk of ", at, " has ",
                                                   space.available >> 20, " MiB left; nothing was written"));
}

// The newest sound snapshot, as it is; 0 when there is none. One that was listed may make room for a newer one before
// it is read.
absl::StatusOr<Sequence> CopySnapshot(const std::string& from, const std::string& to) {
  const SnapshotStore snapshots(from, 1);
  std::set<Sequence> tried;
  for (;;) {
    MUSTER_ASSIGN_OR_RETURN(std::vector<Sequence> all, snapshots.List());
    all.erase(std::remove_if(all.begin(), all.end(), [&](Sequence one) { return tried.contains(one); }), all.end());
    if (all.empty()) return 0;
    const absl::Status copied = snapshots.CopyTo(to, all.back());
    if (copied.ok()) return all.back();
    if (!absl::IsNotFound(copied) && !absl::IsDataLoss(copied)) return copied;
    tried.insert(all.back());
  }
}

// Why there is no feed in `to`, or nothing. It is derived: only a disk that fails ends the copy.
absl::StatusOr<std::string> TryToCopyFeed(const std::string& from, const std::string& to) {
  const absl::Status copied = CopyFeed(from, to).status();
  if (copied.ok()) return std::string();
  if (absl::IsResourceExhausted(copied) || absl::IsUnknown(copied)) return copied;
  MUSTER_RETURN_IF_ERROR(FeedStore::Remove(to));
  return std::string(copied.message());
}

absl::StatusOr<CopyReport> FillCopy(const std::string& data_dir, const std::string& to) {
  CopyReport report;
  MUSTER_ASSIGN_OR_RETURN(report.snapshot_sequence, CopySnapshot(data_dir, to));
  MUSTER_ASSIGN_OR_RETURN(report.feed_left_out, TryToCopyFeed(data_dir, to));
  MUSTER_ASSIGN_OR_RETURN(const CopiedLog log, CopyEventLog(data_dir, to));
  report.last_sequence = log.last_sequence;
  report.checksum = absl::BytesToHexString(log.checksum);
  MUSTER_RETURN_IF_ERROR(WriteChecksumFile(to, FilesOfCopy(to)));
  MUSTER_RETURN_IF_ERROR(SyncDirectory(to));
  for (const std::string& name : FilesOfCopy(to)) report.bytes += BytesOf(absl::StrCat(to, "/", name));
  return report;
}

// ---- Restoring ----

// Whether the file of a copy is what SHA256SUMS says.
absl::Status CheckSum(const std::string& dir, const std::string& name) {
  const std::map<std::string, std::string> sums = ReadChecksumFile(dir);
  const auto sum = sums.find(name);
  if (sum == sums.end()) return absl::NotFoundError(absl::StrCat(kChecksumFileName, " has no digest of ", name));
  MUSTER_ASSIGN_OR_RETURN(const std::string digest, Sha256OfFile(absl::StrCat(dir, "/", name)));
  if (digest == sum->second) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(dir, "/", name, " has another digest than ", kChecksumFileName, " says"));
}

absl::StatusOr<DataReport> VerifyCopy(const std::string& from) {
  MUSTER_ASSIGN_OR_RETURN(DataReport report, VerifyData(from));
  if (!report.findings.empty()) {
    return absl::DataLossError(absl::StrCat(from, " is damaged and was not restored: ", report.findings.front()));
  }
  if (report.log.events == 0) {
    return absl::DataLossError(absl::StrCat(from, " holds no event: it is of a copy that was cut short"));
  }
  const absl::Status sum = CheckSum(from, kLogName);
  if (!absl::IsDataLoss(sum)) return report;
  return absl::DataLossError(absl::StrCat(sum.message(),
                                          ", though every event in it is sound; if you know why, delete ",
                                          kChecksumFileName, " and restore again"));
}

// Every sound snapshot of the copy, as it is. They were compared with the log.
absl::StatusOr<uint64_t> RestoreSnapshots(const std::string& from, const std::string& to) {
  const SnapshotStore copied(from, 1);
  MUSTER_ASSIGN_OR_RETURN(const std::vector<Sequence> all, copied.List());
  for (const Sequence sequence : all) MUSTER_RETURN_IF_ERROR(copied.CopyTo(to, sequence));
  return all.size();
}

// A wrong notice would be shown to people, and nothing but the digest tells: without a proof the feed is made anew.
absl::StatusOr<std::string> RestoreFeed(const std::string& from, const std::string& to) {
  const absl::Status sum = CheckSum(from, kFeedName);
  if (!sum.ok()) return std::string(sum.message());
  return TryToCopyFeed(from, to);
}

// Moves what is in `from` into `to`, the log first: a folder with the log alone is sound, one without it is not.
absl::Status PutInPlace(const std::string& from, const std::string& to) {
  std::vector<std::string> names = FilesOfCopy(from);
  for (const std::string& name : names) {
    std::error_code error;
    fs::rename(absl::StrCat(from, "/", name), absl::StrCat(to, "/", name), error);
    if (error) return Failed("put in place", absl::StrCat(to, "/", name), error);
    MUSTER_RETURN_IF_ERROR(SyncDirectory(to));
  }
  std::error_code ignored;
  fs::remove_all(from, ignored);
  return SyncDirectory(to);
}

absl::Status MakeFolder(const std::string& dir) {
  if (mkdir(dir.c_str(), 0700) == 0 || errno == EEXIST) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot make ", dir));
}

}  // namespace

absl::StatusOr<CopyReport> CopyData(const std::string& data_dir, const std::string& to) {
  const std::string target(absl::StripSuffix(to, "/"));
  MUSTER_RETURN_IF_ERROR(CheckEmpty(target, /*is_data_folder=*/false));
  std::error_code error;
  const fs::path parent = fs::absolute(target, error).parent_path();
  if (error || !fs::is_directory(parent))
    return absl::NotFoundError(absl::StrCat("there is no folder ", parent.string()));
  MUSTER_RETURN_IF_ERROR(CheckRoom(data_dir, parent.string()));
  std::string part = absl::StrCat(target, ".part-XXXXXX");
  if (mkdtemp(part.data()) == nullptr) return absl::ErrnoToStatus(errno, absl::StrCat("cannot make ", part));
  absl::Cleanup remove_part = [&part] {
    std::error_code ignored;
    fs::remove_all(part, ignored);
  };
  MUSTER_ASSIGN_OR_RETURN(CopyReport report, FillCopy(data_dir, part));
  fs::rename(part, target, error);
  if (error) return Failed("rename the copy to", target, error);
  std::move(remove_part).Cancel();
  MUSTER_RETURN_IF_ERROR(SyncDirectory(parent.string()));
  return report;
}

std::vector<std::string> FilesOfCopy(const std::string& dir) {
  std::vector<std::string> snapshots;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(dir, error)) {
    std::string name = entry.path().filename().string();
    if (absl::StartsWith(name, kSnapshotPrefix)) snapshots.push_back(std::move(name));
  }
  std::sort(snapshots.begin(), snapshots.end());
  std::vector<std::string> files;
  for (const char* name : {kLogName, kFeedName, kOperationsName}) {
    if (fs::exists(absl::StrCat(dir, "/", name), error)) files.push_back(name);
  }
  files.insert(files.end(), snapshots.begin(), snapshots.end());
  if (fs::exists(absl::StrCat(dir, "/", kChecksumFileName), error)) files.push_back(kChecksumFileName);
  return files;
}

absl::StatusOr<RestoreReport> RestoreData(const std::string& from, const std::string& data_dir) {
  MUSTER_RETURN_IF_ERROR(CheckEmpty(data_dir, /*is_data_folder=*/true));
  RestoreReport report;
  MUSTER_ASSIGN_OR_RETURN(report.verified, VerifyCopy(from));
  report.checksum = absl::BytesToHexString(report.verified.log.checksum);
  MUSTER_RETURN_IF_ERROR(MakeFolder(data_dir));
  MUSTER_ASSIGN_OR_RETURN(const DirectoryLock lock, DirectoryLock::Take(data_dir));
  MUSTER_RETURN_IF_ERROR(CheckEmpty(data_dir, /*is_data_folder=*/true));
  const std::string restoring = absl::StrCat(data_dir, "/", kRestoringName);
  std::error_code error;
  fs::remove_all(restoring, error);  // Of one that was cut short.
  MUSTER_RETURN_IF_ERROR(MakeFolder(restoring));
  absl::Cleanup remove_restoring = [&restoring] {
    std::error_code ignored;
    fs::remove_all(restoring, ignored);
  };
  MUSTER_RETURN_IF_ERROR(CopyEventLog(from, restoring).status());
  MUSTER_ASSIGN_OR_RETURN(report.feed_left_out, RestoreFeed(from, restoring));
  MUSTER_ASSIGN_OR_RETURN(report.snapshots, RestoreSnapshots(from, restoring));
  MUSTER_RETURN_IF_ERROR(PutInPlace(restoring, data_dir));
  return report;
}

}  // namespace muster
