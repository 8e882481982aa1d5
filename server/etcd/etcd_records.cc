#include "server/etcd/etcd_records.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/status_macros.h"
#include "server/etcd/etcd_client.h"

namespace muster {

std::string EtcdLogKeys::Batch(Sequence first) const {
  return absl::StrCat(Batches(), absl::Dec(first, absl::kZeroPad20));
}

std::string EtcdLogKeys::Batches() const { return absl::StrCat(prefix_, "/log/"); }
std::string EtcdLogKeys::Tail() const { return absl::StrCat(prefix_, "/tail"); }
std::string EtcdLogKeys::Leader() const { return absl::StrCat(prefix_, "/leader"); }

absl::StatusOr<Sequence> EtcdLogKeys::ParseBatchKey(absl::string_view key) const {
  absl::string_view digits = key;
  Sequence first = 0;
  if (absl::ConsumePrefix(&digits, Batches()) && absl::SimpleAtoi(digits, &first) && key == Batch(first)) return first;
  return absl::DataLossError(absl::StrCat("etcd: ", key, " is no key of a batch; somebody else writes here"));
}

absl::StatusOr<StoredBatch> EtcdLogKeys::ParseBatch(const etcdserverpb::KeyValue& entry) const {
  MUSTER_ASSIGN_OR_RETURN(const Sequence first, ParseBatchKey(entry.key()));
  cluster::v1::LogBatch record;
  if (!record.ParseFromString(entry.value())) {
    return absl::DataLossError(
        absl::StrCat("etcd: the first damaged event is ", first, ": the value of ", entry.key(), " is no batch"));
  }
  return StoredBatch{first, record.count(), std::move(*record.mutable_checksum()), std::move(*record.mutable_bytes())};
}

absl::StatusOr<cluster::v1::LogTail> ParseTail(absl::string_view value) {
  cluster::v1::LogTail tail;
  if (tail.ParseFromArray(value.data(), static_cast<int>(value.size())) &&
      tail.checksum().size() == GenesisChecksum().size()) {
    return tail;
  }
  return absl::DataLossError("etcd: the record that says where the log ends is damaged");
}

bool SameTail(const cluster::v1::LogTail& a, const cluster::v1::LogTail& b) {
  return a.last_sequence() == b.last_sequence() && a.checksum() == b.checksum() && a.term() == b.term();
}

etcdserverpb::Compare CreatedAt(std::string key, int64_t create_revision) {
  etcdserverpb::Compare compare;
  compare.set_result(etcdserverpb::Compare::EQUAL);
  compare.set_target(etcdserverpb::Compare::CREATE);
  compare.set_key(std::move(key));
  compare.set_create_revision(create_revision);
  return compare;
}

etcdserverpb::Compare NoneUnder(const std::string& prefix) {
  etcdserverpb::Compare compare = CreatedAt(prefix, 0);
  compare.set_range_end(EtcdRangeEnd(prefix));
  return compare;
}

etcdserverpb::Compare HasValue(std::string key, std::string value) {
  etcdserverpb::Compare compare;
  compare.set_result(etcdserverpb::Compare::EQUAL);
  compare.set_target(etcdserverpb::Compare::VALUE);
  compare.set_key(std::move(key));
  compare.set_value(std::move(value));
  return compare;
}

etcdserverpb::RequestOp PutOp(std::string key, std::string value) {
  etcdserverpb::RequestOp operation;
  operation.mutable_request_put()->set_key(std::move(key));
  operation.mutable_request_put()->set_value(std::move(value));
  return operation;
}

etcdserverpb::RequestOp GetOp(std::string key) {
  etcdserverpb::RequestOp operation;
  operation.mutable_request_range()->set_key(std::move(key));
  return operation;
}

etcdserverpb::RequestOp RangeOp(std::string from, std::string end, int64_t keys_max, bool keys_only) {
  etcdserverpb::RequestOp operation;
  etcdserverpb::RangeRequest& range = *operation.mutable_request_range();
  range.set_key(std::move(from));
  range.set_range_end(std::move(end));
  range.set_limit(keys_max);
  range.set_keys_only(keys_only);
  return operation;
}

etcdserverpb::RequestOp DeleteOp(std::string from, std::string end) {
  etcdserverpb::RequestOp operation;
  operation.mutable_request_delete_range()->set_key(std::move(from));
  operation.mutable_request_delete_range()->set_range_end(std::move(end));
  return operation;
}

const etcdserverpb::KeyValue* FoundBy(const etcdserverpb::TxnResponse& response, int i) {
  if (i >= response.responses_size()) return nullptr;
  const etcdserverpb::RangeResponse& range = response.responses(i).response_range();
  return range.kvs().empty() ? nullptr : &range.kvs(0);
}

}  // namespace muster
