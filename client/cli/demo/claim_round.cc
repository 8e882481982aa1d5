// The claim steps of a replay: figures as of then and now, and what others published beside what the ledger says.
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/demo/rounds.h"
#include "common/clock.h"
#include "common/status_macros.h"
#include "common/uuid.h"

namespace muster {
namespace {

using config::v1::ScenarioClaim;

std::string KindInWords(v1::ExplanationKind kind) {
  return absl::AsciiStrToLower(v1::ExplanationKind_Name(kind).substr(sizeof("EXPLANATION_KIND_") - 1));
}

// "states KY", "matches".
template <typename States>
std::string InWords(v1::ExplanationKind kind, const States& states) {
  return kind == v1::EXPLANATION_KIND_STATES ? absl::StrCat(KindInWords(kind), " ", absl::StrJoin(states, " "))
                                             : KindInWords(kind);
}

std::string FigureInWords(v1::FigureKind figure) {
  return absl::AsciiStrToLower(v1::FigureKind_Name(figure).substr(sizeof("FIGURE_KIND_") - 1));
}

class ClaimRound {
 public:
  ClaimRound(const PlannedTally& tally, Replay& replay) : tally_(tally), replay_(replay), scenario_(replay.scenario) {}

  absl::StatusOr<ClaimRoundResult> Run(TallyRoundReport* report) {
    replay_.progress.Step("Correcting what was published too early, and explaining what others published");
    MUSTER_ASSIGN_OR_RETURN(before_, BrokerTime());
    MUSTER_RETURN_IF_ERROR(SendAfterwards(tally_, replay_, report));
    MUSTER_ASSIGN_OR_RETURN(after_, BrokerTime());
    for (const ScenarioClaim& planned : scenario_.claims) {
      MUSTER_RETURN_IF_ERROR(While(absl::StrCat("recording the claim by ", planned.claim().source()), Record(planned)));
      if (planned.published_before_afterwards()) MUSTER_RETURN_IF_ERROR(JudgeAsOf(planned.claim()));
    }
    MUSTER_RETURN_IF_ERROR(Reconcile());
    return std::move(result_);
  }

 private:
  absl::StatusOr<google::protobuf::Timestamp> BrokerTime() {
    MUSTER_ASSIGN_OR_RETURN(const v1::WhoAmIResponse self, replay_.lead().WhoAmI());
    return self.broker_time();
  }

  absl::Status Record(const ScenarioClaim& planned) {
    v1::RecordClaim record;
    record.set_operation_id(scenario_.operation_id());
    *record.mutable_claim() = planned.claim();
    record.mutable_claim()->set_claim_id(NewUuidV7(SystemClock()->Now()));
    if (planned.published_before_afterwards()) *record.mutable_claim()->mutable_published_at() = before_;
    planned_[record.claim().claim_id()] = &planned;
    return replay_.lead().RecordClaim(std::move(record)).status();
  }

  // The arrests of the claim's state: then as claimed, now as published in the end (rule T13).
  absl::Status JudgeAsOf(const v1::Claim& claim) {
    MUSTER_ASSIGN_OR_RETURN(const std::string then, ArrestsAsOf(claim.state(), before_));
    MUSTER_ASSIGN_OR_RETURN(const std::string now, ArrestsAsOf(claim.state(), after_));
    std::string published;
    for (const PublishedState& state : scenario_.published.states) {
      if (state.state == claim.state()) published = absl::StrCat(state.arrests);
    }
    replay_.progress.Say(
        absl::StrCat(claim.state(), " arrests: ", then, " as of before the correction, ", now, " now"));
    result_.findings.Check(absl::StrCat(claim.state(), " arrests, as of then and as of now"),
                           absl::StrCat(claim.value(), ", ", published), absl::StrCat(then, ", ", now));
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> ArrestsAsOf(const std::string& usps, const google::protobuf::Timestamp& as_of) {
    v1::GetTotalsRequest request;
    request.set_operation_id(scenario_.operation_id());
    request.set_definition(v1::COUNTING_DEFINITION_LEAD);
    *request.mutable_as_of() = as_of;
    MUSTER_ASSIGN_OR_RETURN(const v1::GetTotalsResponse response, replay_.lead().GetTotals(request));
    for (const v1::StateFigures& state : response.totals().by_state()) {
      if (state.state() == usps && state.has_arrests()) return absl::StrCat(state.arrests().confirmed());
    }
    return std::string("not reported");
  }

  absl::Status Reconcile() {
    v1::ReconcileRequest request;
    request.set_operation_id(scenario_.operation_id());
    MUSTER_ASSIGN_OR_RETURN(const v1::ReconcileResponse response, replay_.lead().Reconcile(request));
    uint64_t wanted = 0;
    uint64_t explained = 0;
    size_t planned_claims = 0;
    for (const v1::Reconciliation& reconciliation : response.reconciliations()) {
      result_.reconciliations.push_back(reconciliation);
      const auto planned = planned_.find(reconciliation.claim().claim().claim_id());
      if (planned == planned_.end()) continue;
      ++planned_claims;
      Judge(*planned->second, reconciliation);
      if (planned->second->explanation() != v1::EXPLANATION_KIND_UNRECONCILED) ++wanted;
      const bool unreconciled = absl::c_any_of(reconciliation.explanations(), [](const v1::Explanation& one) {
        return one.kind() == v1::EXPLANATION_KIND_UNRECONCILED;
      });
      if (!unreconciled) ++explained;
    }
    result_.findings.Count("claims", "claims recorded", scenario_.claims.size(), planned_claims);
    result_.findings.Count("claims_explained", "claims explained", wanted, explained);
    result_.findings.Count("claims_unreconciled", "claims left unreconciled", scenario_.claims.size() - wanted,
                           planned_claims - explained);
    return absl::OkStatus();
  }

  void Judge(const ScenarioClaim& planned, const v1::Reconciliation& reconciliation) {
    const std::string wanted = InWords(planned.explanation(), planned.states());
    std::vector<std::string> got;
    for (const v1::Explanation& one : reconciliation.explanations()) got.push_back(InWords(one.kind(), one.states()));
    const v1::Claim& claim = planned.claim();
    const std::string what = absl::StrCat(claim.state(), claim.state().empty() ? "" : " ",
                                          FigureInWords(claim.figure()), " ", claim.value(), " by ", claim.source());
    result_.findings.Check(what, wanted, absl::c_linear_search(got, wanted) ? wanted : absl::StrJoin(got, ", "));
  }

  const PlannedTally& tally_;
  Replay& replay_;
  const Scenario& scenario_;
  google::protobuf::Timestamp before_;  // By the broker's clock: when nothing of `afterwards` was sent yet,
  google::protobuf::Timestamp after_;   // and when all of it was.
  std::map<std::string, const ScenarioClaim*> planned_;  // By claim_id.
  ClaimRoundResult result_;
};

}  // namespace

absl::StatusOr<ClaimRoundResult> RunClaimRound(const PlannedTally& tally, Replay& replay, TallyRoundReport* report) {
  return ClaimRound(tally, replay).Run(report);
}

}  // namespace muster
