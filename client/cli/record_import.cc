#include "client/cli/record_import.h"

#include <fstream>
#include <iostream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/mutex.h"
#include "client/cli/exit_code.h"
#include "client/cli/options.h"
#include "client/cli/outbox_view.h"
#include "client/cli/record_file.h"
#include "client/cli/text.h"
#include "client/lib/submit_stream.h"
#include "common/clock.h"
#include "common/error_reason.h"
#include "common/status_macros.h"
#include "common/uuid.h"
#include "common/validation.h"

namespace muster::cli {
namespace {

// What became of the entries. Thread-safe.
class ImportReport {
 public:
  void Sent(const std::string& submission_id, int line) {
    absl::MutexLock lock(&mu_);
    lines_[submission_id] = line;
    ++sent_;
  }

  void Take(const v1::SubmissionAnswer& result) {
    absl::MutexLock lock(&mu_);
    const int line = lines_[result.submission_id()];
    lines_.erase(result.submission_id());
    if (result.has_outcome() && result.outcome().has_accepted()) {
      const bool repeat = result.outcome().repeat() || result.outcome().accepted().already_recorded();
      ++(repeat ? repeats_ : accepted_);
      return;
    }
    if (result.outcome().has_saved_here()) {
      saved_[result.outcome().saved_here().outbox_number()] = line;
      return;
    }
    const v1::Rejected& why = result.has_outcome() ? result.outcome().rejected() : result.refusal().why();
    const auto code =
        result.has_outcome() ? CodeFor(why.reason()) : static_cast<absl::StatusCode>(result.refusal().code());
    Reject(line, absl::Status(code, why.message()), std::string(ReasonName(why.reason())), why.rule());
  }

  // Waits for the decisions on what a daemon has saved, as --wait says: one after the other, all of them in that time.
  absl::Status AwaitSaved(Invocation& invocation) {
    const std::map<uint64_t, int> saved = [this] {
      absl::MutexLock lock(&mu_);
      return saved_;
    }();
    std::vector<uint64_t> numbers;
    for (const auto& [number, line] : saved) numbers.push_back(number);
    MUSTER_ASSIGN_OR_RETURN(const std::vector<agent::v1::OutboxItem> items, invocation.AwaitItems(numbers));
    absl::MutexLock lock(&mu_);
    for (const agent::v1::OutboxItem& item : items) {
      if (item.state() == agent::v1::DELIVERY_STATE_SAVED_HERE) continue;
      const int line = saved_[item.number()];
      saved_.erase(item.number());
      if (const absl::Status why = WhyNotAccepted(item); !why.ok()) {
        const v1::Rejected rejected = RejectedOf(why);
        Reject(line, why, std::string(ReasonName(rejected.reason())), rejected.rule());
      } else {
        ++(item.outcome().accepted().already_recorded() ? repeats_ : accepted_);
      }
    }
    if (!saved_.empty()) invocation.set_verdict(kQueued);
    return absl::OkStatus();
  }

  void RejectHere(int line, const absl::Status& status) {
    absl::MutexLock lock(&mu_);
    ++sent_;
    Reject(line, status, std::string(ReasonName(RejectedOf(status).reason())), "");
  }

  void Print(Invocation& invocation) const {
    absl::MutexLock lock(&mu_);
    Printer& printer = invocation.printer();
    switch (printer.format()) {
      case OutputFormat::kJson:
      case OutputFormat::kJsonLines:
        PrintJson(printer);
        break;
      case OutputFormat::kCsv:
        printer.out() << RenderCsv(Rejections());
        break;
      case OutputFormat::kTable:
        printer.out() << absl::StrCat("entries ", sent_, ", accepted ", accepted_, ", repeats ", repeats_,
                                      ", saved here ", saved_.size(), ", rejected ", rejected_.size(),
                                      ", without answer ", lines_.size(), "\n");
        if (!rejected_.empty()) printer.out() << "\n" << RenderTable(Rejections());
        break;
    }
  }

  absl::Status Verdict() const {
    absl::MutexLock lock(&mu_);
    if (rejected_.empty()) return absl::OkStatus();
    const Rejection& first = rejected_.front();
    return absl::Status(first.status.code(),
                        absl::StrCat(rejected_.size(), " of ", sent_, " entries were rejected; the first, on line ",
                                     first.line, ": ", first.status.message()));
  }

 private:
  struct Rejection {
    int line;
    absl::Status status;
    std::string reason;
    std::string rule;
  };

  void Reject(int line, absl::Status status, std::string reason, std::string rule) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    rejected_.push_back({line, std::move(status), std::move(reason), std::move(rule)});
  }

