#include "server/backup_command.h"

#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "common/status_macros.h"
#include "server/broker/backup.h"
#include "server/broker/verify.h"

namespace muster {
namespace {

// "3.2 s".
std::string Taken(absl::Duration began) {
  return absl::FormatDuration(absl::Trunc(SystemClock()->Monotonic() - began, absl::Milliseconds(1)));
}

std::string Size(uint64_t bytes) {
  return bytes < (1 << 20) ? absl::StrCat(bytes >> 10, " KiB") : absl::StrCat(bytes >> 20, " MiB");
}

// What stands for all events: whoever has two copies can tell by these whether they are of one log.
void PrintContents(uint64_t events, const std::string& checksum, const std::string& state_digest) {
  std::cout << "  events   1 to " << events << ", log checksum " << checksum << "\n"
            << "  state    digest " << state_digest << "\n";
}

}  // namespace

void BackupCommands::AddTo(CLI::App* app) {
  backup_ = app->add_subcommand("backup", "Copy a broker's data folder, while it runs or not, and check the copy");
  backup_->add_option("data_dir", from_, "The broker's data folder")->required();
  backup_->add_option("to", to_, "A folder that is empty or not there; its parent is")->required();
  backup_->footer(
      "The copy holds everything acknowledged before the command began. It is as secret as the data folder. Keep it on "
      "another machine.\n"
      "Example:\n  musterd backup /var/lib/musterd /var/backups/muster/$(date -u +%Y-%m-%dT%H%MZ)");
  restore_ = app->add_subcommand("restore", "Check a copy from the first event on, and put it into a data folder");
  restore_->add_option("from", from_, "The copy")->required();
  restore_->add_option("data_dir", to_, "The new data folder: empty, or not there")->required();
  restore_->footer(
      "Run it as the user that musterd runs as. What was accepted after the copy was made is lost: tell every agency, "
      "and "
      "have them send again; what they sent before is recognised and not counted twice.\n"
      "Example:\n  musterd restore /var/backups/muster/2026-11-22T1700Z /var/lib/musterd");
}

absl::Status BackupCommands::Run() const { return backup_->parsed() ? Backup() : Restore(); }

absl::Status BackupCommands::Backup() const {
  const absl::Duration began = SystemClock()->Monotonic();
  MUSTER_ASSIGN_OR_RETURN(const CopyReport copied, CopyData(from_, to_));
  const std::string copying = Taken(began);
  const absl::Duration copied_at = SystemClock()->Monotonic();
  // From what is on the disk now: a copy that nobody has read is a hope.
  MUSTER_ASSIGN_OR_RETURN(const DataReport verified, VerifyData(to_));
  if (!verified.findings.empty()) {
    return absl::DataLossError(
        absl::StrCat(to_, " was made and is damaged, do not rely on it: ", verified.findings.front()));
  }
  std::cout << "copied " << from_ << " to " << to_ << " in " << copying << ", " << Size(copied.bytes) << "\n";
  PrintContents(verified.log.events, copied.checksum, verified.state_digest);
  std::cout << "  snapshot "
            << (copied.snapshot_sequence == 0 ? "none" : absl::StrCat("of event ", copied.snapshot_sequence)) << "\n";
  if (!copied.feed_left_out.empty()) {
    std::cout << "  feed     left out; the next start from this copy makes it anew: " << copied.feed_left_out << "\n";
  }
  std::cout << "checked in " << Taken(copied_at) << ": all is sound\n";
  return absl::OkStatus();
}

absl::Status BackupCommands::Restore() const {
  const absl::Duration began = SystemClock()->Monotonic();
  MUSTER_ASSIGN_OR_RETURN(const RestoreReport restored, RestoreData(from_, to_));
  std::cout << "checked " << from_ << " and restored it to " << to_ << " in " << Taken(began) << "\n";
  PrintContents(restored.verified.log.events, restored.checksum, restored.verified.state_digest);
  if (!restored.feed_left_out.empty()) {
    std::cout << "  feed     left out; the next start makes it anew: " << restored.feed_left_out << "\n";
  }
  std::cout << "start the broker: musterd serve\n";
  return absl::OkStatus();
}

}  // namespace muster
