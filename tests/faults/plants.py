"""The faults that are planted into copies of the programs, and the scenario that must find each."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "mutants"))
from table import ACKNOWLEDGE_FIRST, DECIDE_AGAIN, Change  # noqa: E402


class Plant:
    """`program` is what the fault is linked into. `arguments` are those of muster-faults, which must find it; or the
    program's own, where it is one of tests."""

    def __init__(self, name, program, changes, arguments, compile_also=()):
        self.name = name
        self.program = program
        self.changes = changes
        self.arguments = arguments
        self.compile_also = compile_also
        self.finder = program if program.endswith("_test") else arguments[0]
        self.needs_etcd = program == "etcd_test" or self.finder.startswith("cluster_")


# Every seventh operation is followed by a power cut; a fault that matters shows at many of them.
BROKER_POWER_CUTS = ("sweep_broker", "--only", "power_cut", "--count", "7")
BROKER_FAILED_SYNCS = ("sweep_broker", "--only", "eio", "--count", "3")
STORE_POWER_CUTS = ("sweep_store", "--only", "power_cut", "--count", "7")
STORE_FAILED_SYNCS = ("sweep_store", "--only", "eio", "--count", "3")
KILLS = ("kills", "--count", "30")
CLUSTER_KILLS = ("cluster_kills", "--count", "30")
CLUSTER_STOPS = ("cluster_kills", "--count", "12", "--only", "stop")

NO_FSYNC = (Change("common/sqlite.cc", '"PRAGMA synchronous=FULL" :', '"PRAGMA synchronous=OFF" :'),)

# What a program that tries a failed fsync once more is told: that all is well.
FSYNC_RETRIED = (
    Change("common/sqlite.cc", "#include <unistd.h>\n", """#include <dlfcn.h>
#include <unistd.h>

namespace {
int SyncAndRetry(const char* name, int fd) {
  const auto real = reinterpret_cast<int (*)(int)>(dlsym(RTLD_NEXT, name));
  return real(fd) == 0 ? 0 : real(fd);
}
}  // namespace
extern "C" int fsync(int fd) { return SyncAndRetry("fsync", fd); }
extern "C" int fdatasync(int fd) { return SyncAndRetry("fdatasync", fd); }
"""),
)

FENCE = "  *request.add_compare() = CreatedAt(keys_.Leader(), wanted.term());\n"
TAIL = "  *request.add_compare() = HasValue(keys_.Tail(), Encoded(tail()));\n"

