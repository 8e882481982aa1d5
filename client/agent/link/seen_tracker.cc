#include "client/agent/link/seen_tracker.h"

#include <vector>

#include "common/status_macros.h"

namespace muster::agent {
namespace {

constexpr size_t kItemsAtOnce = 500;

}  // namespace

SeenTracker::SeenTracker(Outbox* outbox, const Clock* clock) : outbox_(outbox), clock_(clock) {}

absl::Status SeenTracker::Take(const std::string& operation_id, const google::protobuf::Message& answer) {
  const auto* const acknowledgements = dynamic_cast<const muster::v1::ListAcknowledgementsResponse*>(&answer);
  const auto* const board = dynamic_cast<const muster::v1::GetReadinessBoardResponse*>(&answer);
  if (acknowledgements == nullptr && board == nullptr) return absl::OkStatus();
  MUSTER_RETURN_IF_ERROR(Look());
  const auto it = operations_.find(operation_id);
  if (it == operations_.end()) return absl::OkStatus();
  return acknowledgements != nullptr ? TakeAcknowledgements(*acknowledgements, &it->second.plan)
                                     : TakeBoard(board->board(), &it->second.go);
}

absl::Status SeenTracker::Look() {
  uint64_t after = looked_through_;
  bool all_settled = true;
  while (true) {
    MUSTER_ASSIGN_OR_RETURN(const std::vector<v1::OutboxItem> items, outbox_->List({}, after, kItemsAtOnce));
    for (const v1::OutboxItem& item : items) {
      MUSTER_RETURN_IF_ERROR(LookAt(item));
      // One that is undecided is looked at again, and so are those behind it.
      all_settled &= item.state() != v1::DELIVERY_STATE_SAVED_HERE;
      if (all_settled) looked_through_ = item.number();
      after = item.number();
    }
    if (items.size() < kItemsAtOnce) return absl::OkStatus();
  }
}

absl::Status SeenTracker::LookAt(const v1::OutboxItem& item) {
  if (item.state() != v1::DELIVERY_STATE_ACCEPTED) return absl::OkStatus();
  const bool is_plan = item.kind() == "publish_plan" || item.kind() == "amend_plan";
  const bool is_go = item.kind() == "approve_go" && item.outcome().accepted().go_given();
  if (!is_plan && !is_go) return absl::OkStatus();
  Operation& operation = operations_[item.operation_id()];
  Sent& sent = is_plan ? operation.plan : operation.go;
  if (item.number() <= sent.number) return absl::OkStatus();
  sent = {};
  sent.number = item.number();
  sent.version = item.outcome().accepted().plan_version();
  sent.noted = item.seen();
  if (is_go) {
    v1::OutboxItemName name;
    name.set_number(item.number());
    MUSTER_ASSIGN_OR_RETURN(const v1::OutboxItem whole, outbox_->Get(name));
    sent.epoch = whole.submission().approve_go().epoch();
  }
  return absl::OkStatus();
}

absl::Status SeenTracker::TakeAcknowledgements(const muster::v1::ListAcknowledgementsResponse& answer, Sent* plan) {
  uint32_t seen = 0;
  for (const muster::v1::Acknowledgement& one : answer.acknowledgements()) {
    seen += one.status() == muster::v1::ACKNOWLEDGEMENT_STATUS_ACKNOWLEDGED ? 1 : 0;
  }
  return Note(seen, static_cast<uint32_t>(answer.acknowledgements_size()), plan);
}

absl::Status SeenTracker::TakeBoard(const muster::v1::ReadinessBoard& board, Sent* go) {
  if (board.go().epoch() != go->epoch || board.go().state() != muster::v1::GO_STATE_GIVEN) return absl::OkStatus();
  uint32_t seen = 0;
  uint32_t of = 0;
  for (const muster::v1::SiteReadiness& site : board.sites()) {
    for (const muster::v1::AgencyReadiness& agency : site.agencies()) {
      seen += agency.has_go_acknowledged_at() ? 1 : 0;
      ++of;
    }
  }
  return Note(seen, of, go);
}

absl::Status SeenTracker::Note(uint32_t seen, uint32_t of, Sent* sent) {
  if (sent->number == 0 || (sent->noted.has_as_of() && sent->noted.seen() == seen && sent->noted.of() == of)) {
    return absl::OkStatus();
  }
  sent->noted.set_seen(seen);
  sent->noted.set_of(of);
  *sent->noted.mutable_as_of() = ToProto(clock_->Now());
  return outbox_->NoteSeen(sent->number, sent->noted);
}

}  // namespace muster::agent
