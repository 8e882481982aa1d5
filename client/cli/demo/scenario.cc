#include "client/cli/demo/scenario.h"

#include <utility>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "common/toml.h"

namespace muster {
namespace {

bool MaySee(const v1::Participant& participant, const v1::Audience& audience) {
  if (!absl::c_linear_search(audience.roles(), static_cast<int>(participant.role()))) return false;
  if (absl::c_linear_search(audience.excluded_agency_ids(), participant.agency_id())) return false;
  return audience.site_ids().empty() || absl::c_any_of(participant.site_ids(), [&](const std::string& site) {
           return absl::c_linear_search(audience.site_ids(), site);
         });
}

bool Acknowledges(const v1::Participant& participant) {
  return participant.role() == v1::ROLE_PARTICIPANT || participant.role() == v1::ROLE_PROSECUTOR;
}

}  // namespace

const std::string& Scenario::lead() const { return AgencyWithRole(*this, v1::ROLE_LEAD); }

std::vector<const config::v1::ScenarioEntry*> EntriesOf(const config::v1::ScenarioSubmission& submission) {
  if (submission.has_record()) return {&submission.record()};
  std::vector<const config::v1::ScenarioEntry*> entries;
  for (const config::v1::ScenarioEntry& entry : submission.correction().replacements()) entries.push_back(&entry);
  return entries;
}

const std::string& AgencyWithRole(const Scenario& scenario, v1::Role role) {
  return absl::c_find_if(scenario.participants, [&](const v1::Participant& one) { return one.role() == role; })
      ->agency_id();
}

absl::StatusOr<Scenario> LoadScenario(const std::string& folder) {
  Scenario scenario;
  config::v1::ScenarioParticipants participants;
  config::v1::ScenarioTally tally;
  config::v1::ScenarioClaims claims;
  config::v1::ScenarioReleases releases;
  const std::vector<std::pair<absl::string_view, google::protobuf::Message*>> files = {
      {"operation.toml", &scenario.creation},
      {"participants.toml", &participants},
      {"plan.toml", &scenario.plan},
      {"amendment.toml", &scenario.amendment},
      {"entries.toml", &tally},
      {"victims.toml", &scenario.victims},
      {"deconfliction.toml", &scenario.deconfliction},
      {"readiness.toml", &scenario.readiness},
      {"claims.toml", &claims},
      {"releases.toml", &releases}};
  for (const auto& [name, message] : files) {
    MUSTER_RETURN_IF_ERROR(LoadTomlFile(absl::StrCat(folder, "/", name), message));
  }
  scenario.participants.assign(participants.participants().begin(), participants.participants().end());
  scenario.operators.assign(participants.operators().begin(), participants.operators().end());
  scenario.submissions.assign(tally.submissions().begin(), tally.submissions().end());
  scenario.claims.assign(claims.claims().begin(), claims.claims().end());
  scenario.releases.assign(releases.releases().begin(), releases.releases().end());
  MUSTER_ASSIGN_OR_RETURN(scenario.published, LoadPublished(folder));
  MUSTER_ASSIGN_OR_RETURN(scenario.expected, ExpectFigures(scenario.published));
  MUSTER_RETURN_IF_ERROR(CheckScenario(scenario));
  return scenario;
}

std::vector<std::string> AcknowledgingAgencies(const Scenario& scenario) {
  std::vector<std::string> agencies;
  for (const v1::Participant& participant : scenario.participants) {
    if (Acknowledges(participant)) agencies.push_back(participant.agency_id());
  }
  return agencies;
}

std::vector<std::string> AgenciesReset(const Scenario& scenario) {
  std::vector<std::string> agencies;
  for (const v1::Participant& participant : scenario.participants) {
    const bool reset = absl::c_any_of(scenario.amendment.amendments(), [&](const v1::SectionAmendment& amendment) {
      return amendment.change() == v1::SECTION_CHANGE_MATERIAL && MaySee(participant, amendment.section().audience());
    });
    if (reset && Acknowledges(participant)) agencies.push_back(participant.agency_id());
  }
  return agencies;
}

}  // namespace muster
