// Whether the files of a scenario fit together.
#include <set>
#include <tuple>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/cli/demo/scenario.h"
#include "common/status_macros.h"

namespace muster {
namespace {

using config::v1::ScenarioActivity;
using config::v1::ScenarioClaim;
using config::v1::ScenarioConflict;
using config::v1::ScenarioEntry;
using config::v1::ScenarioHoldout;
using config::v1::ScenarioSubmission;

const v1::Participant* FindParticipant(const Scenario& scenario, const std::string& agency_id) {
  const auto found =
      absl::c_find_if(scenario.participants, [&](const v1::Participant& one) { return one.agency_id() == agency_id; });
  return found == scenario.participants.end() ? nullptr : &*found;
}

absl::Status CheckParticipants(const Scenario& scenario) {
  for (const v1::Role role : {v1::ROLE_LEAD, v1::ROLE_PARTICIPANT, v1::ROLE_WATCH_DESK, v1::ROLE_VICTIM_SERVICES,
                              v1::ROLE_OBSERVER, v1::ROLE_PUBLIC_INFORMATION, v1::ROLE_AUDITOR}) {
    const auto count =
        absl::c_count_if(scenario.participants, [&](const v1::Participant& one) { return one.role() == role; });
    if (count == 1 || (count > 1 && role != v1::ROLE_LEAD)) continue;
    return absl::InvalidArgumentError(absl::StrCat("participants.toml: names ", count, " agencies of ",
                                                   v1::Role_Name(role),
                                                   role == v1::ROLE_LEAD ? ", wanted one" : ", wanted one or more"));
  }
  if (scenario.operators.size() < 2 || scenario.operators[0].posts_size() < 2 ||
      absl::c_any_of(scenario.operators, [](const auto& person) { return person.posts().empty(); })) {
    return absl::InvalidArgumentError(
        "participants.toml: wanted two operators, the first with two posts and the second with one");
  }
  return absl::OkStatus();
}

// Labels are given once, and only given ones are referred to.
absl::Status CheckEntryLabels(const Scenario& scenario) {
  std::set<std::string> labels;
  for (const ScenarioSubmission& submission : scenario.submissions) {
    for (const ScenarioEntry* entry : EntriesOf(submission)) {
      if (entry->label().empty()) return absl::InvalidArgumentError("entries.toml: an entry has no label");
      if (!labels.insert(entry->label()).second) {
        return absl::InvalidArgumentError(absl::StrCat("entries.toml: the label ", entry->label(), " is given twice"));
      }
    }
  }
  for (const ScenarioSubmission& submission : scenario.submissions) {
    std::vector<std::string> references;
    for (const ScenarioEntry* entry : EntriesOf(submission)) {
      references.insert(references.end(), entry->contained_in().begin(), entry->contained_in().end());
    }
    if (submission.has_correction()) references.push_back(submission.correction().corrects());
    for (const std::string& label : references) {
      if (!labels.contains(label))
        return absl::InvalidArgumentError(absl::StrCat("entries.toml: no entry has the label ", label));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckSubmissions(const Scenario& scenario) {
  for (const ScenarioSubmission& submission : scenario.submissions) {
    if (FindParticipant(scenario, submission.agency_id()) == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("entries.toml: agency '", submission.agency_id(), "' is not in participants.toml"));
    }
    if (submission.what_case() == ScenarioSubmission::WHAT_NOT_SET) {
      return absl::InvalidArgumentError("entries.toml: a submission holds neither a record nor a correction");
    }
    if (submission.has_correction() &&
        absl::c_linear_search(submission.faults(), config::v1::SCENARIO_FAULT_DUPLICATE)) {
      return absl::InvalidArgumentError("entries.toml: a correction cannot have the fault 'duplicate'; use 'retry'");
    }
  }
  return CheckEntryLabels(scenario);
}

absl::Status CheckDeconfliction(const Scenario& scenario) {
  std::set<std::string> labels;
  for (const ScenarioActivity& activity : scenario.deconfliction.activities()) {
    if (FindParticipant(scenario, activity.agency_id()) == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("deconfliction.toml: agency '", activity.agency_id(), "' is not in participants.toml"));
    }
    if (activity.label().empty() || !labels.insert(activity.label()).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("deconfliction.toml: the label '", activity.label(), "' is missing or given twice"));
    }
  }
  for (const ScenarioConflict& conflict : scenario.deconfliction.conflicts()) {
    const std::set<std::string> between(conflict.between().begin(), conflict.between().end());
    if (between.size() != 2 ||
        !absl::c_all_of(between, [&](const std::string& label) { return labels.contains(label); })) {
      return absl::InvalidArgumentError("deconfliction.toml: a conflict is between the labels of two activities");
    }
    if (!conflict.kept_from().empty() && !between.contains(conflict.kept_from())) {
      return absl::InvalidArgumentError(absl::StrCat("deconfliction.toml: the conflict kept from '",
                                                     conflict.kept_from(), "' is none of that activity's"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckReadiness(const Scenario& scenario) {
  for (const ScenarioHoldout& holdout : scenario.readiness.holdouts()) {
    const v1::Participant* agency = FindParticipant(scenario, holdout.agency_id());
    if (agency != nullptr && absl::c_linear_search(agency->site_ids(), holdout.site_id())) continue;
    return absl::InvalidArgumentError(absl::StrCat("readiness.toml: agency '", holdout.agency_id(),
                                                   "' does not work at site '", holdout.site_id(), "'"));
  }
  if (scenario.readiness.holdouts().empty()) {
    return absl::InvalidArgumentError("readiness.toml: nobody holds out, so nothing could refuse GO; name one");
  }
  return absl::OkStatus();
}

// A claim without its place: claims.csv names that in words.
using ClaimKey = std::tuple<std::string, uint64_t, std::string>;

// Every line of claims.csv, and nothing else that is not marked synthetic.
absl::Status CheckClaims(const Scenario& scenario) {
  std::multiset<ClaimKey> published;
  for (const PublishedClaim& line : scenario.published.claims) published.emplace(line.figure, line.value, line.by);
  for (const ScenarioClaim& one : scenario.claims) {
    if (one.synthetic()) continue;
    const std::string figure =
        absl::AsciiStrToLower(v1::FigureKind_Name(one.claim().figure()).substr(sizeof("FIGURE_KIND_") - 1));
    const auto line = published.find(ClaimKey(figure, one.claim().value(), one.claim().source()));
    if (line == published.end()) {
      return absl::InvalidArgumentError(absl::StrCat("claims.toml: ", one.claim().value(), " ", figure, " by ",
                                                     one.claim().source(),
                                                     " is not in claims.csv and not marked synthetic"));
    }
    published.erase(line);
  }
  if (published.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("claims.toml: has no claim for ", std::get<1>(*published.begin()), " ",
                                                 std::get<0>(*published.begin()), " by ",
                                                 std::get<2>(*published.begin()), " of claims.csv"));
}

}  // namespace

absl::Status CheckScenario(const Scenario& scenario) {
  if (scenario.amendment.removals_size() > 0) {
    return absl::InvalidArgumentError(
        "amendment.toml: removals are not supported in a replay; amend the section instead");
  }
  MUSTER_RETURN_IF_ERROR(CheckParticipants(scenario));
  MUSTER_RETURN_IF_ERROR(CheckSubmissions(scenario));
  if (FindParticipant(scenario, scenario.victims.referred_by()) == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("victims.toml: agency '", scenario.victims.referred_by(), "' is not in participants.toml"));
  }
  MUSTER_RETURN_IF_ERROR(CheckDeconfliction(scenario));
  MUSTER_RETURN_IF_ERROR(CheckReadiness(scenario));
  return CheckClaims(scenario);
}

}  // namespace muster
