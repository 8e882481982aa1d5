// What a disk may hold after a power cut: a model of a file system, fed with the operations that inject.c recorded.
//
// The rules are those that POSIX promises, and no more:
//   * what was written to a file may be gone until that file has been synced; some of it may be there;
//   * a name (created, renamed, unlinked) may be as before until its folder has been synced. ext4 usually does more,
//     which hides a forgotten sync of a folder from a real power cut, but not from this;
//   * names of one folder change in the order in which they were changed (a journal keeps that);
//   * a sync that failed leaves what it should have written neither on the disk nor ever written again: the kernel
//     calls those pages clean. So whoever tries again is told that all is well, and it is not.
//
// Threading: none.
#ifndef MUSTER_TESTS_FAULTS_DISK_MODEL_H_
#define MUSTER_TESTS_FAULTS_DISK_MODEL_H_

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace muster {

// One record of a trace. The numbers are inject.c's.
struct DiskOperation {
  enum Kind : uint32_t { kCreate = 1, kWrite, kTruncate, kSync, kRename, kUnlink, kMkdir, kMark };
  Kind kind = kMark;
  int error = 0;        // errno when it failed, else 0.
  uint64_t offset = 0;  // kWrite; kTruncate: the new size.
  std::string path;     // kMark: its text.
  std::string data;     // kWrite: what was written; kRename: the new path.
};

// A record that was cut short (its writer was killed) ends the trace.
absl::StatusOr<std::vector<DiskOperation>> ReadTrace(const std::string& file);

class DiskModel {
 public:
  // `root` is there, durably, and empty.
  explicit DiskModel(std::string root) : root_(std::move(root)) {}

  // What `root` holds now is there, too, durably.
  void Load();

  void Apply(const DiskOperation& operation);

  // What of the things that were not synced is there after the cut.
  enum class Keep {
    kNothing,
    kSome,  // As `random` has it: blocks of 4 KiB, and the first few changes of names.
    kAll,   // As after kill -9.
  };
  // Files by path below root, as they would be; folders have a path that ends in '/'.
  std::map<std::string, std::string> AfterPowerCut(Keep keep, std::mt19937* random) const;

 private:
  struct Change {
    uint64_t offset = 0;
    std::string data;
    bool truncates = false;
  };
  struct Inode {
    bool folder = false;
    std::string durable;
    std::vector<Change> unsynced;
    std::vector<Change> lost;  // By a failed sync. Still read by the process, so kAll has it.
  };
  struct NameChange {
    std::string path;
    std::shared_ptr<Inode> inode;  // Null: the name goes.
    std::string goes;              // Of a rename: the old name.
  };
  using Names = std::map<std::string, std::shared_ptr<Inode>>;

  static void ApplyTo(const Change& change, std::string* content);
  static void ApplyTo(const NameChange& change, Names* names);
  static std::string ContentAfter(const Inode& inode, Keep keep, std::mt19937* random);
  void ChangeName(NameChange change);
  Inode* Find(const std::string& path);

  const std::string root_;
  Names names_;          // As the process sees them.
  Names durable_names_;  // As they are on the disk.
  // By folder, in order.
  std::map<std::string, std::vector<NameChange>> unsynced_names_;
};

// Writes `files` below `folder`, which is made anew.
absl::Status WriteTree(const std::map<std::string, std::string>& files, const std::string& folder);

}  // namespace muster

#endif  // MUSTER_TESTS_FAULTS_DISK_MODEL_H_
