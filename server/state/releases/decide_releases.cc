#include <algorithm>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/error_reason.h"
#include "common/status_macros.h"
#include "server/state/decider.h"
#include "server/state/releases/release_check.h"
#include "server/state/releases/release_view.h"
#include "server/state/tallies/suppressed_totals.h"

namespace muster {
namespace {

using storage::v1::ReleaseImage;

std::string StateName(const v1::Release& release) {
  return v1::ReleaseState_Name(release.state()).substr(sizeof("RELEASE_STATE_") - 1);
}

// DRAFT, CHECKED and APPROVED: nobody but its drafters has seen it.
bool IsInside(const v1::Release& release) { return !release.has_issued_at(); }

absl::Status CheckStatesKnown(const OperationRecord& operation, const ReleaseCellNames& names) {
  for (const v1::ReleaseCellName& name : names) {
    const bool known = name.state().empty() || absl::c_any_of(operation.sites(), [&](const auto& site) {
                         return site.second.state() == name.state();
                       });
    if (known) continue;
    return Refusal(v1::ERROR_REASON_UNKNOWN_REFERENCE,
                   absl::StrCat("the operation has no site in ", name.state(), "; leave its figures out"));
  }
  return absl::OkStatus();
}

absl::Status CheckCorrects(const OperationRecord& operation, const v1::Release& release) {
  const std::string& corrected = release.corrects_release_id();
  if (corrected.empty()) return absl::OkStatus();
  const ReleaseImage* found = operation.releases().Find(corrected);
  if (found != nullptr && found->release().state() == v1::RELEASE_STATE_ISSUED) return absl::OkStatus();
  return Refusal(v1::ERROR_REASON_UNKNOWN_REFERENCE,
                 absl::StrCat("release ", corrected,
                              " is not one that stands issued; correct the one that took its place, or none"));
}

absl::Status Discloses(const std::vector<std::string>& findings) {
  return Refusal(v1::ERROR_REASON_RELEASE_DISCLOSES,
                 absl::StrCat("the release lets suppressed figures be derived: ", absl::StrJoin(findings, "; "),
                              ". Withhold further figures (a preview suggests which), or let a named person approve it "
                              "with a reason"),
                 RuleOfFinding(findings.front()));
}

int64_t LimitOf(const OperationRecord& operation) { return SmallCellLimitOf(operation.operation()); }

}  // namespace

Decider::Decision Decider::Apply(const v1::DraftRelease& draft) {
  OperationRecord& operation = Operation(draft.operation_id());
  MUSTER_RETURN_IF_ERROR(CheckStatesKnown(operation, draft.cells()));
  MUSTER_RETURN_IF_ERROR(CheckStatesKnown(operation, draft.withheld()));
  const ReleaseImage* before = operation.releases().Find(draft.release_id());
  if (before != nullptr && !IsInside(before->release())) {
    return Refusal(
        v1::ERROR_REASON_ALREADY_EXISTS,
        absl::StrCat("release ", draft.release_id(), " has been issued; draft one of another id that corrects it"));
  }
  if (before == nullptr && operation.releases().releases().size() >= ReleaseBook::kReleasesMax) {
    return Refusal(v1::ERROR_REASON_LIMIT_REACHED,
                   absl::StrCat("the operation has ", ReleaseBook::kReleasesMax,
                                " releases, which is the most it can hold; draft one that is not issued anew"));
  }
  ReleaseImage drafted;
  v1::Release* release = drafted.mutable_release();
  release->set_operation_id(draft.operation_id());
  release->set_release_id(draft.release_id());
  release->set_title(draft.title());
  release->set_statement(draft.statement());
  release->set_state(v1::RELEASE_STATE_DRAFT);
  *release->mutable_figures_as_of() = at_;
  *release->mutable_drafted_by() = event_.principal();
  release->set_corrects_release_id(draft.corrects_release_id());
  release->set_mode(operation.operation().mode());
  MUSTER_RETURN_IF_ERROR(CheckCorrects(operation, *release));
  FreezeRelease(draft.cells(), draft.withheld(), FiguresOf(operation), LimitOf(operation), &drafted);
  v1::Accepted accepted;
  for (const std::string& finding : FindingsOf(drafted, operation.releases().Issued(), LimitOf(operation))) {
    release->add_findings(finding);
    accepted.add_release_findings(finding);
  }
  PutRelease(&operation, std::move(drafted));
  return accepted;
}

Decider::Decision Decider::Apply(const v1::CheckRelease& check) {
  OperationRecord& operation = Operation(check.operation_id());
  MUSTER_ASSIGN_OR_RETURN(ReleaseImage checked, ReleaseInside(operation, check.release_id()));
  FreezeAgain(FiguresOf(operation), LimitOf(operation), &checked);
  const std::vector<std::string> findings = FindingsOf(checked, operation.releases().Issued(), LimitOf(operation));
  if (!findings.empty()) return Discloses(findings);
  v1::Release* release = checked.mutable_release();
  release->set_state(v1::RELEASE_STATE_CHECKED);
  *release->mutable_figures_as_of() = at_;
  release->clear_findings();
  // An approval was of other figures: it must be given again.
  release->clear_approved_by();
  release->clear_override();
  PutRelease(&operation, std::move(checked));
  return v1::Accepted();
}

Decider::Decision Decider::Apply(const v1::ApproveRelease& approval) {
  OperationRecord& operation = Operation(approval.operation_id());
  MUSTER_ASSIGN_OR_RETURN(ReleaseImage approved, ReleaseInside(operation, approval.release_id()));
  v1::Release* release = approved.mutable_release();
  const bool overrides = approval.has_override();
  if (release->state() == v1::RELEASE_STATE_APPROVED) {
    return Refusal(v1::ERROR_REASON_WRONG_PHASE,
                   absl::StrCat("release ", approval.release_id(), " is APPROVED already; issue it"));
  }
  if (release->state() == v1::RELEASE_STATE_CHECKED && overrides) {
    return Refusal(v1::ERROR_REASON_WRONG_PHASE,
                   absl::StrCat("release ", approval.release_id(),
                                " is CHECKED and nothing is wrong with it; approve it without an override"),
                   "S6");
  }
  if (release->state() == v1::RELEASE_STATE_DRAFT) {
    if (!overrides) {
      return Refusal(
          v1::ERROR_REASON_WRONG_PHASE,
          absl::StrCat("release ", approval.release_id(),
                       " is a DRAFT; check it first, or override the check with a named approver and a reason"),
          "S6");
    }
    if (approval.override().approver_name().empty() || approval.override().reason().empty()) {
      return Refusal(v1::ERROR_REASON_MALFORMED, "an override needs the name of who approves, and a reason", "S6");
    }
    *release->mutable_override() = approval.override();
  }
  release->set_state(v1::RELEASE_STATE_APPROVED);
  *release->mutable_approved_by() = event_.principal();
  PutRelease(&operation, std::move(approved));
  return v1::Accepted();
}

// A closed operation still issues: corrections of its tally, and so of its releases, follow its closing.
Decider::Decision Decider::Apply(const v1::IssueRelease& issue) {
  OperationRecord& operation = Operation(issue.operation_id());
  MUSTER_ASSIGN_OR_RETURN(ReleaseImage issued, ReleaseInside(operation, issue.release_id()));
  v1::Release* release = issued.mutable_release();
  if (operation.phase() != v1::OPERATION_PHASE_REPORTING && operation.phase() != v1::OPERATION_PHASE_CLOSED) {
    return Refusal(v1::ERROR_REASON_WRONG_PHASE,
                   absl::StrCat("nothing of operation ", operation.id(), " is released before it is REPORTING"), "S6");
  }
  if (release->state() != v1::RELEASE_STATE_APPROVED) {
    return Refusal(v1::ERROR_REASON_WRONG_PHASE,
                   absl::StrCat("release ", issue.release_id(), " is a ", StateName(*release),
                                "; only an APPROVED release is issued"),
                   "S6");
  }
  MUSTER_RETURN_IF_ERROR(CheckCorrects(operation, *release));
  MUSTER_RETURN_IF_ERROR(CheckStillTrue(operation, issued));
  release->set_state(v1::RELEASE_STATE_ISSUED);
  *release->mutable_issued_at() = at_;
  if (!release->corrects_release_id().empty()) {
    ReleaseImage corrected = *operation.releases().Find(release->corrects_release_id());
    corrected.mutable_release()->set_state(v1::RELEASE_STATE_CORRECTED);
    corrected.mutable_release()->set_corrected_by_release_id(issue.release_id());
    PutRelease(&operation, std::move(corrected));
  }
  PutRelease(&operation, std::move(issued));
  return v1::Accepted();
}

absl::Status Decider::CheckStillTrue(const OperationRecord& operation, const ReleaseImage& approved) const {
  ReleaseImage now = approved;
  FreezeAgain(FiguresOf(operation), LimitOf(operation), &now);
  if (!HaveSameFigures(approved, now)) {
    return Refusal(v1::ERROR_REASON_STALE_FIGURES,
                   absl::StrCat("the figures of release ", approved.release().release_id(),
                                " are no longer the ledger's; check it again, or draft it again"));
  }
  // Another release may have been issued since, and the two together may say too much.
  std::vector<std::string> findings = FindingsOf(now, operation.releases().Issued(), LimitOf(operation));
  const auto is_known = [&](const std::string& finding) {
    return absl::c_linear_search(approved.release().findings(), finding);
  };
  findings.erase(std::remove_if(findings.begin(), findings.end(), is_known), findings.end());
  return findings.empty() ? absl::OkStatus() : Discloses(findings);
}

Figures Decider::FiguresOf(const OperationRecord& operation) const {
  return ConfirmedFigures(LeadQuestion(state_, operation, v1::COUNTING_DEFINITION_LEAD));
}

absl::StatusOr<ReleaseImage> Decider::ReleaseInside(const OperationRecord& operation,
                                                    const std::string& release_id) const {
  const ReleaseImage* found = operation.releases().Find(release_id);
  if (found == nullptr) {
    return Refusal(v1::ERROR_REASON_NOT_FOUND, absl::StrCat("there is no release ", release_id, "; draft it first"));
  }
  if (IsInside(found->release())) return *found;
  return Refusal(v1::ERROR_REASON_WRONG_PHASE,
                 absl::StrCat("release ", release_id, " is ", StateName(found->release()),
                              " and stays as the public has it; draft one that corrects it"));
}

void Decider::PutRelease(OperationRecord* operation, ReleaseImage release) {
  const v1::Release told = release.release();
  operation->releases().Put(std::move(release));
  notices_.TellEach(*operation, [&](const v1::Participant& reader) -> std::optional<v1::Notice> {
    if (!SeesRelease(reader, told)) return std::nullopt;
    v1::Notice notice;
    *notice.mutable_release() = ViewRelease(reader, told);
    return notice;
  });
}

}  // namespace muster
