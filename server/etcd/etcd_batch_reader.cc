#include "server/etcd/etcd_batch_reader.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"

namespace muster {
namespace {

// Of the largest size they fit into one answer, and into memory.
constexpr int64_t kBatchesPerPage = 16;

// No key of a batch is between the two: a range up to here ends with the key itself.
std::string JustAfter(std::string key) { return std::move(key) + '\0'; }

absl::Status Trimmed(Sequence wanted, Sequence first_held) {
  return absl::OutOfRangeError(absl::StrCat("read: etcd does not hold event ", wanted, " any more; it begins with ",
                                            first_held, ". Take a copy of another broker's files"));
}

absl::Status Damaged(Sequence sequence, absl::string_view what) {
  return absl::DataLossError(absl::StrCat("etcd: the first damaged event is ", sequence, ": ", what,
                                          ". The brokers' own files hold the log: run `musterd verify` on them"));
}

}  // namespace

EtcdBatchReader::EtcdBatchReader(EtcdClient* client, EtcdLogKeys keys, absl::Duration within, Sequence expected,
                                 std::optional<std::string> checksum)
    : client_(client), keys_(std::move(keys)), within_(within), expected_(expected), checksum_(std::move(checksum)) {}

absl::StatusOr<EtcdBatchReader> EtcdBatchReader::At(EtcdClient* client, EtcdLogKeys keys, absl::Duration within,
                                                    Sequence first, size_t batch_events_max) {
  // The batch that holds `first`, and the one before, begin in here.
  const Sequence reach = std::min<Sequence>(first - 1, 2 * batch_events_max);
  etcdserverpb::TxnRequest look;
  *look.add_success() = RangeOp(keys.Batches(), EtcdRangeEnd(keys.Batches()), 1, /*keys_only=*/true);
  *look.add_success() = RangeOp(keys.Batch(first - reach), JustAfter(keys.Batch(first)), 0, /*keys_only=*/true);
  MUSTER_ASSIGN_OR_RETURN(const etcdserverpb::TxnResponse seen, client->Txn(look, within));
  const etcdserverpb::RangeResponse& near = seen.responses(1).response_range();
  if (near.kvs().empty()) {
    const etcdserverpb::KeyValue* held = FoundBy(seen, 0);
    if (held == nullptr) return Damaged(first, "etcd holds no batch at all");
    MUSTER_ASSIGN_OR_RETURN(const Sequence first_held, keys.ParseBatchKey(held->key()));
    if (first_held > first) return Trimmed(first, first_held);
    return Damaged(first, "the batch that holds it is missing");
  }
  MUSTER_ASSIGN_OR_RETURN(const Sequence begins, keys.ParseBatchKey(near.kvs().rbegin()->key()));
  if (begins == 1) return EtcdBatchReader(client, std::move(keys), within, 1, GenesisChecksum());
  if (near.kvs_size() == 1) return EtcdBatchReader(client, std::move(keys), within, begins, std::nullopt);
  etcdserverpb::RangeRequest before;
  before.set_key(near.kvs(near.kvs_size() - 2).key());
  MUSTER_ASSIGN_OR_RETURN(const etcdserverpb::RangeResponse found, client->Range(before, within));
  // Trimmed meanwhile: then it is as if it had never been seen.
  if (found.kvs().empty()) return EtcdBatchReader(client, std::move(keys), within, begins, std::nullopt);
  MUSTER_ASSIGN_OR_RETURN(StoredBatch previous, keys.ParseBatch(found.kvs(0)));
  return EtcdBatchReader(client, std::move(keys), within, begins, std::move(previous.checksum));
}

absl::StatusOr<EtcdBatchReader::Page> EtcdBatchReader::Look() const {
  const std::string end = EtcdRangeEnd(keys_.Batches());
  etcdserverpb::TxnRequest look;
  *look.add_success() = GetOp(keys_.Tail());
  *look.add_success() = RangeOp(keys_.Batches(), end, 1, /*keys_only=*/true);
  *look.add_success() = RangeOp(keys_.Batch(expected_), end, kBatchesPerPage, /*keys_only=*/false);
  MUSTER_ASSIGN_OR_RETURN(etcdserverpb::TxnResponse seen, client_->Txn(look, within_));
  Page page;
  if (const etcdserverpb::KeyValue* tail = FoundBy(seen, 0)) {
    MUSTER_ASSIGN_OR_RETURN(page.tail, ParseTail(tail->value()));
  }
  if (const etcdserverpb::KeyValue* held = FoundBy(seen, 1)) {
    MUSTER_ASSIGN_OR_RETURN(page.first_held, keys_.ParseBatchKey(held->key()));
  }
  if (seen.responses_size() > 2) {
    auto& entries = *seen.mutable_responses(2)->mutable_response_range()->mutable_kvs();
    page.entries.assign(std::make_move_iterator(entries.begin()), std::make_move_iterator(entries.end()));
  }
  return page;
}

absl::Status EtcdBatchReader::CheckEnd(const Page& page) const {
  const Sequence last = page.tail.has_value() ? page.tail->last_sequence() : 0;
  if (expected_ > last + 1) {
    return Damaged(last + 1, absl::StrCat("the log ends at ", last, ", but had come to ", expected_ - 1,
                                          " before: it is another log, or an older one"));
  }
  if (expected_ == last + 1) {
    if (!page.tail.has_value() || !checksum_.has_value() || page.tail->checksum() == *checksum_) {
      return absl::OkStatus();
    }
    return Damaged(last, "the log ends with another checksum: it is another log");
  }
  if (page.first_held == 0 || page.first_held > expected_) {
    return Trimmed(expected_, page.first_held == 0 ? last + 1 : page.first_held);
  }
  return Damaged(expected_, absl::StrCat("it is missing; the log ends at ", last));
}

absl::StatusOr<StoredBatch> EtcdBatchReader::Take(const etcdserverpb::KeyValue& entry) {
  MUSTER_ASSIGN_OR_RETURN(StoredBatch batch, keys_.ParseBatch(entry));
  const std::optional<BatchFault> fault =
      checksum_.has_value() ? CheckBatch(batch, expected_, *checksum_) : CheckRecords(batch, expected_);
  if (fault.has_value()) return Damaged(fault->sequence, fault->what);
  expected_ += batch.count;
  checksum_ = batch.checksum;
  return batch;
}

absl::StatusOr<std::vector<StoredBatch>> EtcdBatchReader::Next() {
  MUSTER_ASSIGN_OR_RETURN(const Page page, Look());
  const Sequence last = page.tail.has_value() ? page.tail->last_sequence() : 0;
  std::vector<StoredBatch> batches;
  // A batch that begins elsewhere: what should be here is missing, and why is to be told.
  if (expected_ > last || page.entries.empty() || page.entries.front().key() != keys_.Batch(expected_)) {
    MUSTER_RETURN_IF_ERROR(CheckEnd(page));
    if (!page.entries.empty()) return Damaged(expected_, "a batch lies beyond the end of the log");
  }
  for (const etcdserverpb::KeyValue& entry : page.entries) {
    if (expected_ > last) break;
    absl::StatusOr<StoredBatch> batch = Take(entry);
    if (!batch.ok() && batches.empty()) return batch.status();
    if (!batch.ok()) break;  // It is the first of the next page, where the error is told.
    batches.push_back(*std::move(batch));
  }
  at_end_ = expected_ == last + 1;
  return batches;
}

}  // namespace muster
