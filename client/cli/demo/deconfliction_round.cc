// The deconfliction steps of a replay: activities are entered, planted conflicts are found, the watch desk acts.
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/demo/rounds.h"
#include "client/lib/all_pages.h"
#include "common/clock.h"
#include "common/identifiers.h"
#include "common/status_macros.h"
#include "common/uuid.h"

namespace muster {
namespace {

using config::v1::ScenarioActivity;
using config::v1::ScenarioConflict;

// Labels of two activities.
using Pair = std::set<std::string>;

Pair PairOf(const ScenarioConflict& planted) { return {planted.between().begin(), planted.between().end()}; }

absl::Duration DurationOf(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

std::string VerdictInWords(v1::DeconflictionVerdict verdict) {
  return v1::DeconflictionVerdict_Name(verdict).substr(sizeof("DECONFLICTION_VERDICT_") - 1);
}

bool Escalates(const ScenarioConflict& planted) { return planted.resolution() == v1::CONFLICT_RESOLUTION_UNSPECIFIED; }

class DeconflictionRound {
 public:
  explicit DeconflictionRound(Replay& replay)
      : replay_(replay),
        scenario_(replay.scenario),
        planted_(scenario_.deconfliction.conflicts().begin(), scenario_.deconfliction.conflicts().end()),
        desk_(replay.client(v1::ROLE_WATCH_DESK)) {}

  absl::StatusOr<Findings> Run() {
    replay_.progress.Step(absl::StrCat("Entering ", scenario_.deconfliction.activities_size(), " activities with ",
                                       planted_.size(), " conflicts planted among them"));
    for (const ScenarioActivity& activity : scenario_.deconfliction.activities()) {
      MUSTER_RETURN_IF_ERROR(While(absl::StrCat("entering activity ", activity.label()), Enter(activity)));
      replay_.pace.Hold(absl::Seconds(1));
    }
    findings_.Check("activities answered as planted", absl::StrCat(activities_.size()), absl::StrCat(as_planted_));
    MUSTER_RETURN_IF_ERROR(ReadConflicts());
    replay_.pace.Hold(absl::Seconds(10));  // They ring; nobody owns them yet.
    for (const ScenarioConflict& planted : planted_) {
      MUSTER_RETURN_IF_ERROR(While("keeping the watch", Settle(planted)));
    }
    MUSTER_RETURN_IF_ERROR(ReadConflicts());
    JudgeConflicts();
    MUSTER_RETURN_IF_ERROR(ReadFeeds());
    JudgeEscalations();
    MUSTER_RETURN_IF_ERROR(JudgeTargets());
    JudgeAlerts();
    for (const ScenarioConflict& planted : planted_) {
      if (planted.kept_from().empty()) continue;
      MUSTER_RETURN_IF_ERROR(JudgeKept(planted));
    }
    return std::move(findings_);
  }

 private:
  struct Entered {
    std::string agency_id;
    v1::Activity activity;
  };

  absl::Status Enter(const ScenarioActivity& planned) {
    v1::EnterActivity entry;
    v1::Activity& activity = *entry.mutable_activity();
    activity = planned.activity();
    const absl::Time now = SystemClock()->Now();
    activity.set_activity_id(NewUuidV7(now));
    activity.set_operation_id(scenario_.operation_id());
    if (planned.has_lasts()) {
      const absl::Time start = now + DurationOf(planned.starts_in());
      *activity.mutable_window()->mutable_start() = ToProto(start);
      *activity.mutable_window()->mutable_end() = ToProto(start + DurationOf(planned.lasts()));
    }
    entry.set_late_entry_reason(planned.late_entry_reason());
    MUSTER_RETURN_IF_ERROR(NoteCursorsBefore(planned.label()));
    activities_[planned.label()] = {planned.agency_id(), activity};
    MUSTER_ASSIGN_OR_RETURN(const v1::Outcome outcome,
                            replay_.client(planned.agency_id()).EnterActivity(std::move(entry)));
    const v1::DeconflictionVerdict verdict = outcome.accepted().deconfliction().verdict();
    if (verdict == planned.verdict()) ++as_planted_;
    const absl::string_view as_planted = verdict == planned.verdict() ? "" : ", which is not what was planted";
    const std::string text =
        absl::StrCat(planned.agency_id(), " enters ", planned.label(), ": ", VerdictInWords(verdict), as_planted);
    if (verdict == v1::DECONFLICTION_VERDICT_CLEAR && as_planted.empty()) {
      replay_.progress.Update(text);
    } else {
      replay_.progress.Say(text);
    }
    return absl::OkStatus();
  }

  // Where the feed stands of an agency from which a conflict is kept, when both activities but this one are entered.
  absl::Status NoteCursorsBefore(const std::string& label) {
    for (const ScenarioConflict& planted : planted_) {
      const std::string& kept_from = planted.kept_from();
      if (kept_from.empty() || !PairOf(planted).contains(label) || !activities_.contains(kept_from)) continue;
      MUSTER_ASSIGN_OR_RETURN(const v1::GetFeedCursorResponse before, ClientOf(kept_from).GetFeedCursor());
      cursors_before_[kept_from] = before.cursor();
    }
    return absl::OkStatus();
  }

  // As the watch desk sees them.
  absl::Status ReadConflicts() {
    v1::ListConflictsRequest request;
    request.set_operation_id(scenario_.operation_id());
    MUSTER_ASSIGN_OR_RETURN(const v1::ListConflictsResponse list,
                            AllPages(desk_, &Client::ListConflicts, std::move(request)));
    conflicts_.clear();
    for (const v1::ConflictView& view : list.conflicts()) {
      Pair pair;
      for (const v1::ConflictParty& party : view.conflict().parties()) pair.insert(LabelOf(party));
      conflicts_[std::move(pair)] = view.conflict();
    }
    return absl::OkStatus();
  }

  std::string LabelOf(const v1::ConflictParty& party) const {
    for (const auto& [label, entered] : activities_) {
      if (entered.agency_id == party.agency_id() && entered.activity.activity_id() == party.activity_id()) return label;
    }
    return absl::StrCat(party.agency_id(), "/", party.activity_id());
  }

  absl::Status Settle(const ScenarioConflict& planted) {
    const auto found = conflicts_.find(PairOf(planted));
    if (found == conflicts_.end() || Escalates(planted)) return absl::OkStatus();
    v1::AdvanceConflict step;
    step.set_conflict_id(found->second.conflict_id());
    step.set_state(v1::CONFLICT_STATE_OWNED);
    MUSTER_RETURN_IF_ERROR(desk_.AdvanceConflict(step).status());
    replay_.pace.Hold(absl::Seconds(3));
    step.set_state(v1::CONFLICT_STATE_CONTACT_MADE);
    step.set_text(planted.text());
    MUSTER_RETURN_IF_ERROR(desk_.AdvanceConflict(step).status());
    replay_.pace.Hold(absl::Seconds(3));
    v1::ResolveConflict resolution;
    resolution.set_conflict_id(found->second.conflict_id());
    resolution.set_resolution(planted.resolution());
    resolution.set_text(planted.text());
    return desk_.ResolveConflict(std::move(resolution)).status();
  }

  void JudgeConflicts() {
    uint64_t found = 0;
    uint64_t resolved = 0;
    uint64_t to_resolve = 0;
    for (const ScenarioConflict& planted : planted_) {
      if (!Escalates(planted)) ++to_resolve;
      const auto conflict = conflicts_.find(PairOf(planted));
      if (conflict == conflicts_.end()) continue;
      const auto& kinds = conflict->second.kinds();
      if (kinds.size() == 1 && kinds.Get(0) == planted.kind()) ++found;
      if (!Escalates(planted) && conflict->second.state() == v1::CONFLICT_STATE_RESOLVED &&
          conflict->second.resolution() == planted.resolution() &&
          conflict->second.owner_agency_id() == AgencyWithRole(scenario_, v1::ROLE_WATCH_DESK)) {
        ++resolved;
      }
    }
    findings_.Count("conflicts_found", "conflicts found, of those planted", planted_.size(), found);
    findings_.Count("conflicts_not_planted", "conflicts that nobody planted", 0, conflicts_.size() - found);
    findings_.Count("conflicts_resolved", "owned and resolved by the watch desk", to_resolve, resolved);
  }

  absl::Status ReadFeeds() {
    for (const auto& [agency_id, post] : replay_.posts) {
      MUSTER_ASSIGN_OR_RETURN(feeds_[agency_id], ReadFeed(agency_id, replay_));
    }
    return absl::OkStatus();
  }

  // Conflicts of which the feed brought an alert.
  std::set<std::string> AlertsOf(const std::string& agency_id) const {
    std::set<std::string> alerts;
    for (const v1::Delivery& delivery : feeds_.at(agency_id)) {
      if (delivery.notice().has_alert()) alerts.insert(delivery.notice().alert().conflict_id());
    }
    return alerts;
  }

  // Each party is told of its own conflicts and of no other; from whom one is kept is told nothing.
  void JudgeAlerts() {
    std::map<std::string, size_t> wanted;
    std::set<std::string> kept_from;
    for (const ScenarioConflict& planted : planted_) {
      for (const std::string& label : planted.between()) {
        if (label != planted.kept_from()) ++wanted[activities_.at(label).agency_id];
      }
      if (!planted.kept_from().empty()) kept_from.insert(activities_.at(planted.kept_from()).agency_id);
    }
    std::vector<std::string> as_wanted;
    std::vector<std::string> as_got;
    uint64_t to_counterparts = 0;
    for (const auto& [agency_id, feed] : feeds_) {
      const size_t count = AlertsOf(agency_id).size();
      if (wanted[agency_id] > 0) as_wanted.push_back(absl::StrCat(agency_id, " ", wanted[agency_id]));
      if (count > 0) as_got.push_back(absl::StrCat(agency_id, " ", count));
      if (kept_from.contains(agency_id) && wanted[agency_id] == 0) to_counterparts += count;
    }
    const auto in_words = [&](const std::vector<std::string>& list) {
      return as_got == as_wanted ? absl::StrCat(list.size(), " parties") : absl::StrJoin(list, ", ");
    };
    findings_.Check("alerts, each to its party only", in_words(as_wanted), in_words(as_got));
    findings_.Count("alerts_to_sealed_counterpart", "alerts to the counterpart of the SEALED one", 0, to_counterparts);
  }

  void JudgeEscalations() {
    uint64_t wanted = 0;
    uint64_t escalated = 0;
    std::set<std::string> ids;
    for (const ScenarioConflict& planted : planted_) {
      if (Escalates(planted)) ++wanted;
    }
    for (const auto& [pair, conflict] : conflicts_) {
      if (!conflict.has_escalated_at()) continue;
      ++escalated;
      ids.insert(conflict.conflict_id());
    }
    // Both parties and the watch desk, each with a number to call.
    uint64_t told = 0;
    for (const auto& [agency_id, feed] : feeds_) {
      told += static_cast<uint64_t>(absl::c_count_if(feed, [&](const v1::Delivery& delivery) {
        const v1::Escalation& escalation = delivery.notice().escalation();
        return ids.contains(escalation.conflict_id()) && !escalation.contacts().empty() &&
               !escalation.contacts(0).phone_24h().empty();
      }));
    }
    findings_.Count("conflicts_escalated", "left alone, and escalated", wanted, escalated);
    findings_.Check("  told to both parties and the desk, with a phone", absl::StrCat(3 * wanted), absl::StrCat(told));
  }

  // Nobody but its owner reads a target's value, as it was written or as it is compared (rule C7).
  absl::Status JudgeTargets() {
    uint64_t leaks = 0;
    uint64_t values = 0;
    for (const auto& [label, entered] : activities_) {
      for (const v1::Target& target : entered.activity.targets()) {
        MUSTER_ASSIGN_OR_RETURN(const NormalizedIdentifier normal,
                                NormalizeIdentifier(target.kind(), target.value(), target.state()));
        ++values;
        for (const auto& [agency_id, feed] : feeds_) {
          if (agency_id == entered.agency_id) continue;
          for (const v1::Delivery& delivery : feed) {
            const std::string bytes = delivery.SerializeAsString();
            const bool holds = absl::StrContains(bytes, target.value()) ||
                               (!normal.is_indeterminate() && absl::StrContains(bytes, normal.value));
            if (holds) ++leaks;
          }
        }
      }
    }
    findings_.Check(absl::StrCat("deliveries to others that hold one of ", values, " target values"), "0",
                    absl::StrCat(leaks));
    return absl::OkStatus();
  }

  // The counterpart of a SEALED activity: its feed stands where it stood, byte for byte, it lists no conflict, and
  // asking anew gives CLEAR.
  absl::Status JudgeKept(const ScenarioConflict& planted) {
    const Entered& entered = activities_.at(planted.kept_from());
    Client& client = ClientOf(planted.kept_from());
    MUSTER_ASSIGN_OR_RETURN(const v1::GetFeedCursorResponse after, client.GetFeedCursor());
    findings_.Check("  its cursor before and after", "same bytes",
                    cursors_before_[planted.kept_from()] == after.cursor() ? "same bytes" : "other bytes");
    v1::ListConflictsRequest request;
    request.set_operation_id(scenario_.operation_id());
    MUSTER_ASSIGN_OR_RETURN(const v1::ListConflictsResponse list,
                            AllPages(client, &Client::ListConflicts, std::move(request)));
    findings_.Check("  conflicts that it can list", "0", absl::StrCat(list.conflicts_size()));
    v1::AmendActivity amendment;
    *amendment.mutable_activity() = entered.activity;
    amendment.mutable_activity()->set_contact_name("Relief officer (exercise)");
    amendment.set_reason("EXERCISE. The contact has changed.");
    MUSTER_ASSIGN_OR_RETURN(const v1::Outcome outcome, client.AmendActivity(std::move(amendment)));
    findings_.Check("  its answer when it asks anew", "CLEAR",
                    VerdictInWords(outcome.accepted().deconfliction().verdict()));
    return absl::OkStatus();
  }

  Client& ClientOf(const std::string& label) { return replay_.client(activities_.at(label).agency_id); }

  Replay& replay_;
  const Scenario& scenario_;
  const std::vector<ScenarioConflict> planted_;
  Client& desk_;
  Findings findings_{"deconfliction"};
  std::map<std::string, Entered> activities_;  // By label.
  size_t as_planted_ = 0;
  std::map<std::string, std::string> cursors_before_;  // By label of the activity from which a conflict is kept.
  std::map<Pair, v1::ConflictRecord> conflicts_;
  std::map<std::string, std::vector<v1::Delivery>> feeds_;  // By agency.
};

}  // namespace

absl::StatusOr<Findings> RunDeconflictionRound(Replay& replay) { return DeconflictionRound(replay).Run(); }

}  // namespace muster
