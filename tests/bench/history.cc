#include "tests/bench/history.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/sqlite.h"
#include "server/broker/broker.h"
#include "server/log/local_log.h"
#include "server/state/testing/test_support.h"
#include "tests/bench/must.h"
#include "tests/bench/program.h"

namespace muster::bench {
namespace {

namespace fs = std::filesystem;

constexpr char kReporter[] = "ky-ago";
constexpr uint64_t kAtOnce = 1024;

// Makes events that follow those of SetUpOperation, a second apart.
class Writer {
 public:
  Writer() { SetUpOperation(&world_); }

  // What has been made since the last call.
  std::vector<EncodedEvent> Take() { return std::exchange(made_, {}); }
  size_t waiting() const { return made_.size(); }
  Sequence last_sequence() const { return sequence_; }
  absl::Time now() const { return world_.Now() + absl::Seconds(sequence_); }

  void Begin() {
    for (const std::string& bytes : world_.events()) made_.push_back({++sequence_, bytes});
  }
  void Register(const std::string& agency_id) { Add(kRegistrar, RegisterAgency(agency_id, "KY")); }
  void AddReader(const std::string& agency_id) {
    Register(agency_id);
    Add("lead", SetParticipant(agency_id, v1::ROLE_PROSECUTOR, {"ky-1"}));
  }
  void OpenOperation(const std::string& id) {
    Add("lead", CreateOperation({MakeSite("ky-1", "KY")}, id));
    Add("lead", SetParticipant(kReporter, v1::ROLE_PARTICIPANT, {"ky-1"}, id));
    Add("lead", PublishPlan({MakeSection("situation", "As of today")}, id));
    Add("lead", SetPhase(v1::OPERATION_PHASE_ARMED, id));
  }
  void CloseOperation(const std::string& id) { Add("lead", SetPhase(v1::OPERATION_PHASE_ABORTED, id)); }
  void Report(const std::string& id) {
    v1::TallyEntry entry =
        MakeEntry(TestUuid(world_.Now(), sequence_), kReporter, "ky-1", v1::TALLY_CATEGORY_ARREST_BUYER, 1);
    entry.set_note("Booked at the county jail at the end of the shift; the log has the time.");
    Add(kReporter, RecordTally(entry, id));
  }

 private:
  struct Outbox {
    uint64_t salt = 0;
    uint64_t sent = 0;
  };

  // As a daemon sends it: numbered, and confirming what came before.
  void Add(absl::string_view agency_id, v1::Submission submission) {
    v1::Event event;
    event.set_sequence(++sequence_);
    *event.mutable_accepted_at() = ToProto(now());
    event.set_rules_version(kRulesVersion);
    *event.mutable_principal() = PrincipalOf(agency_id);
    submission.set_submission_id(TestUuid(now(), sequence_));
    Outbox& outbox = agency_id == kReporter ? reports_ : agency_id == "lead" ? orders_ : registrations_;
    submission.mutable_outbox_number()->set_outbox_id(TestUuid(world_.Now(), outbox.salt));
    submission.mutable_outbox_number()->set_confirmed_through(outbox.sent);
    submission.mutable_outbox_number()->set_number(++outbox.sent);
    *event.mutable_submission() = std::move(submission);
    made_.push_back({sequence_, event.SerializeAsString()});
  }

  World world_;
  Sequence sequence_ = 0;
  Outbox reports_ = {.salt = 1};
  Outbox orders_ = {.salt = 2};
  Outbox registrations_ = {.salt = 3};
  std::vector<EncodedEvent> made_;
};

Broker::Options OptionsFor(const std::string& dir) {
  Broker::Options options;
  options.data_dir = dir;
  return options;
}

uint64_t BytesOfNewest(const std::string& dir) {
  const std::vector<Sequence> all = Must(SnapshotStore(dir, 1).List());
  const auto db = Must(SqliteDatabase::Open(OperationStore::PathIn(dir), {}));
  const int64_t rows = Must(db->QueryInt64(absl::StrCat(
      "SELECT coalesce(sum(length(head) + length(body)), 0) FROM operation WHERE sequence = ", all.back())));
  return static_cast<uint64_t>(rows) + fs::file_size(absl::StrFormat("%s/snapshot-%020d", dir, all.back()));
}

class Maker {
 public:
  explicit Maker(const std::string& dir) : dir_(dir), clock_(absl::UnixEpoch()) {
    writer_.Begin();
    std::unique_ptr<EventLog> log = Must(LocalLog::Open(dir, {}));
    log_ = log.get();
    AppendTo(log_);
    broker_ = Must(Broker::Open(OptionsFor(dir), std::move(log), &clock_));
    Broker::Hooks hooks;
    hooks.hand_over = [](std::vector<PendingSubmission>) {};
    broker_->Start(std::move(hooks));
  }

