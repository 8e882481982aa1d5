#include "client/cli/demo/scenario.h"

#include <random>
#include <set>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/status_macros.h"
#include "common/toml.h"
#include "common/uuid.h"

namespace muster {
namespace {

using config::v1::ScenarioEntry;
using config::v1::ScenarioSubmission;

std::vector<const ScenarioEntry*> EntriesOf(const ScenarioSubmission& submission) {
  if (submission.has_record()) return {&submission.record()};
  std::vector<const ScenarioEntry*> entries;
  for (const ScenarioEntry& entry : submission.correction().replacements()) entries.push_back(&entry);
  return entries;
}

// Labels are given once, and only given ones are referred to.
absl::Status CheckLabels(const Scenario& scenario) {
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

absl::Status Check(const Scenario& scenario) {
  std::set<std::string> agencies;
  int leads = 0;
  for (const v1::Participant& participant : scenario.participants) {
    agencies.insert(participant.agency_id());
    if (participant.role() == v1::ROLE_LEAD) ++leads;
  }
  if (leads != 1)
    return absl::InvalidArgumentError(absl::StrCat("participants.toml: names ", leads, " leads, wanted one"));
  for (const ScenarioSubmission& submission : scenario.submissions) {
    if (!agencies.contains(submission.agency_id())) {
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
  if (scenario.amendment.removals_size() > 0) {
    return absl::InvalidArgumentError(
        "amendment.toml: removals are not supported in a replay; amend the section instead");
  }
  return CheckLabels(scenario);
}

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

// Numbers in [0, bound): plain modulo, so that a seed means the same on every machine.
size_t Below(std::mt19937_64& random, size_t bound) { return static_cast<size_t>(random() % bound); }

class TallyPlanner {
 public:
  TallyPlanner(const Scenario& scenario, uint64_t seed) : scenario_(scenario), random_(seed) {}

  PlannedTally Plan() {
    MakeEntryIds();
    for (const bool late : {false, true}) {
      for (const ScenarioSubmission& submission : scenario_.submissions) {
        if (absl::c_linear_search(submission.faults(), config::v1::SCENARIO_FAULT_LATE) == late)
          AddOriginal(submission);
      }
    }
    for (const Repeat& repeat : repeats_) InsertRepeat(repeat);
    return std::move(plan_);
  }

 private:
  struct Repeat {
    std::string agency_id;
    PlannedSend send;
    std::string original_submission_id;
  };

  void MakeEntryIds() {
    for (const ScenarioSubmission& submission : scenario_.submissions) {
      for (const ScenarioEntry* entry : EntriesOf(submission)) {
        ids_[entry->label()] = NewUuidV7(SystemClock()->Now());
        plan_.labels[ids_[entry->label()]] = entry->label();
      }
    }
  }

  v1::TallyEntry MakeEntry(const ScenarioEntry& from, const std::string& agency_id) {
    v1::TallyEntry entry = from.entry();
    entry.set_entry_id(ids_[from.label()]);
    if (entry.primary_agency_id().empty()) entry.set_primary_agency_id(agency_id);
    if (entry.status() == v1::TALLY_STATUS_UNSPECIFIED) entry.set_status(v1::TALLY_STATUS_CONFIRMED);
    for (const std::string& label : from.contained_in()) entry.add_contained_in_entry_ids(ids_[label]);
    plan_.entries[entry.entry_id()] = entry;
    return entry;
  }

  void AddOriginal(const ScenarioSubmission& from) {
    PlannedSend send;
    send.submission.set_submission_id(NewUuidV7(SystemClock()->Now()));
    if (from.has_record()) {
      v1::RecordTally& record = *send.submission.mutable_record_tally();
      record.set_operation_id(scenario_.operation_id());
      *record.mutable_entry() = MakeEntry(from.record(), from.agency_id());
    } else {
      v1::CorrectTally& correction = *send.submission.mutable_correct_tally();
      correction.set_operation_id(scenario_.operation_id());
      correction.set_entry_id(ids_[from.correction().corrects()]);
      correction.set_reason(from.correction().reason());
      for (const ScenarioEntry& entry : from.correction().replacements()) {
        *correction.add_replacements() = MakeEntry(entry, from.agency_id());
      }
      plan_.reversed.push_back(correction.entry_id());
    }
    AddRepeats(from, send);
    plan_.sends[from.agency_id()].push_back(std::move(send));
  }

  void AddRepeats(const ScenarioSubmission& from, const PlannedSend& original) {
    for (const int fault : from.faults()) {
      if (fault == config::v1::SCENARIO_FAULT_LATE) continue;
      Repeat repeat = {from.agency_id(), original, original.submission.submission_id()};
      repeat.send.kind = PlannedSend::Kind::kRetry;
      if (fault == config::v1::SCENARIO_FAULT_DUPLICATE) {
        repeat.send.kind = PlannedSend::Kind::kDuplicate;
        repeat.send.submission.set_submission_id(NewUuidV7(SystemClock()->Now()));
      }
      repeats_.push_back(std::move(repeat));
    }
  }

  void InsertRepeat(const Repeat& repeat) {
    std::vector<PlannedSend>& sends = plan_.sends[repeat.agency_id];
    const auto original = absl::c_find_if(sends, [&](const PlannedSend& send) {
      return send.kind == PlannedSend::Kind::kOriginal &&
             send.submission.submission_id() == repeat.original_submission_id;
    });
    const auto places = static_cast<size_t>(sends.end() - original);
    const auto place = static_cast<std::ptrdiff_t>(1 + Below(random_, places));
    sends.insert(original + place, repeat.send);
  }

  const Scenario& scenario_;
  std::mt19937_64 random_;
  std::map<std::string, std::string> ids_;  // entry_id by label.
  std::vector<Repeat> repeats_;
  PlannedTally plan_;
};

}  // namespace

const std::string& Scenario::lead() const {
  return absl::c_find_if(participants, [](const v1::Participant& p) { return p.role() == v1::ROLE_LEAD; })->agency_id();
}

absl::StatusOr<Scenario> LoadScenario(const std::string& folder) {
  Scenario scenario;
  config::v1::ScenarioParticipants participants;
  config::v1::ScenarioTally tally;
  MUSTER_RETURN_IF_ERROR(LoadTomlFile(absl::StrCat(folder, "/operation.toml"), &scenario.creation));
  MUSTER_RETURN_IF_ERROR(LoadTomlFile(absl::StrCat(folder, "/participants.toml"), &participants));
  MUSTER_RETURN_IF_ERROR(LoadTomlFile(absl::StrCat(folder, "/plan.toml"), &scenario.plan));
  MUSTER_RETURN_IF_ERROR(LoadTomlFile(absl::StrCat(folder, "/amendment.toml"), &scenario.amendment));
  MUSTER_RETURN_IF_ERROR(LoadTomlFile(absl::StrCat(folder, "/entries.toml"), &tally));
  scenario.participants.assign(participants.participants().begin(), participants.participants().end());
  scenario.submissions.assign(tally.submissions().begin(), tally.submissions().end());
  MUSTER_ASSIGN_OR_RETURN(scenario.published, LoadPublished(folder));
  MUSTER_ASSIGN_OR_RETURN(scenario.expected, ExpectFigures(scenario.published));
  MUSTER_RETURN_IF_ERROR(Check(scenario));
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

size_t PlannedTally::send_count() const {
  size_t count = 0;
  for (const auto& [agency, list] : sends) count += list.size();
  return count;
}

size_t PlannedTally::fault_count() const {
  size_t count = 0;
  for (const auto& [agency, list] : sends) {
    count += static_cast<size_t>(
        absl::c_count_if(list, [](const PlannedSend& send) { return send.kind != PlannedSend::Kind::kOriginal; }));
  }
  return count;
}

PlannedTally PlanTally(const Scenario& scenario, uint64_t seed) { return TallyPlanner(scenario, seed).Plan(); }

}  // namespace muster
