// Makes a replay's tally submissions out of its scenario.
#include <random>
#include <utility>

#include "absl/algorithm/container.h"
#include "client/cli/demo/scenario.h"
#include "common/clock.h"
#include "common/uuid.h"

namespace muster {
namespace {

using config::v1::ScenarioEntry;
using config::v1::ScenarioSubmission;

// Numbers in [0, bound): plain modulo, so that a seed means the same on every machine.
size_t Below(std::mt19937_64& random, size_t bound) { return static_cast<size_t>(random() % bound); }

class TallyPlanner {
 public:
  TallyPlanner(const Scenario& scenario, uint64_t seed) : scenario_(scenario), random_(seed) {}

  PlannedTally Plan() {
    MakeEntryIds();
    for (const bool late : {false, true}) {
      for (const ScenarioSubmission& submission : scenario_.submissions) {
        if (submission.afterwards()) continue;
        if (absl::c_linear_search(submission.faults(), config::v1::SCENARIO_FAULT_LATE) == late)
          AddOriginal(submission);
      }
    }
    for (const Repeat& repeat : repeats_) InsertRepeat(repeat);
    for (const ScenarioSubmission& submission : scenario_.submissions) {
      if (submission.afterwards()) AddAfterwards(submission);
    }
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
    PlannedSend send = MakeSend(from);
    for (PlannedSend& repeat : MakeRepeats(from, send)) {
      repeats_.push_back({from.agency_id(), std::move(repeat), send.submission.submission_id()});
    }
    plan_.sends[from.agency_id()].push_back(std::move(send));
  }

  // Each repeat right behind its original.
  void AddAfterwards(const ScenarioSubmission& from) {
    PlannedSend send = MakeSend(from);
    std::vector<PlannedSend> repeats = MakeRepeats(from, send);
    plan_.afterwards.emplace_back(from.agency_id(), std::move(send));
    for (PlannedSend& repeat : repeats) plan_.afterwards.emplace_back(from.agency_id(), std::move(repeat));
  }

  PlannedSend MakeSend(const ScenarioSubmission& from) {
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
    return send;
  }

  static std::vector<PlannedSend> MakeRepeats(const ScenarioSubmission& from, const PlannedSend& original) {
    std::vector<PlannedSend> repeats;
    for (const int fault : from.faults()) {
      if (fault == config::v1::SCENARIO_FAULT_LATE) continue;
      PlannedSend& repeat = repeats.emplace_back(original);
      repeat.kind = PlannedSend::Kind::kRetry;
      if (fault == config::v1::SCENARIO_FAULT_DUPLICATE) {
        repeat.kind = PlannedSend::Kind::kDuplicate;
        repeat.submission.set_submission_id(NewUuidV7(SystemClock()->Now()));
      }
    }
    return repeats;
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