PLANTS = (
    Plant("no fsync (broker)", "muster-faults", NO_FSYNC, BROKER_POWER_CUTS),
    Plant("no fsync (command post)", "muster-faults", NO_FSYNC, STORE_POWER_CUTS),
    Plant("ack before fsync", "muster-faults", ACKNOWLEDGE_FIRST, BROKER_POWER_CUTS),
    Plant("no directory sync (broker)", "muster-faults",
          (Change("server/log/local_log.cc",
                  "if (mkdir(directory.c_str(), 0700) == 0) return SyncDirectory(parent);",
                  "if (mkdir(directory.c_str(), 0700) == 0) return absl::OkStatus();"),),
          BROKER_POWER_CUTS),
    Plant("no directory sync (command post)", "muster-faults",
          (Change("client/agent/store/state_dir.cc", "return SyncDirectory(ParentOf(directory));",
                  "return absl::OkStatus();"),),
          STORE_POWER_CUTS),
    Plant("fsync retried (broker)", "muster-faults", FSYNC_RETRIED, BROKER_FAILED_SYNCS),
    Plant("fsync retried (command post)", "muster-faults", FSYNC_RETRIED, STORE_FAILED_SYNCS),
    Plant("dedup dropped", "musterd", DECIDE_AGAIN, KILLS),
    Plant("cursor advanced before the inbox is durable", "muster-faults",
          (Change("client/agent/store/inbox.cc",
                  "                           absl::Time now) {\n  Position next;\n  return db_->Change(",
                  """                           absl::Time now) {
  Position next;
  if (!deliveries.empty()) {
    v1::FeedGap ahead;
    ahead.set_next_cursor(deliveries.back().cursor());
    MUSTER_RETURN_IF_ERROR(
        db_->Change([&](Session& session) { return InsertGap(session, position().last_row, ahead); }, [] {}));
  }
  return db_->Change("""),),
          STORE_POWER_CUTS),
    Plant("outbox row deleted before the outcome", "muster-agent",
          (Change("client/agent/link/sender.cc", "      MUSTER_RETURN_IF_ERROR(stream.Submit(std::move(item.submission)));",
                  """      muster::v1::SubmissionAnswer early;
      early.set_submission_id(item.submission.submission_id());
      early.mutable_outcome()->mutable_accepted();
      MUSTER_RETURN_IF_ERROR(stream.Submit(std::move(item.submission)));
      MUSTER_RETURN_IF_ERROR(outbox_->Take({early}, clock_->Now()));"""),),
          KILLS),
    Plant("catch-up that skips one", "musterd",
          (Change("server/broker/broker.cc", "return publisher_->Subscribe(agency_id, position, std::move(wake));",
                  "if (position.has_value() && *position > 0) ++*position;\n"
                  "  return publisher_->Subscribe(agency_id, position, std::move(wake));"),),
          KILLS),
    Plant("the mirror before the inbox", "muster-faults",
          (Change("client/agent/store/inbox.cc",
                  "                           absl::Time now) {\n  Position next;\n  return db_->Change(",
                  """                           absl::Time now) {
  Position next;
  for (const MirrorAnswer& answer : answers) {
    MUSTER_RETURN_IF_ERROR(db_->Change([&](Session& session) { return PutMirrorRow(session, answer); }, [] {}));
  }
  return db_->Change("""),),
          STORE_POWER_CUTS),
    Plant("the outcome forgotten when the daemon ends", "muster-faults",
          (Change("client/agent/store/outbox_take.cc", "  *row.item.mutable_outcome() = outcome;\n", ""),),
          STORE_POWER_CUTS),
    Plant("a repeat saved as another item", "muster-faults",
          (Change("client/agent/store/outbox.cc", "        if (known.has_value()) {\n          if (known->fingerprint",
                  "        if (known.has_value() && now < absl::InfinitePast()) {\n          if (known->fingerprint"),),
          STORE_POWER_CUTS),
    Plant("a failed commit taken for a done one", "muster-faults",
          (Change("client/agent/store/database.cc", "  if (!status.ok()) return Fail(status);\n  committed();",
                  "  committed();"),),
          STORE_FAILED_SYNCS),
    Plant("a write-ahead log that was not turned on", "muster-faults",
          (Change("common/sqlite.cc", "  return journal.Step().status();", "  return absl::OkStatus();"),),
          STORE_FAILED_SYNCS),
    Plant("a clock that is set back unnoticed", "muster-agent",
          (Change("common/clock_watch.cc", "    if (before - origin_ > tolerance_) set_back_(before - origin_);\n",
                  "    if (before == absl::InfinitePast()) set_back_(tolerance_);\n"),),
          ("clock_jumps", "--count", "8")),
    # Each of the two comparisons makes up for the other in all that whole processes can be made to do.
    Plant("no fencing compare", "etcd_test", (Change("server/etcd/etcd_event_log.cc", FENCE, ""),),
          ("--gtest_filter=EtcdEventLogTest.*Leader*",)),
    Plant("tail compare dropped", "etcd_test", (Change("server/etcd/etcd_event_log.cc", TAIL, ""),),
          ("--gtest_filter=EtcdEventLogTest.TwoLogs*",)),
    Plant("neither fence nor tail compared", "musterd",
          (Change("server/etcd/etcd_event_log.cc", FENCE + TAIL, ""),), CLUSTER_STOPS),
    Plant("the mirror before etcd", "musterd",
          (Change("server/cluster/mirrored_log.cc", "  MUSTER_RETURN_IF_ERROR(etcd_->Append(events));\n"
                  "  const absl::Status mirrored = mirror_->Append(events);\n",
                  "  const absl::Status mirrored = mirror_->Append(events);\n"
                  "  MUSTER_RETURN_IF_ERROR(etcd_->Append(events));\n"),),
          CLUSTER_KILLS),
    Plant("dedup dropped on failover", "musterd", DECIDE_AGAIN, CLUSTER_KILLS),
)
