// The plan steps of a replay: publish, acknowledge, amend, acknowledge again.
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/demo/replay.h"
#include "client/lib/all_pages.h"
#include "common/status_macros.h"

namespace muster {
namespace {

constexpr absl::Duration kBetweenAcknowledgements = absl::Milliseconds(700);

// Every agency that must, each on a thread and connection of its own: receive the plan on the feed, acknowledge it.
class AcknowledgementRound {
 public:
  explicit AcknowledgementRound(Replay& replay) : replay_(replay) {}

  // The agencies' versions are above what they acknowledged in the round before.
  absl::Status Run(const std::vector<std::string>& agencies) {
    std::vector<std::thread> threads;
    done_ = 0;
    for (const std::string& agency : agencies) {
      // For an audience they come one by one.
      const absl::Duration in_turn = kBetweenAcknowledgements * threads.size();
      threads.emplace_back([this, in_turn, &agency, &agencies] {
        replay_.pace.Hold(in_turn);
        Record(agency, agencies.size(), Acknowledge(agency));
      });
    }
    for (std::thread& thread : threads) thread.join();
    absl::MutexLock lock(&mu_);
    return std::exchange(first_error_, absl::OkStatus());
  }

 private:
  absl::Status Acknowledge(const std::string& agency) {
    AgencyPost& post = replay_.posts.at(agency);
    const std::string& operation_id = replay_.scenario.operation_id();
    MUSTER_ASSIGN_OR_RETURN(const v1::PlanView plan,
                            post.feed->WaitForPlanAbove(operation_id, LastVersion(agency), kFeedTimeout));
    v1::AcknowledgePlan acknowledgement;
    acknowledgement.set_operation_id(operation_id);
    acknowledgement.set_version(plan.version());
    acknowledgement.set_content_sha256(plan.content_sha256());
    MUSTER_RETURN_IF_ERROR(post.client->AcknowledgePlan(std::move(acknowledgement)).status());
    absl::MutexLock lock(&mu_);
    versions_[agency] = plan.version();
    return absl::OkStatus();
  }

  uint32_t LastVersion(const std::string& agency) {
    absl::MutexLock lock(&mu_);
    return versions_[agency];
  }

  void Record(const std::string& agency, size_t of, const absl::Status& status) {
    absl::MutexLock lock(&mu_);
    if (!status.ok()) {
      if (first_error_.ok()) first_error_ = While(absl::StrCat(agency, " acknowledging the plan"), status);
      return;
    }
    replay_.progress.Say(
        absl::StrCat("acknowledged by ", ++done_, " of ", of, ": ", agency, ", version ", versions_[agency]));
  }

  Replay& replay_;
  absl::Mutex mu_;
  std::map<std::string, uint32_t> versions_ ABSL_GUARDED_BY(mu_);
  size_t done_ ABSL_GUARDED_BY(mu_) = 0;
  absl::Status first_error_ ABSL_GUARDED_BY(mu_);
};

// The agencies, out of `agencies`, that the broker does not count as having acknowledged their current plan.
absl::StatusOr<std::vector<std::string>> Missing(const std::vector<std::string>& agencies, Replay& replay) {
  v1::ListAcknowledgementsRequest request;
  request.set_operation_id(replay.scenario.operation_id());
  std::set<std::string> acknowledged;
  MUSTER_ASSIGN_OR_RETURN(const v1::ListAcknowledgementsResponse standings,
                          AllPages(replay.lead(), &Client::ListAcknowledgements, std::move(request)));
  for (const v1::Acknowledgement& standing : standings.acknowledgements()) {
    if (standing.status() == v1::ACKNOWLEDGEMENT_STATUS_ACKNOWLEDGED) acknowledged.insert(standing.agency_id());
  }
  std::vector<std::string> missing;
  for (const std::string& agency : agencies) {
    if (!acknowledged.contains(agency)) missing.push_back(agency);
  }
  return missing;
}

absl::Status CheckMissing(const std::vector<std::string>& wanted, absl::string_view rule, Replay& replay) {
  MUSTER_ASSIGN_OR_RETURN(const std::vector<std::string> missing,
                          Missing(AcknowledgingAgencies(replay.scenario), replay));
  if (missing == wanted) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("rule ", rule, ": without an acknowledgement are [",
                                          absl::StrJoin(missing, ", "), "], wanted [", absl::StrJoin(wanted, ", "),
                                          "]"));
}

}  // namespace

absl::Status RunPlanRounds(Replay& replay) {
  const std::vector<std::string> everyone = AcknowledgingAgencies(replay.scenario);
  const std::vector<std::string> reset = AgenciesReset(replay.scenario);
  AcknowledgementRound round(replay);
  replay.progress.Step(absl::StrCat("Publishing the plan, ", replay.scenario.plan.sections_size(), " sections"));
  MUSTER_RETURN_IF_ERROR(While("publishing the plan", replay.lead().PublishPlan(replay.scenario.plan).status()));
  MUSTER_RETURN_IF_ERROR(SetPhase(v1::OPERATION_PHASE_ARMED, replay));
  MUSTER_RETURN_IF_ERROR(round.Run(everyone));
  MUSTER_RETURN_IF_ERROR(CheckMissing({}, "P1", replay));

  replay.pace.Hold(absl::Seconds(3));
  replay.progress.Step("Amending the plan: one material change, one editorial");
  MUSTER_RETURN_IF_ERROR(While("amending the plan", replay.lead().AmendPlan(replay.scenario.amendment).status()));
  MUSTER_RETURN_IF_ERROR(CheckMissing(reset, "P4", replay));
  replay.progress.Say(
      absl::StrCat("the material change resets ", reset.size(), " of ", everyone.size(), " acknowledgements"));
  replay.pace.Hold(absl::Seconds(4));
  MUSTER_RETURN_IF_ERROR(round.Run(reset));
  return CheckMissing({}, "P3", replay);
}

}  // namespace muster
