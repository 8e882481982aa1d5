// Reads the batches of the log in etcd in order, and checks what it reads: each batch's checksum, that it follows the
// one before, and that nothing is missing up to where the log ends.
//
// Threading: one thread.
#ifndef MUSTER_SERVER_ETCD_ETCD_BATCH_READER_H_
#define MUSTER_SERVER_ETCD_ETCD_BATCH_READER_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/etcd/etcd_client.h"
#include "server/etcd/etcd_records.h"
#include "server/log/batch_format.h"

namespace muster {

class EtcdBatchReader {
 public:
  // The first batch read begins with `expected` and is chained to `checksum`. `client` is borrowed and outlives this.
  EtcdBatchReader(EtcdClient* client, EtcdLogKeys keys, absl::Duration within, Sequence expected,
                  std::optional<std::string> checksum);

  // The first batch read is the one that holds `first`; no batch of the log has more than `batch_events_max` events.
  // Of the first batch that etcd holds, the checksum cannot be told, only those of its records.
  // OUT_OF_RANGE: etcd does not hold it any more.
  static absl::StatusOr<EtcdBatchReader> At(EtcdClient* client, EtcdLogKeys keys, absl::Duration within, Sequence first,
                                            size_t batch_events_max);

  // The next few batches; empty when the log ends. What is sound before a fault is returned first.
  //
  // Errors: OUT_OF_RANGE etcd does not hold `expected()` any more. DATA_LOSS. Those of the client.
  absl::StatusOr<std::vector<StoredBatch>> Next();

  // The sequence that the next batch must begin with.
  Sequence expected() const { return expected_; }
  // Whether the last Next came to where the log ended just then.
  bool at_end() const { return at_end_; }

 private:
  // What one consistent look at the log shows.
  struct Page {
    std::optional<cluster::v1::LogTail> tail;
    Sequence first_held = 0;  // 0: no batch at all.
    std::vector<etcdserverpb::KeyValue> entries;
  };

  absl::StatusOr<Page> Look() const;
  // OK, when there is nothing left to read where `page` was looked at.
  absl::Status CheckEnd(const Page& page) const;
  // `entry` as the next batch, when it is sound.
  absl::StatusOr<StoredBatch> Take(const etcdserverpb::KeyValue& entry);

  EtcdClient* const client_;
  const EtcdLogKeys keys_;
  const absl::Duration within_;
  Sequence expected_;
  std::optional<std::string> checksum_;  // Of the batch before; none when it has been trimmed.
  bool at_end_ = false;
};

}  // namespace muster

#endif  // MUSTER_SERVER_ETCD_ETCD_BATCH_READER_H_
