// The keys of a cluster's log in etcd (proto/muster/cluster/v1/records.proto), and the few requests that it takes.
#ifndef MUSTER_SERVER_ETCD_ETCD_RECORDS_H_
#define MUSTER_SERVER_ETCD_ETCD_RECORDS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "etcd/rpc.pb.h"
#include "muster/cluster/v1/records.pb.h"
#include "server/log/batch_format.h"

namespace muster {

// A value, like a string.
class EtcdLogKeys {
 public:
  explicit EtcdLogKeys(std::string prefix) : prefix_(std::move(prefix)) {}

  // Of the batch that begins with `first`. They sort as their sequences do.
  std::string Batch(Sequence first) const;
  std::string Batches() const;  // What they all begin with.
  std::string Tail() const;
  std::string Leader() const;

  // The batch in `entry`, unchecked. DATA_LOSS: it is none.
  absl::StatusOr<StoredBatch> ParseBatch(const etcdserverpb::KeyValue& entry) const;
  // The sequence in a key of a batch. DATA_LOSS: it is none.
  absl::StatusOr<Sequence> ParseBatchKey(absl::string_view key) const;

 private:
  std::string prefix_;
};

// DATA_LOSS when `value` is no LogTail.
absl::StatusOr<cluster::v1::LogTail> ParseTail(absl::string_view value);
bool SameTail(const cluster::v1::LogTail& a, const cluster::v1::LogTail& b);

// Comparisons. A create revision of 0 is that of a key that is not there; etcd never gives one out twice.
etcdserverpb::Compare CreatedAt(std::string key, int64_t create_revision);
etcdserverpb::Compare NoneUnder(const std::string& prefix);
etcdserverpb::Compare HasValue(std::string key, std::string value);

// Operations of a transaction.
etcdserverpb::RequestOp PutOp(std::string key, std::string value);
etcdserverpb::RequestOp GetOp(std::string key);
etcdserverpb::RequestOp RangeOp(std::string from, std::string end, int64_t keys_max, bool keys_only);
etcdserverpb::RequestOp DeleteOp(std::string from, std::string end);

// The one key that operation `i` of `response` asked for, if it is there.
const etcdserverpb::KeyValue* FoundBy(const etcdserverpb::TxnResponse& response, int i);

}  // namespace muster

#endif  // MUSTER_SERVER_ETCD_ETCD_RECORDS_H_
