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

// An open folder.
class Folder {
 public:
  explicit Folder(const std::string& path) : fd_(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) {}
  ~Folder() {
    if (fd_ >= 0) close(fd_);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  int fd() const { return fd_; }

 private:
  const int fd_;
};

std::string FileOf(const std::string& name) { return absl::StrCat(name, kSuffix); }

std::string UniqueFileOf(const std::string& name) {
  return absl::StrCat(FileOf(name), ".", absl::BytesToHexString(RandomBytes(8)));
}

absl::StatusOr<std::string> ReadWhole(const Folder& folder, const std::string& file, const std::string& path) {
  const int fd = openat(folder.fd(), file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
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

absl::Status Parse(const Folder& folder, const std::string& file, const std::string& path,
                   google::protobuf::Message* record) {
  MUSTER_ASSIGN_OR_RETURN(const std::string bytes, ReadWhole(folder, file, path));
  record->Clear();
  if (google::protobuf::util::JsonStringToMessage(bytes, record).ok()) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(path, " is damaged: remove it, and invite the person again"));
}

absl::Status WriteSynced(const Folder& folder, const std::string& file, const std::string& bytes,
                         const std::string& path) {
  const int fd = openat(folder.fd(), file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return Errno("create", path);
  const absl::Cleanup close_fd = [fd] { close(fd); };
  // The service must be able to read what root's command line wrote.
  struct stat owner = {};
  if (geteuid() == 0 && (fstat(folder.fd(), &owner) != 0 || fchown(fd, owner.st_uid, owner.st_gid) != 0)) {
    return Errno("give away", path);
  }
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

}  // namespace

absl::StatusOr<RecordFiles> RecordFiles::Open(std::string folder) {
  const bool made = mkdir(folder.c_str(), 0700) == 0;
  if (!made && errno != EEXIST) return Errno("create the folder", folder);
  const Folder opened(folder);
  if (opened.fd() < 0) return Errno("open the folder", folder);
  const std::string parent = fs::path(folder).parent_path().string();
  struct stat above = {};
  if (made && geteuid() == 0 &&
      (stat(parent.c_str(), &above) != 0 || fchown(opened.fd(), above.st_uid, above.st_gid) != 0)) {
    return Errno("give away", folder);
  }
  return RecordFiles(std::move(folder));
}

absl::Status RecordFiles::Load(const std::string& name, google::protobuf::Message* record) const {
  const Folder folder(folder_);
  if (folder.fd() < 0) return Errno("open the folder", folder_);
  const std::string file = FileOf(name);
  return Parse(folder, file, absl::StrCat(folder_, "/", file), record);
}

absl::Status RecordFiles::Save(const std::string& name, const google::protobuf::Message& record) const {
  std::string json;
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.preserve_proto_field_names = true;
  if (!google::protobuf::util::MessageToJsonString(record, &json, options).ok()) {
    return absl::InternalError(absl::StrCat("the record of ", name, " cannot be written as JSON"));
  }
  const Folder folder(folder_);
  if (folder.fd() < 0) return Errno("open the folder", folder_);
  const std::string file = FileOf(name);
  const std::string path = absl::StrCat(folder_, "/", file);
  const std::string written = UniqueFileOf(name);
  const absl::Status saved = WriteSynced(folder, written, json, path);
  if (!saved.ok() || renameat(folder.fd(), written.c_str(), folder.fd(), file.c_str()) != 0) {
    const absl::Status failed = saved.ok() ? Errno("replace", path) : saved;
    unlinkat(folder.fd(), written.c_str(), 0);
    return failed;
  }
  return fsync(folder.fd()) == 0 ? absl::OkStatus() : Errno("sync", folder_);
}

absl::Status RecordFiles::Take(const std::string& name, google::protobuf::Message* record) const {
  const Folder folder(folder_);
  if (folder.fd() < 0) return Errno("open the folder", folder_);
  const std::string file = FileOf(name);
  const std::string path = absl::StrCat(folder_, "/", file);
  const std::string taken = UniqueFileOf(name);
  if (renameat(folder.fd(), file.c_str(), folder.fd(), taken.c_str()) != 0) return Errno("take", path);
  const absl::Cleanup remove = [&] { unlinkat(folder.fd(), taken.c_str(), 0); };
  if (fsync(folder.fd()) != 0) return Errno("sync", folder_);
  return Parse(folder, taken, path, record);
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
