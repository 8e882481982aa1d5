#include "server/cluster/mirrored_log.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"

namespace muster {
namespace {

// What is read from etcd at once: less than gRPC takes in one message.
constexpr size_t kPullBytes = 2 << 20;

absl::Status AnotherLog(absl::string_view what) {
  return absl::DataLossError(absl::StrCat(what,
                                          ". Do not start this broker on this folder: move it away and start anew, "
                                          "which takes a copy of another broker's; if "
                                          "etcd was restored from an old copy, see docs/CLUSTER.md first"));
}

}  // namespace

absl::Status MirroredLog::Append(absl::Span<const EncodedEvent> events) {
  MUSTER_RETURN_IF_ERROR(etcd_->Append(events));
  const absl::Status mirrored = mirror_->Append(events);
  if (mirrored.ok()) return mirrored;
  return absl::UnknownError(
      absl::StrCat("the batch is in etcd, but not in this broker's mirror: ", mirrored.message()));
}

EventLog::Limits MirroredLog::limits() const {
  const Limits etcd = etcd_->limits();
  const Limits mirror = mirror_->limits();
  return {std::min(etcd.batch_events_max, mirror.batch_events_max),
          std::min(etcd.batch_bytes_max, mirror.batch_bytes_max)};
}

absl::Status MirroredLog::Pull() {
  MUSTER_RETURN_IF_ERROR(etcd_->Refresh().status());
  const Sequence end = etcd_->last_sequence();
  if (last_sequence() > end) {
    return AnotherLog(absl::StrCat("this broker's mirror holds ", last_sequence(), " events, etcd only ", end));
  }
  while (last_sequence() < end) {
    MUSTER_ASSIGN_OR_RETURN(const std::vector<StoredBatch> batches,
                            etcd_->ReadAfter(last_sequence(), mirror_->tail_checksum(), kPullBytes));
    if (batches.empty()) {
      return absl::DataLossError(
          absl::StrCat("etcd says that the log ends with event ", end, ", and has none after ", last_sequence()));
    }
    for (const StoredBatch& batch : batches) MUSTER_RETURN_IF_ERROR(Mirror(batch));
  }
  return CheckSameEnd();
}

absl::Status MirroredLog::Mirror(const StoredBatch& batch) {
  std::vector<EncodedEvent> events;
  events.reserve(batch.count);
  MUSTER_RETURN_IF_ERROR(VisitBatch(batch, batch.first, [&](Sequence sequence, absl::string_view bytes) {
    events.push_back({sequence, std::string(bytes)});
    return absl::OkStatus();
  }));
  if (const absl::Status mirrored = mirror_->Append(events); !mirrored.ok()) {
    if (absl::IsResourceExhausted(mirrored)) return mirrored;
    return absl::InternalError(absl::StrCat("this broker's mirror takes no more: ", mirrored.message()));
  }
  if (mirror_->tail_checksum() == batch.checksum) return absl::OkStatus();
  return AnotherLog(absl::StrCat("the batch that begins with event ", batch.first, " has another checksum here"));
}

// Only when both end at the same event can their checksums be compared; ReadAfter compares those before.
absl::Status MirroredLog::CheckSameEnd() const {
  const cluster::v1::LogTail tail = etcd_->tail();
  if (tail.last_sequence() != last_sequence() || tail.checksum() == mirror_->tail_checksum()) return absl::OkStatus();
  return AnotherLog(absl::StrCat("this broker's mirror and etcd end with different events ", last_sequence()));
}

}  // namespace muster
