// The log of a broker in a cluster: what is appended goes to etcd, and what is in etcd is kept on this broker's own
// disk.
//
// The mirror is an embedded log like a single broker's, row for row: a row is a batch of etcd's, under the same chain
// of checksums, so a batch that differs from what the other brokers have cannot pass for one. Recovery, catching up and
// `musterd verify` read the mirror and never etcd.
//
// Threading: Append, Pull and Idle by one thread at a time; other methods from any thread.
#ifndef MUSTER_SERVER_CLUSTER_MIRRORED_LOG_H_
#define MUSTER_SERVER_CLUSTER_MIRRORED_LOG_H_

#include <memory>

#include "absl/status/statusor.h"
#include "server/etcd/etcd_event_log.h"
#include "server/log/event_log.h"
#include "server/log/local_log.h"

namespace muster {

class MirroredLog : public EventLog {
 public:
  // `etcd` is borrowed and outlives this.
  MirroredLog(std::unique_ptr<LocalLog> mirror, EtcdEventLog* etcd) : mirror_(std::move(mirror)), etcd_(etcd) {}

  // One transaction of etcd's, then one fsync here. Errors: EtcdEventLog::Append's. UNKNOWN also when the batch is in
  // etcd and could not be mirrored: it is decided when Pull has brought it.
  absl::Status Append(absl::Span<const EncodedEvent> events) override;

  // Brings the mirror up to the end of the log, as it was when this was called.
  //
  // Errors: those of etcd; nothing but time is lost by trying again.
  //         OUT_OF_RANGE       etcd has been trimmed beyond the mirror: a copy of another broker's files is needed.
  //         DATA_LOSS          the mirror and etcd hold different logs; the message says from where on, and what to do.
  //         RESOURCE_EXHAUSTED this disk is full.
  //         INTERNAL           this disk failed; the mirror must be opened anew.
  absl::Status Pull();

  // What is mirrored.
  absl::Status Read(Sequence first, const Visitor& visit) const override { return mirror_->Read(first, visit); }
  Sequence last_sequence() const override { return mirror_->last_sequence(); }
  Limits limits() const override;
  absl::Status Idle() override { return mirror_->Idle(); }

 private:
  absl::Status Mirror(const StoredBatch& batch);
  absl::Status CheckSameEnd() const;

  const std::unique_ptr<LocalLog> mirror_;
  EtcdEventLog* const etcd_;
};

}  // namespace muster

#endif  // MUSTER_SERVER_CLUSTER_MIRRORED_LOG_H_
