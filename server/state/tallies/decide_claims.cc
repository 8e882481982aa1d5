#include "common/status_macros.h"
#include "server/state/access/visibility.h"
#include "server/state/decider.h"

namespace muster {

// In any phase: others publish whenever they like, most of them after the operation has closed.
Decider::Decision Decider::Apply(const v1::RecordClaim& record) {
  OperationRecord& operation = Operation(record.operation_id());
  bool changed = false;
  MUSTER_RETURN_IF_ERROR(operation.claims().Record(record.claim(), event_.principal(), at_, &changed));
  v1::Accepted accepted;
  accepted.set_already_recorded(!changed);
  if (!changed) return accepted;
  v1::Notice notice;
  *notice.mutable_claim() = operation.claims().claims().at(record.claim().claim_id());
  notices_.TellOf(operation, ParticipantsWhere(operation, SeesWholeRoster), std::move(notice));
  return accepted;
}

}  // namespace muster
