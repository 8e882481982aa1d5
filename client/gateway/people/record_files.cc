#include "client/gateway/people/record_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/random.h"
#include "common/status_macros.h"
#include "google/protobuf/util/json_util.h"

namespace muster::gateway {
namespace {

namespace fs = std::filesystem;

constexpr char kSuffix[] = ".json";
constexpr size_t kRecordBytesMax = 64 << 10;

absl::Status Errno(absl::string_view what, const std::string& path) {
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot ", what, " ", path, ": check free space and permissions"));
}

absl::StatusOr<std::string> ReadWhole(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) return Errno("open", path);
  const absl::Cleanup close_fd = [fd] { close(fd); };
  std::string bytes(kRecordBytesMax + 1, '\0');
  size_t size = 0;
  while (size < bytes.size()) {
    const ssize_t got = read(fd, bytes.data() + size, bytes.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Errno("read", path);
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  if (size > kRecordBytesMax) return absl::DataLossError(absl::StrCat(path, " is too large to be a record"));
  bytes.resize(size);
  return bytes;
}

absl::Status Parse(const std::string& path, google::protobuf::Message* record) {
  MUSTER_ASSIGN_OR_RETURN(const std::string bytes, ReadWhole(path));
  record->Clear();
  if (google::protobuf::util::JsonStringToMessage(bytes, record).ok()) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(path, " is damaged: remove it, and invite the person again"));
}

absl::Status WriteSynced(const std::string& path, const std::string& bytes, const struct stat& folder) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return Errno("create", path);
  const absl::Cleanup close_fd = [fd] { close(fd); };
  // The service must be able to read what root's command line wrote.
  if (geteuid() == 0 && fchown(fd, folder.st_uid, folder.st_gid) != 0) return Errno("give away", path);
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t wrote = write(fd, bytes.data() + done, bytes.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return Errno("write", path);
    done += static_cast<size_t>(wrote);
  }
  if (fsync(fd) != 0) return Errno("sync", path);
  return absl::OkStatus();
}

absl::Status SyncFolder(const std::string& folder) {
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return Errno("open", folder);
  const absl::Cleanup close_fd = [fd] { close(fd); };
  return fsync(fd) == 0 ? absl::OkStatus() : Errno("sync", folder);
}

}  // namespace

absl::StatusOr<RecordFiles> RecordFiles::Open(std::string folder) {
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return Errno("create the folder", folder);
  const std::string parent = fs::path(folder).parent_path().string();
  struct stat above = {};
  if (geteuid() == 0 && stat(parent.c_str(), &above) == 0 && chown(folder.c_str(), above.st_uid, above.st_gid) != 0) {
    return Errno("give away", folder);
  }
  return RecordFiles(std::move(folder));
}

std::string RecordFiles::PathOf(const std::string& name) const { return absl::StrCat(folder_, "/", name, kSuffix); }

absl::Status RecordFiles::Load(const std::string& name, google::protobuf::Message* record) const {
  return Parse(PathOf(name), record);
}

absl::Status RecordFiles::Save(const std::string& name, const google::protobuf::Message& record) const {
  std::string json;
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.preserve_proto_field_names = true;
  if (!google::protobuf::util::MessageToJsonString(record, &json, options).ok()) {
    return absl::InternalError(absl::StrCat("the record of ", name, " cannot be written as JSON"));
  }
  struct stat owner = {};
  if (stat(folder_.c_str(), &owner) != 0) return Errno("look at", folder_);
  const std::string written = absl::StrCat(PathOf(name), ".", absl::BytesToHexString(RandomBytes(8)));
  const absl::Status saved = WriteSynced(written, json, owner);
  if (!saved.ok() || rename(written.c_str(), PathOf(name).c_str()) != 0) {
    const absl::Status failed = saved.ok() ? Errno("replace", PathOf(name)) : saved;
    unlink(written.c_str());
    return failed;
  }
  return SyncFolder(folder_);
}

absl::Status RecordFiles::Take(const std::string& name, google::protobuf::Message* record) const {
  const std::string taken = absl::StrCat(PathOf(name), ".", absl::BytesToHexString(RandomBytes(8)));
  if (rename(PathOf(name).c_str(), taken.c_str()) != 0) return Errno("take", PathOf(name));
  const absl::Cleanup remove = [&taken] { unlink(taken.c_str()); };
  MUSTER_RETURN_IF_ERROR(SyncFolder(folder_));
  return Parse(taken, record);
}

std::vector<std::string> RecordFiles::Names() const {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(folder_, error), end; !error && it != end; it.increment(error)) {
    if (it->path().extension() == kSuffix) names.push_back(it->path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace muster::gateway