  Table Rejections() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    Table table = {.columns = {{"line", /*right=*/true}, {"reason"}, {"rule"}, {"message"}}, .rows = {}};
    for (const Rejection& one : rejected_) {
      table.rows.push_back({absl::StrCat(one.line), one.reason, one.rule, std::string(one.status.message())});
    }
    return table;
  }

  void PrintJson(Printer& printer) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    std::vector<std::string> rejections;
    for (const Rejection& one : rejected_) {
      rejections.push_back(absl::StrCat("{\"line\":", one.line, ",\"reason\":", JsonString(one.reason), ",\"rule\":",
                                        JsonString(one.rule), ",\"message\":", JsonString(one.status.message()), "}"));
    }
    printer.out() << absl::StrCat("{\"entries\":", sent_, ",\"accepted\":", accepted_, ",\"repeats\":", repeats_,
                                  ",\"saved_here\":", saved_.size(), ",\"rejected\":", rejected_.size(),
                                  ",\"without_answer\":", lines_.size(), ",\"rejections\":[",
                                  absl::StrJoin(rejections, ","), "]}\n");
  }

  mutable absl::Mutex mu_;
  std::map<std::string, int> lines_ ABSL_GUARDED_BY(mu_);
  // The lines of what is in a daemon's outbox without a decision, by number.
  std::map<uint64_t, int> saved_ ABSL_GUARDED_BY(mu_);
  std::vector<Rejection> rejected_ ABSL_GUARDED_BY(mu_);
  int sent_ ABSL_GUARDED_BY(mu_) = 0;
  int accepted_ ABSL_GUARDED_BY(mu_) = 0;
  int repeats_ ABSL_GUARDED_BY(mu_) = 0;
};

absl::StatusOr<RecordFileFormat> FormatOf(const ImportFlags& flags) {
  if (flags.format == "jsonl") return RecordFileFormat::kJsonLines;
  if (flags.format == "csv") return RecordFileFormat::kCsv;
  if (!flags.format.empty()) return UsageError("--format is jsonl or csv");
  if (flags.file == "-") return UsageError("standard input has no ending to go by: give --format jsonl or csv");
  return FormatOfFile(flags.file);
}

absl::Status SendAll(RecordFileReader& reader, const RecordKind& kind, const std::string& operation_id,
                     SubmitStream& stream, ImportReport& report) {
  v1::Submission submission;
  google::protobuf::Message* record = kind.body(&submission, operation_id);
  while (true) {
    MUSTER_ASSIGN_OR_RETURN(const bool more, reader.Next(record));
    if (!more) return absl::OkStatus();
    submission.set_submission_id(NewUuidV7(SystemClock()->Now()));
    if (const absl::Status valid = Validate(submission); !valid.ok()) {
      report.RejectHere(reader.line(), valid);
      continue;
    }
    report.Sent(submission.submission_id(), reader.line());
    MUSTER_RETURN_IF_ERROR(stream.Submit(submission));
  }
}

}  // namespace

void AddImportFlags(CLI::App* verb, ImportFlags* flags, const std::string& file_help) {
  AddOperationId(verb, &flags->operation_id);
  AddText(verb, "FILE", &flags->file, file_help)->required();
  AddText(verb, "--format", &flags->format, "jsonl or csv; by the file's ending otherwise");
}

absl::Status ImportRecords(Invocation& invocation, const ImportFlags& flags, const RecordKind& kind) {
  MUSTER_ASSIGN_OR_RETURN(const RecordFileFormat format, FormatOf(flags));
  std::ifstream file;
  if (flags.file != "-") {
    file.open(flags.file, std::ios::binary);
    if (!file) return absl::InvalidArgumentError(absl::StrCat("cannot read ", flags.file, ": check that it exists"));
  }
  MUSTER_ASSIGN_OR_RETURN(Client * client, invocation.client());
  invocation.BannerFor(flags.operation_id);
  RecordFileReader reader(flags.file == "-" ? &std::cin : &file, flags.file == "-" ? "standard input" : flags.file,
                          format, kind.name);
  ImportReport report;
  SubmitStream stream(client->connection(), {}, [&report](const v1::SubmissionAnswer& result) { report.Take(result); });
  const absl::Status sent = SendAll(reader, kind, flags.operation_id, stream, report);
  const absl::Status finished = stream.Finish();
  MUSTER_RETURN_IF_ERROR(report.AwaitSaved(invocation));
  report.Print(invocation);
  MUSTER_RETURN_IF_ERROR(finished);
  MUSTER_RETURN_IF_ERROR(sent);
  return report.Verdict();
}

}  // namespace muster::cli
