#include "absl/strings/str_cat.h"
#include "common/error_reason.h"
#include "common/status_macros.h"
#include "server/state/access/visibility.h"
#include "server/state/decider.h"

namespace muster {

Decider::Decision Decider::Apply(const v1::PublishPlan& plan) {
  OperationRecord& operation = Operation(plan.operation_id());
  MUSTER_RETURN_IF_ERROR(operation.CheckOpen());
  for (const v1::Section& section : plan.sections()) {
    MUSTER_RETURN_IF_ERROR(CheckPlanChange(operation, section.audience()));
  }
  const BoardsBefore boards = Boards(operation);
  MUSTER_RETURN_IF_ERROR(operation.PublishPlan(plan, at_));
  TellPlan(operation, 0, /*always=*/false);
  ReviewBoards(&operation, boards);
  return PlanAccepted(operation);
}

Decider::Decision Decider::Apply(const v1::AmendPlan& amendment) {
  OperationRecord& operation = Operation(amendment.operation_id());
  MUSTER_RETURN_IF_ERROR(operation.CheckOpen());
  for (const v1::SectionAmendment& amended : amendment.amendments()) {
    MUSTER_RETURN_IF_ERROR(CheckPlanChange(operation, amended.section().audience()));
  }
  const uint32_t version_before = operation.plan().version();
  const bool was_withdrawn = operation.plan().is_withdrawn();
  const BoardsBefore boards = Boards(operation);
  MUSTER_RETURN_IF_ERROR(operation.AmendPlan(amendment, at_));
  TellPlan(operation, version_before, /*always=*/was_withdrawn);
  ReviewBoards(&operation, boards);
  return PlanAccepted(operation);
}

Decider::Decision Decider::Apply(const v1::WithdrawPlan& withdrawal) {
  OperationRecord& operation = Operation(withdrawal.operation_id());
  MUSTER_RETURN_IF_ERROR(operation.CheckOpen());
  const BoardsBefore boards = Boards(operation);
  MUSTER_RETURN_IF_ERROR(operation.plan().Withdraw(withdrawal));
  TellPlan(operation, operation.plan().version(), /*always=*/true);
  ReviewBoards(&operation, boards);
  return PlanAccepted(operation);
}

Decider::Decision Decider::Apply(const v1::AcknowledgePlan& acknowledgement) {
  OperationRecord& operation = Operation(acknowledgement.operation_id());
  MUSTER_RETURN_IF_ERROR(operation.CheckOpen());
  const v1::Participant& self = Self(operation);
  // Saying that the plan cannot be carried out takes back READY; a plain acknowledgement changes no board.
  std::optional<BoardsBefore> boards;
  if (!acknowledgement.rejection_reason().empty()) {
    boards = Boards(operation, std::set<std::string>(self.site_ids().begin(), self.site_ids().end()));
  }
  bool changed = false;
  MUSTER_RETURN_IF_ERROR(operation.plan().Acknowledge(self, event_.principal().post(), acknowledgement, at_, &changed));
  if (changed) {
    v1::Notice notice;
    *notice.mutable_acknowledgement() = operation.plan().StandingOf(self);
    notices_.TellOf(
        operation,
        ParticipantsWhere(operation,
                          [&](const v1::Participant& reader) { return SeesAcknowledgementOf(reader, agency_id()); }),
        std::move(notice));
    if (boards.has_value()) ReviewBoards(&operation, *boards);
  }
  return PlanAccepted(operation);
}

absl::Status Decider::CheckPlanChange(const OperationRecord& operation, const v1::Audience& audience) const {
  for (const std::string& site_id : audience.site_ids()) {
    if (operation.FindSite(site_id) == nullptr) {
      return Refusal(v1::ERROR_REASON_UNKNOWN_REFERENCE,
                     absl::StrCat("the audience names site ", site_id, ", which is not part of the operation"));
    }
  }
  return absl::OkStatus();
}

void Decider::TellPlan(const OperationRecord& operation, uint32_t version_before, bool always) {
  const PlanBook& plan = operation.plan();
  struct Views {
    uint32_t version_before;
    v1::PlanView now;
  };
  std::map<std::string, Views> by_key;  // Equal keys, equal views: computed once per class of reader.
  notices_.TellEach(operation, [&](const v1::Participant& reader) -> std::optional<v1::Notice> {
    const std::string key = plan.ViewKey(reader);
    auto it = by_key.find(key);
    if (it == by_key.end()) {
      it = by_key.emplace(key, Views{plan.ViewFor(reader, version_before).version(), plan.ViewFor(reader)}).first;
    }
    const Views& views = it->second;
    if (views.now.version() == 0 || (!always && views.now.version() == views.version_before)) return std::nullopt;
    v1::Notice notice;
    *notice.mutable_plan() = views.now;
    return notice;
  });
}

v1::Accepted Decider::PlanAccepted(const OperationRecord& operation) const {
  const PlanBook::Reach reach = operation.plan().ReachOf(Self(operation));
  v1::Accepted accepted;
  accepted.set_plan_version(reach.version);
  accepted.set_plan_content_sha256(reach.content_sha256);
  return accepted;
}

}  // namespace muster
