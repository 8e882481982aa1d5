// The event log of a cluster of brokers, in etcd: one key per committed batch (proto/muster/cluster/v1/records.proto).
//
// Safety rests on two comparisons in the one transaction that an append is: P/leader must have been created at our term
// (the fence), and P/tail must still be what we last knew. So of two brokers that both believe to lead, one appends;
// and whoever appends knows all that was appended before. Leases and watches play no part in it.
//
// A transaction whose answer was lost is sent again, the same: if the first one was done, the second finds the tail
// that the first one wrote and that is the answer. Only a definite answer ends this, because an attempt of unknown fate
// may still be on its way; when none comes within `append_patience` the fate stays unknown.
//
// Threading: Append, SetTerm and Refresh by one thread at a time, and Trim by one; other methods from any thread.
#ifndef MUSTER_SERVER_ETCD_ETCD_EVENT_LOG_H_
#define MUSTER_SERVER_ETCD_ETCD_EVENT_LOG_H_

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "muster/cluster/v1/records.pb.h"
#include "server/etcd/etcd_client.h"
#include "server/etcd/etcd_records.h"
#include "server/log/batch_format.h"
#include "server/log/event_log.h"

namespace muster {

class EtcdEventLog : public EventLog {
 public:
  struct Options {
    std::string prefix = "/muster";
    // etcd takes requests of 1.5 MiB.
    Limits limits = {/*batch_events_max=*/1024, /*batch_bytes_max=*/(5 << 20) / 4};
    // One attempt of any call, and an append with all its attempts.
    absl::Duration attempt_timeout = absl::Seconds(1);
    absl::Duration append_patience = absl::Seconds(10);
  };

  // `client` and `clock` are borrowed and outlive this. Knows nothing of the log until Refresh.
  EtcdEventLog(EtcdClient* client, Options options, const Clock* clock);

  // Reads where the log ends; last_sequence() is that from now on. Linearizable: what any broker was told to be durable
  // before this was called is counted. False: there is no log yet.
  //
  // Errors: those of the client. DATA_LOSS the log in etcd ends before what this object has seen.
  absl::StatusOr<bool> Refresh();

  // Begins the log with `tail`, whose events every broker must hold already (a restored copy; with a last sequence of 0
  // and GenesisChecksum() it is empty), or with one first batch. Nothing else does: a leader that finds no log must not
  // take that for an empty one.
  //
  // Errors: ALREADY_EXISTS there is a log. UNKNOWN: Refresh and see. INVALID_ARGUMENT the batch is beyond the limits,
  // or `tail` is none.
  absl::Status Begin(absl::Span<const EncodedEvent> first_batch);
  absl::Status BeginAfter(const cluster::v1::LogTail& tail);

  // The fence of the appends from now on: the create revision of P/leader, when it is ours; 0: we do not lead. Clears
  // an unknown fate: Refresh must follow before the next Append, and does so in Append if it did not.
  void SetTerm(int64_t term);

  // Besides the contract: ABORTED when the fence or the tail is not what we knew: another broker leads, and every later
  // Append is ABORTED until SetTerm. UNKNOWN as the contract says; every later Append fails until SetTerm.
  // RESOURCE_EXHAUSTED etcd raises its NOSPACE alarm, or the batch does not fit into a request; nothing was written.
  // FAILED_PRECONDITION there is no log: Begin.
  absl::Status Append(absl::Span<const EncodedEvent> events) override;

  // Reads by range, and checks each batch's checksum, that it follows the one before, and that nothing is missing. From
  // what etcd still holds: OUT_OF_RANGE when `first` has been trimmed.
  absl::Status Read(Sequence first, const Visitor& visit) const override;

  Sequence last_sequence() const override { return last_.load(std::memory_order_acquire); }
  Limits limits() const override { return options_.limits; }

  // The batches after `last`, whose batch has `checksum`, up to about `bytes_max` of them (one at least): each chained
  // to the one before, the first to `checksum`. Empty: there is none yet.
  //
  // Errors: OUT_OF_RANGE etcd does not hold last + 1 any more: take a copy of another broker's files.
  //         DATA_LOSS    a batch is damaged, missing, or not chained to `checksum`: it is another log.
  absl::StatusOr<std::vector<StoredBatch>> ReadAfter(Sequence last, absl::string_view checksum, size_t bytes_max) const;

  // Where the log ends, as of the last Refresh or Append.
  cluster::v1::LogTail tail() const;
  // The first event that etcd still holds; last_sequence() + 1 when none.
  absl::StatusOr<Sequence> FirstHeld() const;

  // Deletes the batches that end at or before `through`, some hundreds of them in one fenced transaction, and has etcd
  // forget its history: of these, and of all else that was overwritten. So it is to be called now and then also when
  // there is nothing to delete; and nobody else may use this etcd who needs its history. The last batch stays.
  // ABORTED: another broker leads.
  absl::Status Trim(Sequence through);

 private:
  absl::Status BeginWith(const cluster::v1::LogTail& tail, const StoredBatch* first_batch);
  // Reads the tail, as often as `append_patience` allows, when it is not known since SetTerm.
  absl::Status KnowTail();
  // Has `write` done, whose batch begins with `first` and which leaves `wanted` as the tail. The errors of Append.
  absl::Status Commit(const etcdserverpb::TxnRequest& write, Sequence first, const cluster::v1::LogTail& wanted);
  // What became of such a write, by what etcd holds; nothing when all is as it was before, and it may still be done.
  std::optional<absl::Status> Judge(const etcdserverpb::TxnResponse& seen, Sequence first,
                                    const cluster::v1::LogTail& wanted);
  absl::Status Poison(const absl::Status& cause);
  void SetTail(cluster::v1::LogTail tail);
  absl::StatusOr<etcdserverpb::TxnRequest> AppendRequest(const StoredBatch& batch,
                                                         const cluster::v1::LogTail& wanted) const;

  EtcdClient* const client_;
  const Options options_;
  const Clock* const clock_;
  const EtcdLogKeys keys_;

  // Of the appending thread.
  absl::Status poison_;
  bool tail_known_ = false;  // Since SetTerm.

  std::atomic<Sequence> last_ = 0;
  std::atomic<int64_t> term_ = 0;
  mutable absl::Mutex tail_mu_;  // A leaf.
  cluster::v1::LogTail tail_ ABSL_GUARDED_BY(tail_mu_);
};

}  // namespace muster

#endif  // MUSTER_SERVER_ETCD_ETCD_EVENT_LOG_H_
