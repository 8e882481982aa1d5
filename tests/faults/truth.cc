#include "tests/faults/truth.h"

#include <filesystem>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "server/log/local_log.h"
#include "server/state/state.h"
#include "tests/integration/test_broker.h"

namespace muster {
namespace {

namespace fs = std::filesystem;

class Replayer {
 public:
  explicit Replayer(Sequence baseline) : baseline_(baseline) {}

  absl::Status Apply(Sequence sequence, absl::string_view bytes) {
    v1::Event event;
    if (!event.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
      return absl::DataLossError(absl::StrCat("event ", sequence, " cannot be read"));
    }
    const Applied applied = state_.Apply(event);
    for (const AddressedNotice& addressed : applied.notices) {
      v1::Notice notice;
      notice.ParseFromString(addressed.bytes);
      const std::string encoded = EncodeNotice(notice);
      for (const std::string& agency_id : state_.audiences().Members(addressed.address.audience)) {
        truth_.notices[agency_id].push_back(encoded);
      }
    }
    if (event.has_submission() && sequence > baseline_) Decide(event, applied.outcome);
    return absl::OkStatus();
  }

  Truth Take() { return std::move(truth_); }

 private:
  // An event that repeats one of its own commit (they share accepted_at) was answered with the first one's outcome. One
  // that repeats an earlier commit should have been answered from memory: that it is here says that the deduplication
  // did not work, and it was perhaps decided anew by the broker at the time.
  void Decide(const v1::Event& event, const v1::Outcome& outcome) {
    if (outcome.rejected().reason() == v1::ERROR_REASON_OUTBOX_GAP) return;
    const std::string key = absl::StrCat(event.principal().agency_id(), " ", event.submission().submission_id());
    const std::string when = event.accepted_at().SerializeAsString();
    const auto [first, is_new] = commits_.emplace(key, when);
    if (!is_new && first->second == when) return;
    truth_.decisions.push_back({event.principal().agency_id(), event.submission().submission_id(), outcome});
  }

  const Sequence baseline_;
  State state_;
  std::map<std::string, std::string> commits_;
  Truth truth_;
};

}  // namespace

absl::StatusOr<Truth> ReplayLog(const EventLog& log, Sequence baseline) {
  Replayer replayer(baseline);
  MUSTER_RETURN_IF_ERROR(
      log.Read(1, [&replayer](Sequence sequence, absl::string_view bytes) { return replayer.Apply(sequence, bytes); }));
  return replayer.Take();
}

absl::StatusOr<Truth> ReplayDataDir(const std::string& data_dir, Sequence baseline) {
  const TemporaryFolder copy;
  for (const char* name : {"events.db", "events.db-wal"}) {
    std::error_code error;
    fs::copy_file(absl::StrCat(data_dir, "/", name), absl::StrCat(copy.path(), "/", name), error);
  }
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<LocalLog> log, LocalLog::Open(copy.path(), {}));
  return ReplayLog(*log, baseline);
}

}  // namespace muster
