#include "absl/strings/str_cat.h"
#include "common/error_reason.h"
#include "common/status_macros.h"
#include "server/state/decider.h"

namespace muster {
namespace {

// CallHold or CallAbort as a stop.
template <typename Body>
storage::v1::SiteStop MakeStop(const Body& body, bool aborted, const v1::Principal& principal,
                               const google::protobuf::Timestamp& at) {
  storage::v1::SiteStop stop;
  stop.set_agency_id(principal.agency_id());
  stop.set_aborted(aborted);
  stop.set_reason(body.reason());
  *stop.mutable_at() = at;
  stop.set_post(principal.post());
  return stop;
}

absl::Status NotHeld(absl::string_view what) {
  return Refusal(v1::ERROR_REASON_NOT_FOUND,
                 absl::StrCat("this agency holds ", what, " not; whoever called a HOLD lifts it"), "G2");
}

}  // namespace

Decider::Decision Decider::Apply(const v1::CallHold& body) {
  OperationRecord& operation = Operation(body.operation_id());
  const storage::v1::SiteStop stop = MakeStop(body, /*aborted=*/false, event_.principal(), at_);
  MUSTER_RETURN_IF_ERROR(operation.CheckOpen());
  if (!body.site_id().empty()) MUSTER_RETURN_IF_ERROR(StoppableSite(operation, body.site_id()).status());
  MUSTER_RETURN_IF_ERROR(CheckEpoch(operation, body.epoch()));
  return body.site_id().empty() ? StopAll(&operation, stop) : StopSite(&operation, body.site_id(), stop);
}

Decider::Decision Decider::Apply(const v1::CallAbort& body) {
  OperationRecord& operation = Operation(body.operation_id());
  const storage::v1::SiteStop stop = MakeStop(body, /*aborted=*/true, event_.principal(), at_);
  MUSTER_RETURN_IF_ERROR(operation.CheckOpen());
  if (!body.site_id().empty()) MUSTER_RETURN_IF_ERROR(StoppableSite(operation, body.site_id()).status());
  MUSTER_RETURN_IF_ERROR(CheckEpoch(operation, body.epoch()));
  return body.site_id().empty() ? StopAll(&operation, stop) : StopSite(&operation, body.site_id(), stop);
}

Decider::Decision Decider::StopAll(OperationRecord* operation, const storage::v1::SiteStop& stop) {
  if (Self(*operation).role() != v1::ROLE_LEAD) {
    return Refusal(v1::ERROR_REASON_NOT_PERMITTED,
                   "only the lead stops the whole operation; name one of this agency's own sites");
  }
  ReadinessBoard& board = operation->readiness();
  if (board.stop() != nullptr && !stop.aborted()) return v1::Accepted();  // The first HOLD stands.
  const BoardsBefore boards = Boards(*operation);
  CancelEscalations(*operation);
  board.StopAll(stop, operation->plan().version());
  TellBoards(*operation, boards);
  return v1::Accepted();
}

Decider::Decision Decider::StopSite(OperationRecord* operation, const std::string& site_id,
                                    const storage::v1::SiteStop& stop) {
  ReadinessBoard& board = operation->readiness();
  const auto& stops = board.StopsAt(site_id);
  const auto before = stops.find(stop.agency_id());
  // The first stands; an ABORT replaces a HOLD, never the other way round.
  if (before != stops.end() && (before->second.aborted() || !stop.aborted())) return v1::Accepted();
  const BoardsBefore boards = Boards(*operation, std::set<std::string>{site_id});
  board.StopSite(site_id, stop);
  TellBoards(*operation, boards);
  return v1::Accepted();
}

Decider::Decision Decider::Apply(const v1::LiftHold& body) {
  OperationRecord& operation = Operation(body.operation_id());
  const v1::Participant& self = Self(operation);
  MUSTER_RETURN_IF_ERROR(operation.CheckOpen());
  if (body.site_id().empty() && self.role() != v1::ROLE_LEAD) {
    return Refusal(v1::ERROR_REASON_NOT_PERMITTED, "only the lead lifts a HOLD of the whole operation");
  }
  if (!body.site_id().empty()) MUSTER_RETURN_IF_ERROR(StoppableSite(operation, body.site_id()).status());
  MUSTER_RETURN_IF_ERROR(CheckEpoch(operation, body.epoch()));
  ReadinessBoard& board = operation.readiness();
  if (body.site_id().empty()) {
    if (board.stop() == nullptr) return NotHeld("the operation");
    const BoardsBefore boards = Boards(operation, std::set<std::string>());
    board.LiftAll();
    TellBoards(operation, boards);
    return v1::Accepted();
  }
  const auto& stops = board.StopsAt(body.site_id());
  const v1::Site& site = *operation.FindSite(body.site_id());
  std::vector<std::string> liftable;
  for (const auto& [holder, stop] : stops) {
    const v1::Participant* participant = operation.FindParticipant(holder);
    const bool works_there = participant != nullptr && WorksAt(*participant, site);
    const bool own = holder == agency_id();
    if (own && stop.aborted()) {
      return Refusal(v1::ERROR_REASON_WRONG_PHASE,
                     absl::StrCat("site ", body.site_id(), " is aborted for epoch ", body.epoch(),
                                  ", which nobody can undo; wait for the next H-hour"),
                     "G4");
    }
    // Nobody else is left to lift the HOLD of an agency that works there no more.
    if (own || (self.role() == v1::ROLE_LEAD && !works_there && !stop.aborted())) liftable.push_back(holder);
  }
  if (liftable.empty()) return NotHeld(absl::StrCat("site ", body.site_id()));
  const BoardsBefore boards = Boards(operation, std::set<std::string>{body.site_id()});
  for (const std::string& holder : liftable) board.LiftSite(body.site_id(), holder);
  TellBoards(operation, boards);
  return v1::Accepted();
}

}  // namespace muster
