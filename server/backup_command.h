// `musterd backup` and `musterd restore`: copies of a broker's data folder (server/broker/backup.h).
#ifndef MUSTER_SERVER_BACKUP_COMMAND_H_
#define MUSTER_SERVER_BACKUP_COMMAND_H_

#include <CLI/CLI.hpp>
#include <string>

#include "absl/status/status.h"

namespace muster {

// The two commands. Lives as long as the application that it adds them to.
class BackupCommands {
 public:
  void AddTo(CLI::App* app);

  // Whether one of them was given; then Run does it. It says on standard output what it did.
  bool parsed() const { return backup_->parsed() || restore_->parsed(); }
  absl::Status Run() const;

 private:
  absl::Status Backup() const;
  absl::Status Restore() const;

  CLI::App* backup_ = nullptr;  // Both are the application's.
  CLI::App* restore_ = nullptr;
  std::string from_;
  std::string to_;
};

}  // namespace muster

#endif  // MUSTER_SERVER_BACKUP_COMMAND_H_
