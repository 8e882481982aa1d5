#include "tests/faults/disk_model.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace muster {
namespace {

namespace fs = std::filesystem;

constexpr size_t kBlockBytes = 4096;

// As in inject.c.
struct RecordHead {
  uint32_t kind;
  int32_t error;
  uint64_t offset;
  uint32_t path_bytes;
  uint32_t data_bytes;
};

std::string FolderOf(const std::string& path) { return path.substr(0, path.rfind('/')); }

// SQLite's shared memory is no record of anything: whoever opens the database first makes it anew.
bool IsIgnored(const std::string& path) { return absl::EndsWith(path, "-shm") || absl::EndsWith(path, " (deleted)"); }

}  // namespace

absl::StatusOr<std::vector<DiskOperation>> ReadTrace(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return absl::NotFoundError("cannot read the trace " + file);
  const std::string bytes((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  std::vector<DiskOperation> operations;
  for (size_t at = 0; at + sizeof(RecordHead) <= bytes.size();) {
    RecordHead head;
    std::memcpy(&head, bytes.data() + at, sizeof(head));
    at += sizeof(head);
    if (at + head.path_bytes + head.data_bytes > bytes.size()) break;
    operations.push_back({static_cast<DiskOperation::Kind>(head.kind), head.error, head.offset,
                          bytes.substr(at, head.path_bytes), bytes.substr(at + head.path_bytes, head.data_bytes)});
    at += head.path_bytes + head.data_bytes;
  }
  return operations;
}

void DiskModel::Load() {
  std::error_code ignored;
  for (const auto& entry : fs::recursive_directory_iterator(root_, ignored)) {
    if (IsIgnored(entry.path()) || (!entry.is_regular_file() && !entry.is_directory())) continue;
    auto inode = std::make_shared<Inode>();
    inode->folder = entry.is_directory();
    if (!inode->folder) {
      std::ifstream stream(entry.path(), std::ios::binary);
      inode->durable.assign(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
    }
    names_[entry.path()] = inode;
  }
  durable_names_ = names_;
}

void DiskModel::Apply(const DiskOperation& operation) {
  if (operation.kind == DiskOperation::kMark || IsIgnored(operation.path)) return;
  if (operation.kind == DiskOperation::kSync) {
    const auto folder = unsynced_names_.find(operation.path);
    if (folder != unsynced_names_.end() && operation.error == 0) {
      for (const NameChange& change : folder->second) ApplyTo(change, &durable_names_);
      unsynced_names_.erase(folder);
    }
    const auto named = names_.find(operation.path);
    if (named == names_.end() || named->second->folder) return;
    Inode& inode = *named->second;
    for (const Change& change : inode.unsynced) {
      if (operation.error == 0) {
        ApplyTo(change, &inode.durable);
      } else {
        inode.lost.push_back(change);
      }
    }
    inode.unsynced.clear();
    return;
  }
  if (operation.error != 0) return;
  switch (operation.kind) {
    case DiskOperation::kCreate:
    case DiskOperation::kMkdir: {
      auto inode = std::make_shared<Inode>();
      inode->folder = operation.kind == DiskOperation::kMkdir;
      ChangeName({operation.path, std::move(inode), ""});
      break;
    }
    case DiskOperation::kWrite:
      Find(operation.path)->unsynced.push_back({operation.offset, operation.data, false});
      break;
    case DiskOperation::kTruncate:
      Find(operation.path)->unsynced.push_back({operation.offset, "", true});
      break;
    case DiskOperation::kRename:
      if (names_.count(operation.path) > 0) {
        ChangeName({operation.data, names_.at(operation.path), operation.path});
      }
      break;
    case DiskOperation::kUnlink:
      ChangeName({operation.path, nullptr, ""});
      break;
    default:
      break;
  }
}

// A file that came to be by a way that is not recorded has a name that is not durable.
DiskModel::Inode* DiskModel::Find(const std::string& path) {
  const auto named = names_.find(path);
  if (named != names_.end()) return named->second.get();
  auto inode = std::make_shared<Inode>();
  ChangeName({path, inode, ""});
  return inode.get();
}

void DiskModel::ChangeName(NameChange change) {
  ApplyTo(change, &names_);
  unsynced_names_[FolderOf(change.path)].push_back(std::move(change));
}

void DiskModel::ApplyTo(const NameChange& change, Names* names) {
  if (!change.goes.empty()) names->erase(change.goes);
  if (change.inode == nullptr) {
    names->erase(change.path);
  } else {
    (*names)[change.path] = change.inode;
  }
}

void DiskModel::ApplyTo(const Change& change, std::string* content) {
  if (change.truncates) {
    content->resize(change.offset, '\0');
    return;
  }
  const size_t end = change.offset + change.data.size();
  if (content->size() < end) content->resize(end, '\0');
  content->replace(change.offset, change.data.size(), change.data);
}

std::string DiskModel::ContentAfter(const Inode& inode, Keep keep, std::mt19937* random) {
  std::string content = inode.durable;
  if (keep == Keep::kNothing) return content;
  if (keep == Keep::kAll) {
    for (const Change& change : inode.lost) ApplyTo(change, &content);
    for (const Change& change : inode.unsynced) ApplyTo(change, &content);
    return content;
  }
  const auto heads = [random] { return std::bernoulli_distribution(0.5)(*random); };
  for (const Change& change : inode.unsynced) {
    if (change.truncates) {
      if (heads()) ApplyTo(change, &content);
      continue;
    }
    // The disk writes blocks, in any order.
    for (size_t at = 0; at < change.data.size();) {
      const size_t bytes = std::min(change.data.size() - at, kBlockBytes - (change.offset + at) % kBlockBytes);
      if (heads()) ApplyTo(Change{change.offset + at, change.data.substr(at, bytes), false}, &content);
      at += bytes;
    }
  }
  return content;
}

std::map<std::string, std::string> DiskModel::AfterPowerCut(Keep keep, std::mt19937* random) const {
  Names names = keep == Keep::kAll ? names_ : durable_names_;
  if (keep == Keep::kSome) {
    for (const auto& [folder, changes] : unsynced_names_) {
      const size_t kept = std::uniform_int_distribution<size_t>(0, changes.size())(*random);
      for (size_t i = 0; i < kept; ++i) ApplyTo(changes[i], &names);
    }
  }
  std::map<std::string, std::string> files;
  for (const auto& [path, inode] : names) {
    // Nothing is left of what lies in a folder that is gone.
    const std::string folder = FolderOf(path);
    if (folder != root_ && files.count(absl::StrCat(folder.substr(root_.size() + 1), "/")) == 0) continue;
    const std::string below_root = path.substr(root_.size() + 1);
    if (inode->folder) {
      files[below_root + "/"] = "";
    } else {
      files[below_root] = ContentAfter(*inode, keep, random);
    }
  }
  return files;
}

absl::Status WriteTree(const std::map<std::string, std::string>& files, const std::string& folder) {
  std::error_code error;
  fs::remove_all(folder, error);
  fs::create_directories(folder, error);
  for (const auto& [path, content] : files) {
    const std::string whole = absl::StrCat(folder, "/", path);
    if (absl::EndsWith(path, "/")) {
      fs::create_directories(whole, error);
      continue;
    }
    std::ofstream file(whole, std::ios::binary | std::ios::trunc);
    file.write(content.data(), static_cast<std::streamsize>(content.size()));
    file.flush();
    if (!file) return absl::InternalError("cannot write " + whole);
  }
  return error ? absl::InternalError(absl::StrCat("cannot write ", folder, ": ", error.message())) : absl::OkStatus();
}

}  // namespace muster
