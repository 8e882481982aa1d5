#include "server/broker/verify.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "server/broker/recovery.h"
#include "server/broker/snapshot_store.h"
#include "server/state/state.h"

namespace muster {
namespace {

std::string Describe(const VerifyReport::Fault& fault) {
  return absl::StrCat("event ", fault.sequence, " is the first that cannot be trusted (row ", fault.row, ", byte ",
                      fault.byte_offset, "): ", fault.what,
                      ". Stop the broker, keep a copy of the folder, and restore the log from a copy that verifies");
}

void CompareSnapshot(const SnapshotStore& snapshots, const State& state, DataReport* report) {
  const absl::StatusOr<storage::v1::StateImage> image = snapshots.Load(state.sequence());
  if (absl::IsNotFound(image.status())) return;  // A running broker has replaced it by a newer one meanwhile.
  ++report->snapshots_checked;
  if (!image.ok()) {
    report->findings.push_back(std::string(image.status().message()));
    return;
  }
  State restored;
  restored.FromImage(*image);
  if (restored.Digest() == state.Digest()) return;
  report->findings.push_back(absl::StrCat("the snapshot of event ", state.sequence(),
                                          " differs from what the log gives (digest ", restored.Digest(), ", want ",
                                          state.Digest(), "). The log decides: delete the snapshot and restart"));
}

}  // namespace

absl::StatusOr<DataReport> VerifyData(const std::string& data_dir) {
  DataReport report;
  const SnapshotStore snapshots(data_dir, 1);
  MUSTER_ASSIGN_OR_RETURN(const std::vector<Sequence> listed, snapshots.List());
  std::set<Sequence> to_check(listed.begin(), listed.end());
  State state;
  absl::Status undecodable;
  MUSTER_ASSIGN_OR_RETURN(report.log, VerifyLog(data_dir, [&](Sequence sequence, absl::string_view bytes) {
                            if (!undecodable.ok()) return absl::OkStatus();
                            absl::StatusOr<v1::Event> event = DecodeEvent(sequence, bytes);
                            if (!event.ok()) {
                              undecodable = event.status();
                              return absl::OkStatus();
                            }
                            state.Apply(*event);
                            if (to_check.erase(sequence) != 0) CompareSnapshot(snapshots, state, &report);
                            return absl::OkStatus();
                          }));
  if (!undecodable.ok()) report.findings.insert(report.findings.begin(), std::string(undecodable.message()));
  if (report.log.fault.has_value()) report.findings.insert(report.findings.begin(), Describe(*report.log.fault));
  for (const Sequence sequence : to_check) {
    report.findings.push_back(
        absl::StrCat("there is a snapshot of event ", sequence, ", but the sound log ends at ", state.sequence()));
  }
  report.state_digest = state.Digest();
  return report;
}

}  // namespace muster