  MadeHistory Make(const History& history) {
    const double began = SecondsOf(CLOCK_MONOTONIC);
    for (uint64_t number = 0; number < history.readers; ++number) writer_.AddReader(ReaderAgency(number));
    for (uint64_t number = 0; number < history.silent; ++number) {
      writer_.Register(SilentAgency(number));
      Flush(kAtOnce);
    }
    const uint64_t events = history.events + history.silent;
    const uint64_t each = history.events / (history.over + history.ongoing);
    for (uint64_t number = 0; number < history.over + history.ongoing; ++number) {
      writer_.OpenOperation(OperationName(number));
      Flush(kAtOnce);
      if (number >= history.over) continue;
      while (writer_.last_sequence() < history.silent + each * (number + 1)) Report(OperationName(number));
      writer_.CloseOperation(OperationName(number));
    }
    while (history.ongoing > 0 && writer_.last_sequence() < events) Report(AnyOngoing(history));
    Flush(1);
    broker_->Stop();
    NotePause();
    made_.snapshot_bytes = BytesOfNewest(dir_);
    if (history.ongoing > 0) AddTail(history);
    made_.seconds = SecondsOf(CLOCK_MONOTONIC) - began;
    return made_;
  }

 private:
  std::string AnyOngoing(const History& history) const {
    return OperationName(history.over + writer_.last_sequence() % history.ongoing);
  }

  void Report(const std::string& operation_id) {
    writer_.Report(operation_id);
    Flush(kAtOnce);
  }

  // What waits in the writer, as much at once as a log takes.
  void AppendTo(EventLog* log) {
    const std::vector<EncodedEvent> events = writer_.Take();
    for (size_t at = 0; at < events.size(); at += kAtOnce) {
      Must(log->Append(absl::MakeConstSpan(events).subspan(at, kAtOnce)));
    }
  }

  void Flush(uint64_t when) {
    if (writer_.waiting() < when) return;
    AppendTo(log_);
    clock_.Set(writer_.now());
    Must(broker_->Follow());
    NotePause();
  }

  void NotePause() {
    made_.pause_ms = absl::ToDoubleMilliseconds(broker_->Stats().snapshot_pause);
    made_.pause_max_ms = std::max(made_.pause_max_ms, made_.pause_ms);
  }

  // As a broker leaves it that was killed between two snapshots.
  void AddTail(const History& history) {
    broker_ = nullptr;
    const auto log = Must(LocalLog::Open(dir_, {}));
    for (uint64_t i = 0; i < OptionsFor(dir_).snapshot_every_events / 2; ++i) {
      writer_.Report(AnyOngoing(history));
    }
    AppendTo(log.get());
  }

  const std::string dir_;
  Writer writer_;
  FakeClock clock_;
  EventLog* log_ = nullptr;  // The broker's.
  std::unique_ptr<Broker> broker_;
  MadeHistory made_;
};

}  // namespace

std::string OperationName(uint64_t number) { return absl::StrCat("operation-", number); }
std::string SilentAgency(uint64_t number) { return absl::StrCat("silent-", number); }
std::string ReaderAgency(uint64_t number) { return absl::StrCat("reader-", number); }

MadeHistory MakeHistory(const std::string& dir, const History& history) {
  if (history.events < 6 * (history.over + history.ongoing)) {
    Must(absl::InvalidArgumentError("an operation takes six events or more: more events or fewer operations"));
  }
  int ends[2];
  if (pipe(ends) != 0) Must(absl::ErrnoToStatus(errno, "pipe"));
  const pid_t child = fork();
  if (child < 0) Must(absl::ErrnoToStatus(errno, "fork"));
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // To make the folder takes minutes; nobody would want it any more.
    const MadeHistory made = Maker(dir).Make(history);
    if (write(ends[1], &made, sizeof(made)) != sizeof(made)) _exit(1);
    _exit(0);
  }
  MadeHistory made;
  close(ends[1]);
  if (read(ends[0], &made, sizeof(made)) != sizeof(made)) Must(absl::InternalError("the folder could not be made"));
  close(ends[0]);
  waitpid(child, nullptr, 0);
  sync();  // What the child left to the operating system to write must not be written by those who are measured.
  return made;
}

}  // namespace muster::bench
