#include "server/log/verify_log.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "server/log/batch_reader.h"
#include "server/log/local_log.h"
#include "server/log/wal_check.h"

namespace muster {
namespace {

// Reads rows up to `tail`, filling the report. A fault is in the report; an error is not about the log.
absl::Status WalkRows(SqliteDatabase* db, const LogTail& tail, const EventLog::Visitor& visit, VerifyReport* report) {
  MUSTER_ASSIGN_OR_RETURN(BatchReader reader, BatchReader::At(db, 1));
  report->checksum = reader.checksum();
  while (!reader.fault().has_value()) {
    const absl::StatusOr<std::vector<StoredBatch>> batches = reader.Next(tail.last);
    if (!batches.ok()) {
      if (!absl::IsDataLoss(batches.status())) return batches.status();
      report->fault = {reader.expected(), reader.expected(), 0, std::string(batches.status().message())};
      return absl::OkStatus();
    }
    for (const StoredBatch& batch : *batches) {
      ++report->batches;
      report->events += batch.count;
      report->event_bytes += batch.bytes.size();
      if (visit) MUSTER_RETURN_IF_ERROR(VisitBatch(batch, batch.first, visit));
    }
    report->checksum = reader.checksum();
    if (batches->empty()) break;
  }
  if (reader.fault().has_value()) {
    const BatchFault& fault = *reader.fault();
    report->fault = {fault.sequence, reader.expected(), fault.byte_offset, fault.what};
  } else if (report->events != tail.last || report->checksum != tail.checksum) {
    const Sequence next = report->events + 1;
    report->fault = {next, next, 0,
                     absl::StrCat("the rows end with event ", report->events, "; the tail row says ", tail.last,
                                  report->events == tail.last ? " with another checksum" : "")};
  }
  return absl::OkStatus();
}

// The part of VerifyLog that may find the database itself unreadable: then DATA_LOSS.
absl::Status WalkDatabase(const std::string& path, const EventLog::Visitor& visit, VerifyReport* report) {
  SqliteDatabase::Options options;
  options.mode = SqliteDatabase::Mode::kReadOnly;
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<SqliteDatabase> db, SqliteDatabase::Open(path, options));
  MUSTER_RETURN_IF_ERROR(CheckFormat(db.get(), LocalLog::kFormat));
  MUSTER_ASSIGN_OR_RETURN(const LogTail tail, ReadTail(db.get()));
  return WalkRows(db.get(), tail, visit, report);
}

}  // namespace

absl::StatusOr<VerifyReport> VerifyLog(const std::string& directory, const EventLog::Visitor& visit) {
  const std::string path = LocalLog::DatabasePath(directory);
  VerifyReport report;
  const absl::StatusOr<WalReport> wal = CheckWal(path + "-wal");
  if (!wal.ok() && !absl::IsDataLoss(wal.status())) return wal.status();
  if (wal.ok()) report.wal_frames_discarded = wal->discarded_frames;

  // An error of `visit` may be DATA_LOSS too (a digest that differs), and is not about the rows.
  absl::Status visit_status;
  const EventLog::Visitor noting = [&](Sequence sequence, absl::string_view bytes) {
    if (visit) visit_status = visit(sequence, bytes);
    return visit_status;
  };
  const absl::Status walked = WalkDatabase(path, noting, &report);
  MUSTER_RETURN_IF_ERROR(visit_status);
  if (!walked.ok() && !absl::IsDataLoss(walked)) return walked;
  const Sequence next = report.events + 1;
  if (!walked.ok()) report.fault = {next, next, 0, std::string(walked.message())};
  // SQLite reads the write-ahead log up to the damage, so the rows above look whole.
  if (!wal.ok() && !report.fault.has_value()) report.fault = {next, next, 0, std::string(wal.status().message())};
  return report;
}

}  // namespace muster
