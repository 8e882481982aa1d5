#include "server/etcd/etcd_event_log.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/deadline.h"
#include "common/revision.h"
#include "common/status_macros.h"
#include "server/etcd/etcd_batch_reader.h"
#include "server/log/append_check.h"

namespace muster {
namespace {

// etcd takes requests of 1.5 MiB, and adds a little of its own.
constexpr size_t kRequestBytesMax = (3 << 19) - 1024;
// No batch of the log may have more events, whatever this broker's limits are.
constexpr size_t kBatchEventsMax = 1024;
// How many keys one Trim looks at. etcd reads their batches into memory to name them.
constexpr int64_t kTrimBatchesMax = 500;
constexpr absl::Duration kPauseMin = absl::Milliseconds(20);
constexpr absl::Duration kPauseMax = absl::Milliseconds(500);

// Waits between attempts, each time longer.
class Pauses {
 public:
  void Wait(absl::Duration at_most) {
    (void)never_.WaitBeyond(never_.now(), std::min(next_, at_most));
    next_ = std::min(2 * next_, kPauseMax);
  }

 private:
  Revision never_;  // Nobody bumps it.
  absl::Duration next_ = kPauseMin;
};

// The value of a key of ours: the same bytes for the same record, since comparisons are of bytes.
std::string Encoded(const cluster::v1::LogTail& tail) { return tail.SerializeAsString(); }

std::string Encoded(const StoredBatch& batch, int64_t term) {
  cluster::v1::LogBatch record;
  record.set_count(batch.count);
  record.set_checksum(batch.checksum);
  record.set_bytes(batch.bytes);
  record.set_term(term);
  return record.SerializeAsString();
}

cluster::v1::LogTail TailAfter(const StoredBatch& batch, int64_t term) {
  cluster::v1::LogTail tail;
  tail.set_last_sequence(batch.first + batch.count - 1);
  tail.set_checksum(batch.checksum);
  tail.set_term(term);
  return tail;
}

cluster::v1::LogTail EmptyTail() {
  cluster::v1::LogTail tail;
  tail.set_checksum(GenesisChecksum());
  return tail;
}

absl::Status NotLeading(absl::string_view why) {
  return absl::AbortedError(absl::StrCat("append: nothing was written: ", why));
}

absl::Status Refused(const absl::Status& refusal) {
  return absl::ResourceExhaustedError(absl::StrCat("append: nothing was written: ", refusal.message()));
}

absl::Status NoLog() {
  return absl::FailedPreconditionError(
      "append: nothing was written: there is no log in etcd under this prefix; begin it");
}

}  // namespace

EtcdEventLog::EtcdEventLog(EtcdClient* client, Options options, const Clock* clock)
    : client_(client), options_(std::move(options)), clock_(clock), keys_(options_.prefix), tail_(EmptyTail()) {}

// ---- Where the log ends ----------------------------------------------------------------------------------------

absl::StatusOr<bool> EtcdEventLog::Refresh() {
  etcdserverpb::RangeRequest request;
  request.set_key(keys_.Tail());
  MUSTER_ASSIGN_OR_RETURN(const etcdserverpb::RangeResponse response,
                          client_->Range(request, options_.attempt_timeout));
  const cluster::v1::LogTail known = tail();
  cluster::v1::LogTail found = EmptyTail();
  if (!response.kvs().empty()) {
    MUSTER_ASSIGN_OR_RETURN(found, ParseTail(response.kvs(0).value()));
  }
  const bool same_end = found.last_sequence() == known.last_sequence();
  if (found.last_sequence() < known.last_sequence() || (same_end && found.checksum() != known.checksum())) {
    return absl::DataLossError(absl::StrCat(
        "etcd: the log ends at ", found.last_sequence(), same_end ? " with another checksum" : "", ", and had come to ",
        known.last_sequence(), " before: it is another log, or an older one. Was etcd restored from a copy?"));
  }
  SetTail(std::move(found));
  tail_known_ = !response.kvs().empty();
  return tail_known_;
}

void EtcdEventLog::SetTail(cluster::v1::LogTail tail) {
  const Sequence last = tail.last_sequence();
  {
    absl::MutexLock lock(&tail_mu_);
    tail_ = std::move(tail);
  }
  last_.store(last, std::memory_order_release);
}

cluster::v1::LogTail EtcdEventLog::tail() const {
  absl::MutexLock lock(&tail_mu_);
  return tail_;
}

void EtcdEventLog::SetTerm(int64_t term) {
  term_.store(term);
  poison_ = absl::OkStatus();
  tail_known_ = false;
}

absl::Status EtcdEventLog::Begin(absl::Span<const EncodedEvent> first_batch) {
  MUSTER_RETURN_IF_ERROR(CheckAppend(first_batch, 0, options_.limits));
  const StoredBatch batch = MakeBatch(first_batch, GenesisChecksum());
  return BeginWith(TailAfter(batch, /*term=*/0), &batch);
}

absl::Status EtcdEventLog::BeginAfter(const cluster::v1::LogTail& tail) {
  if (!ParseTail(Encoded(tail)).ok()) return absl::InvalidArgumentError("begin: the tail given has no checksum");
  return BeginWith(tail, nullptr);
}

absl::Status EtcdEventLog::BeginWith(const cluster::v1::LogTail& tail, const StoredBatch* first_batch) {
  etcdserverpb::TxnRequest request;
  *request.add_compare() = CreatedAt(keys_.Tail(), 0);
  // Of a log whose tail somebody took away, no batch may become one of this.
  *request.add_compare() = NoneUnder(keys_.Batches());
  *request.add_success() = PutOp(keys_.Tail(), Encoded(tail));
  if (first_batch != nullptr) {
    *request.add_success() = PutOp(keys_.Batch(first_batch->first), Encoded(*first_batch, /*term=*/0));
  }
  MUSTER_ASSIGN_OR_RETURN(const etcdserverpb::TxnResponse response, client_->Txn(request, options_.attempt_timeout));
  if (!response.succeeded()) {
    return absl::AlreadyExistsError(absl::StrCat("begin: etcd holds a log under ", options_.prefix, " already"));
  }
  SetTail(tail);
  return absl::OkStatus();
}

// ---- Append ----------------------------------------------------------------------------------------------------

absl::Status EtcdEventLog::Append(absl::Span<const EncodedEvent> events) {
  MUSTER_RETURN_IF_ERROR(poison_);
  // 0 is the create revision of a key that is not there: compared with, it would let everybody append.
  const int64_t term = term_.load();
  if (term == 0) return NotLeading("this broker does not lead");
  MUSTER_RETURN_IF_ERROR(KnowTail());
  MUSTER_RETURN_IF_ERROR(CheckAppend(events, last_sequence(), options_.limits));
  const StoredBatch batch = MakeBatch(events, tail().checksum());
  cluster::v1::LogTail wanted = TailAfter(batch, term);
  MUSTER_ASSIGN_OR_RETURN(const etcdserverpb::TxnRequest request, AppendRequest(batch, wanted));
  const absl::Status status = Commit(request, batch.first, wanted);
  if (status.ok()) SetTail(std::move(wanted));
  if (absl::IsAborted(status)) term_.store(0);
  return status;
}

absl::Status EtcdEventLog::KnowTail() {
  if (tail_known_) return absl::OkStatus();
  const Deadline patience(options_.append_patience, *clock_);
  Pauses pauses;
  while (true) {
    const absl::StatusOr<bool> known = Refresh();
    if (known.ok()) return *known ? absl::OkStatus() : NoLog();
    if (!absl::IsUnavailable(known.status()) && !absl::IsUnknown(known.status())) return known.status();
    pauses.Wait(patience.left());
    if (patience.passed()) return Poison(known.status());
  }
}

absl::StatusOr<etcdserverpb::TxnRequest> EtcdEventLog::AppendRequest(const StoredBatch& batch,
                                                                     const cluster::v1::LogTail& wanted) const {
  etcdserverpb::TxnRequest request;
  *request.add_compare() = CreatedAt(keys_.Leader(), wanted.term());
  *request.add_compare() = HasValue(keys_.Tail(), Encoded(tail()));
  *request.add_success() = PutOp(keys_.Batch(batch.first), Encoded(batch, wanted.term()));
  *request.add_success() = PutOp(keys_.Tail(), Encoded(wanted));
  // In the order that Judge reads.
  for (std::string key : {keys_.Leader(), keys_.Tail(), keys_.Batch(batch.first)}) {
    *request.add_failure() = GetOp(std::move(key));
  }
  if (const size_t bytes = request.ByteSizeLong(); bytes > kRequestBytesMax) {
    return absl::ResourceExhaustedError(absl::StrCat("append: nothing was written: the batch makes a request of ",
                                                     bytes, " bytes; etcd takes ", kRequestBytesMax));
  }
  return request;
}

// Why a comparison that failed ends the matter, though attempts before it may still be on their way: a tail that has
// moved never takes an earlier value again, since its last sequence only grows; and a fence that is gone never comes
// back, since etcd gives no create revision out twice. So whatever arrives later fails in the same comparison, and what
// etcd holds at this moment says whether one of the attempts was done.
//
// An answer of RESOURCE_EXHAUSTED is weaker. etcd refuses before it does anything, except for the one write at which it
// finds its quota used up: that is done, and then refused. So after a refusal one has to look. If nothing was done,
// that is the end only when no other attempt is on its way: the alarm may be taken away before that one arrives.
absl::Status EtcdEventLog::Commit(const etcdserverpb::TxnRequest& write, Sequence first,
                                  const cluster::v1::LogTail& wanted) {
  etcdserverpb::TxnRequest look;
  *look.mutable_success() = write.failure();
  const Deadline patience(options_.append_patience, *clock_);
  Pauses pauses;
  bool on_its_way = false;  // An attempt of unknown fate may be.
  bool looking = false;     // Whether to look, because the attempt before was refused.
  absl::Status trouble;     // The last.
  while (true) {
    const absl::StatusOr<etcdserverpb::TxnResponse> answer =
        client_->Txn(looking ? look : write, std::min(options_.attempt_timeout, patience.left()));
    if (answer.ok() && !looking && answer->succeeded()) return absl::OkStatus();
    if (answer.ok()) {
      if (const std::optional<absl::Status> fate = Judge(*answer, first, wanted)) return *fate;
      if (!on_its_way) return Refused(trouble);
      looking = false;
    } else {
      trouble = answer.status();
      const bool refused = !looking && (absl::IsResourceExhausted(trouble) || absl::IsInvalidArgument(trouble));
      if (!looking && !refused && !absl::IsUnavailable(trouble)) on_its_way = true;
      looking = looking || refused;
      if (refused) continue;
    }
    pauses.Wait(patience.left());
    if (patience.passed()) return Poison(trouble);
  }
}

std::optional<absl::Status> EtcdEventLog::Judge(const etcdserverpb::TxnResponse& seen, Sequence first,
                                                const cluster::v1::LogTail& wanted) {
  const etcdserverpb::KeyValue* fence = FoundBy(seen, 0);
  const etcdserverpb::KeyValue* stored_tail = FoundBy(seen, 1);
  const etcdserverpb::KeyValue* stored_batch = FoundBy(seen, 2);
  if (stored_tail == nullptr) return NotLeading("the log in etcd is gone");
  const absl::StatusOr<cluster::v1::LogTail> found = ParseTail(stored_tail->value());
  if (!found.ok()) return Poison(found.status());
  cluster::v1::LogBatch batch;
  // It is ours, and durable: an attempt before this one was done. Others may have gone on after it, who then know it.
  if (stored_batch != nullptr && batch.ParseFromString(stored_batch->value()) && batch.term() == wanted.term() &&
      batch.checksum() == wanted.checksum()) {
    return absl::OkStatus();
  }
  if (stored_batch == nullptr && found->last_sequence() >= first) {
    return Poison(absl::UnknownError("the log went on, and what it holds there has been trimmed since"));
  }
  if (!SameTail(*found, tail())) return NotLeading("the log has gone on without this broker");
  if (fence == nullptr || fence->create_revision() != wanted.term()) return NotLeading("another broker leads, or none");
  return std::nullopt;
}

absl::Status EtcdEventLog::Poison(const absl::Status& cause) {
  poison_ = absl::UnknownError(absl::StrCat("append: the fate of the last batch is unknown: ", cause.message(),
                                            ". This broker must lead anew before it appends again"));
  return poison_;
}

// ---- Read ------------------------------------------------------------------------------------------------------

absl::Status EtcdEventLog::Read(Sequence first, const Visitor& visit) const {
  const Sequence last = last_sequence();
  MUSTER_RETURN_IF_ERROR(CheckReadFrom(first, last));
  if (first > last) return absl::OkStatus();
  MUSTER_ASSIGN_OR_RETURN(EtcdBatchReader reader,
                          EtcdBatchReader::At(client_, keys_, options_.attempt_timeout, first,
                                              std::max(kBatchEventsMax, options_.limits.batch_events_max)));
  while (reader.expected() <= last) {
    MUSTER_ASSIGN_OR_RETURN(const std::vector<StoredBatch> batches, reader.Next());
    if (batches.empty()) {
      return absl::DataLossError(absl::StrCat("etcd: the log ends at ", reader.expected() - 1, ", and had come to ",
                                              last, " before: it is an older one"));
    }
    for (const StoredBatch& batch : batches) {
      if (batch.first > last) break;
      MUSTER_RETURN_IF_ERROR(VisitBatch(batch, first, visit));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<StoredBatch>> EtcdEventLog::ReadAfter(Sequence last, absl::string_view checksum,
                                                                 size_t bytes_max) const {
  EtcdBatchReader reader(client_, keys_, options_.attempt_timeout, last + 1, std::string(checksum));
  std::vector<StoredBatch> batches;
  size_t bytes = 0;
  while (true) {
    absl::StatusOr<std::vector<StoredBatch>> next = reader.Next();
    // What was read is sound; the error comes again at the next call, where nothing is before it.
    if (!next.ok() && batches.empty()) return next.status();
    if (!next.ok()) return batches;
    for (StoredBatch& batch : *next) {
      if (!batches.empty() && bytes >= bytes_max) return batches;
      bytes += batch.bytes.size();
      batches.push_back(std::move(batch));
    }
    if (reader.at_end()) return batches;
  }
}

absl::StatusOr<Sequence> EtcdEventLog::FirstHeld() const {
  etcdserverpb::TxnRequest look;
  *look.add_success() = RangeOp(keys_.Batches(), EtcdRangeEnd(keys_.Batches()), 1, /*keys_only=*/true);
  MUSTER_ASSIGN_OR_RETURN(const etcdserverpb::TxnResponse seen, client_->Txn(look, options_.attempt_timeout));
  const etcdserverpb::KeyValue* first = FoundBy(seen, 0);
  if (first == nullptr) return last_sequence() + 1;
  return keys_.ParseBatchKey(first->key());
}

absl::Status EtcdEventLog::Trim(Sequence through) {
  const int64_t term = term_.load();
  if (term == 0) return absl::AbortedError("trim: this broker does not lead");
  etcdserverpb::TxnRequest look;
  *look.add_success() = RangeOp(keys_.Batches(), EtcdRangeEnd(keys_.Batches()), kTrimBatchesMax, /*keys_only=*/true);
  MUSTER_ASSIGN_OR_RETURN(const etcdserverpb::TxnResponse seen, client_->Txn(look, options_.attempt_timeout));
  // A batch ends where the next begins; of the last one nothing is known, so it stays.
  Sequence kept = 0;  // The first that stays.
  const etcdserverpb::RangeResponse& held = seen.responses(0).response_range();
  for (int i = 1; i < held.kvs_size(); ++i) {
    MUSTER_ASSIGN_OR_RETURN(const Sequence begins, keys_.ParseBatchKey(held.kvs(i).key()));
    if (begins > through + 1) break;
    kept = begins;
  }
  etcdserverpb::TxnRequest request;
  *request.add_compare() = CreatedAt(keys_.Leader(), term);
  if (kept != 0) *request.add_success() = DeleteOp(keys_.Batches(), keys_.Batch(kept));
  MUSTER_ASSIGN_OR_RETURN(const etcdserverpb::TxnResponse response, client_->Txn(request, options_.attempt_timeout));
  if (!response.succeeded()) return absl::AbortedError("trim: another broker leads, or none");
  const absl::Status compacted = client_->Compact(response.header().revision(), options_.attempt_timeout);
  return absl::IsOutOfRange(compacted) ? absl::OkStatus() : compacted;  // It has been done already.
}

}  // namespace muster
