#include "client/lib/report/report_builder.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/lib/label.h"
#include "common/clock.h"

namespace muster {
namespace {

using google::protobuf::Timestamp;

int64_t SecondsBetween(const Timestamp& from, const Timestamp& to) {
  return absl::ToInt64Seconds(FromProto(to) - FromProto(from));
}

bool IsOver(v1::ConflictState state) {
  return state == v1::CONFLICT_STATE_RESOLVED || state == v1::CONFLICT_STATE_EXPIRED ||
         state == v1::CONFLICT_STATE_CANCELLED;
}

bool IsArrest(v1::TallyCategory category) {
  return category >= v1::TALLY_CATEGORY_ARREST_TRAFFICKER && category <= v1::TALLY_CATEGORY_ARREST_UNCATEGORISED;
}

bool Counts(const v1::TallyEntryRecord& record) {
  return !record.has_reversal() && record.entry().status() == v1::TALLY_STATUS_CONFIRMED;
}

std::string Of(absl::string_view reason) { return reason.empty() ? "" : absl::StrCat(": ", reason); }

// A conflict's last word: the resolution's text, and when it was over.
void SetEnd(const google::protobuf::RepeatedPtrField<v1::ConflictStep>& steps, v1::ConflictSummary* summary) {
  for (const v1::ConflictStep& step : steps) {
    if (step.state() == v1::CONFLICT_STATE_ESCALATED) summary->set_escalated(true);
    if (!IsOver(step.state())) continue;
    summary->set_text(step.text());
    if (summary->has_opened_at()) summary->set_seconds_to_resolution(SecondsBetween(summary->opened_at(), step.at()));
  }
  if (!IsOver(summary->state())) summary->clear_seconds_to_resolution();
}

}  // namespace

ReportBuilder::ReportBuilder(std::string operation_id, std::string reader_agency_id) {
  report_.set_operation_id(std::move(operation_id));
  report_.set_reader_agency_id(std::move(reader_agency_id));
}

void ReportBuilder::Add(const v1::Delivery& delivery) {
  const v1::Notice& notice = delivery.notice();
  report_.set_cursor(delivery.cursor());
  if (notice.operation_id() != report_.operation_id()) {
    const bool ours =
        notice.alert().operation_id() == report_.operation_id() ||
        std::any_of(notice.conflict().parties().begin(), notice.conflict().parties().end(),
                    [this](const v1::ConflictParty& party) { return party.operation_id() == report_.operation_id(); });
    if (!ours) return;
  }
  report_.set_deliveries(report_.deliveries() + 1);
  if (!report_.has_first_at()) *report_.mutable_first_at() = notice.at();
  *report_.mutable_last_at() = notice.at();
  Take(notice);
}

void ReportBuilder::Take(const v1::Notice& notice) {
  using v1::Notice;
  switch (notice.content_case()) {
    case Notice::kOperation:
      return TakeOperation(notice);
    case Notice::kParticipant:
      return Tell(notice.at(),
                  absl::StrCat(notice.participant().participant().agency_id(),
                               notice.participant().removed() ? " left" : " takes part as ",
                               notice.participant().removed() ? Of(notice.participant().reason())
                                                              : Label(notice.participant().participant().role())));
    case Notice::kPlan:
      return TakePlan(notice);
    case Notice::kAcknowledgement:
      return TakeAcknowledgement(notice);
    case Notice::kTallyEntry:
      return TakeEntry(notice.tally_entry());
    case Notice::kTallyCorrection:
      return TakeCorrection(notice);
    case Notice::kReadiness:
      return TakeReadiness(notice);
    case Notice::kEscalation:
      return Tell(notice.at(), absl::StrCat("escalated: ", notice.escalation().text()));
    case Notice::kConflict:
      return TakeConflict(notice.conflict());
    case Notice::kAlert:
      return TakeAlert(notice);
    case Notice::kRelease:
      return Tell(notice.at(),
                  absl::StrCat("release ", notice.release().release_id(), " ", Label(notice.release().state())));
    case Notice::kClaim:
      return Tell(notice.at(),
                  absl::StrCat(notice.claim().claim().source(), " claims ", Label(notice.claim().claim().figure()), " ",
                               notice.claim().claim().state(), " ", notice.claim().claim().value()));
    case Notice::kReadinessNotice:
      return Tell(notice.at(), "readiness notice for victim services");
    default:
      return;
  }
}

void ReportBuilder::TakeOperation(const v1::Notice& notice) {
  const v1::OperationView& view = notice.operation();
  report_.set_code_name(view.operation().code_name());
  report_.set_mode(view.operation().mode());
  report_.set_lead_agency_id(view.lead_agency_id());
  if (view.phase() == report_.phase()) return;
  report_.set_phase(view.phase());
  Tell(notice.at(), absl::StrCat("phase ", Label(view.phase())));
}

void ReportBuilder::TakePlan(const v1::Notice& notice) {
  const v1::PlanView& plan = notice.plan();
  published_.emplace(plan.version(), plan.published_at());
  Tell(notice.at(), absl::StrCat("plan version ", plan.version(), plan.withdrawn() ? " withdrawn" : " published"));
}

void ReportBuilder::TakeAcknowledgement(const v1::Notice& notice) {
  const v1::Acknowledgement& answer = notice.acknowledgement();
  v1::AcknowledgementLatency& row = acknowledgements_[{answer.agency_id(), answer.version()}];
  row.set_agency_id(answer.agency_id());
  row.set_version(answer.version());
  row.set_status(answer.status());
  *row.mutable_answered_at() = answer.answered_at();
  Tell(notice.at(), absl::StrCat(answer.agency_id(), " ", Label(answer.status()), " plan version ", answer.version(),
                                 Of(answer.reason())));
}

void ReportBuilder::TakeEntry(const v1::TallyEntryRecord& record) { entries_[record.entry().entry_id()] = record; }

void ReportBuilder::TakeCorrection(const v1::Notice& notice) {
  const v1::TallyCorrection& correction = notice.tally_correction();
  v1::CorrectionSummary* summary = report_.add_corrections();
  *summary->mutable_at() = notice.at();
  summary->set_entry_id(correction.entry_id());
  summary->set_reason(correction.reversal().reason());
  summary->set_author_agency_id(correction.reversal().author().agency_id());
  const auto reversed = entries_.find(correction.entry_id());
  if (reversed != entries_.end()) {
    *reversed->second.mutable_reversal() = correction.reversal();
    summary->set_agency_id(reversed->second.entry().primary_agency_id());
    summary->set_category(reversed->second.entry().category());
    summary->set_count_before(reversed->second.entry().count());
  }
  for (const v1::TallyEntryRecord& replacement : correction.replacements()) {
    TakeEntry(replacement);
    summary->set_agency_id(replacement.entry().primary_agency_id());
    summary->set_category(replacement.entry().category());
    summary->set_count_after(summary->count_after() + replacement.entry().count());
  }
  Tell(notice.at(), absl::StrCat(summary->agency_id(), "'s ", Label(summary->category()), " corrected from ",
                                 summary->count_before(), " to ", summary->count_after(), Of(summary->reason())));
}

void ReportBuilder::TakeReadiness(const v1::Notice& notice) {
  const v1::ReadinessBoard& board = notice.readiness();
  if (board.has_h_hour() && board.h_hour().epoch() != epoch_) {
    epoch_ = board.h_hour().epoch();
    go_ = v1::GO_STATE_NOT_GIVEN;
    epochs_[epoch_].h_hour_set_at = notice.at();
    epochs_[epoch_].h_hour = board.h_hour().at();
    Tell(notice.at(), absl::StrCat("H-hour ", absl::FormatTime(FromProto(board.h_hour().at()), absl::UTCTimeZone()),
                                   " (epoch ", epoch_, ")"));
  }
  if (board.has_go() && board.go().state() != go_) {
    go_ = board.go().state();
    if (go_ == v1::GO_STATE_GIVEN) epochs_[epoch_].go_given_at = board.go().given_at();
    std::vector<std::string> persons;
    for (const v1::GoApproval& approval : board.go().approvals()) persons.push_back(approval.operator_name());
    Tell(notice.at(), absl::StrCat("GO ", Label(go_), persons.empty() ? "" : " by ", absl::StrJoin(persons, " and "),
                                   Of(board.go().reason())));
  }
  for (const v1::SiteReadiness& site : board.sites()) {
    Tell(notice.at(), absl::StrCat("site ", site.site_id(), " ", Label(site.status())));
    for (const v1::AgencyReadiness& row : site.agencies()) TakeAgencyReadiness(site.site_id(), row);
    if (!site.has_waiver() || site.waiver().epoch() != epoch_) continue;
    if (!waived_.insert(absl::StrCat(site.site_id(), "/", epoch_)).second) continue;
    *report_.add_waivers() = site.waiver();
    Tell(notice.at(), absl::StrCat("site ", site.site_id(), " waived by ", site.waiver().approver_name(),
                                   Of(site.waiver().reason())));
  }
}

void ReportBuilder::TakeAgencyReadiness(const std::string& site_id, const v1::AgencyReadiness& row) {
  if (row.epoch() == 0) return;
  v1::ReadinessLatency& latency = readiness_[absl::StrCat(site_id, "/", row.agency_id(), "/", row.epoch())];
  latency.set_site_id(site_id);
  latency.set_agency_id(row.agency_id());
  latency.set_epoch(row.epoch());
  const Reporter& epoch = epochs_[row.epoch()];
  if (row.status() == v1::READINESS_STATUS_READY && !latency.has_ready_at()) {
    *latency.mutable_ready_at() = row.reported_at();
    latency.set_seconds_after_h_hour_was_set(SecondsBetween(epoch.h_hour_set_at, row.reported_at()));
    latency.set_seconds_before_h_hour(SecondsBetween(row.reported_at(), epoch.h_hour));
  }
  if (row.has_go_acknowledged_at()) {
    latency.set_go_acknowledgement_seconds(SecondsBetween(epoch.go_given_at, row.go_acknowledged_at()));
  }
}

void ReportBuilder::TakeConflict(const v1::ConflictRecord& conflict) {
  const bool is_new = conflicts_.count(conflict.conflict_id()) == 0;
  v1::ConflictSummary& summary = conflicts_[conflict.conflict_id()];
  const v1::ConflictState before = summary.state();
  summary.set_conflict_id(conflict.conflict_id());
  *summary.mutable_kinds() = conflict.kinds();
  summary.clear_agency_ids();
  for (const v1::ConflictParty& party : conflict.parties()) summary.add_agency_ids(party.agency_id());
  summary.set_state(conflict.state());
  summary.set_resolution(conflict.resolution());
  *summary.mutable_opened_at() = conflict.opened_at();
  if (conflict.has_escalated_at()) summary.set_escalated(true);
  SetEnd(conflict.steps(), &summary);
  if (!is_new && before == conflict.state()) return;
  Tell(*report_.mutable_last_at(),
       absl::StrCat("conflict ", conflict.conflict_id(), " of ", absl::StrJoin(summary.agency_ids(), " and "), " ",
                    Label(conflict.state()), Of(summary.text())));
}

void ReportBuilder::TakeAlert(const v1::Notice& notice) {
  const v1::Alert& alert = notice.alert();
  v1::ConflictSummary& summary = conflicts_[alert.conflict_id()];
  const v1::ConflictState before = summary.state();
  if (!summary.has_opened_at()) *summary.mutable_opened_at() = notice.at();
  summary.set_conflict_id(alert.conflict_id());
  *summary.mutable_kinds() = alert.kinds();
  summary.clear_agency_ids();
  summary.add_agency_ids(report_.reader_agency_id());
  summary.add_agency_ids(alert.other_agency_id());
  summary.set_state(alert.state());
  summary.set_resolution(alert.resolution());
  SetEnd(alert.steps(), &summary);
  if (before == alert.state()) return;
  Tell(notice.at(), absl::StrCat("conflict ", alert.conflict_id(), " with ", alert.other_agency_id(), " ",
                                 Label(alert.state()), Of(summary.text())));
}

void ReportBuilder::SetDisputes(const v1::ReconcileResponse& disputes) {
  *report_.mutable_disputes() = disputes.reconciliations();
}

void ReportBuilder::SetDuplicates(const v1::ListSuspectedDuplicatesResponse& duplicates) {
  *report_.mutable_duplicates() = duplicates.duplicates();
}

void ReportBuilder::SetReleases(const v1::ListReleasesResponse& releases) {
  *report_.mutable_releases() = releases.releases();
}

void ReportBuilder::SetBoard(const v1::ReadinessBoard& board) {
  for (const v1::SiteReadiness& site : board.sites()) {
    if (site.status() >= v1::READINESS_STATUS_COMPLETE || site.optional_for_go()) continue;
    silent_.push_back(absl::StrCat("site ", site.site_id(), " was last ", Label(site.status())));
  }
}

void ReportBuilder::SetAcknowledgements(const v1::ListAcknowledgementsResponse& acknowledgements) {
  for (const v1::Acknowledgement& one : acknowledgements.acknowledgements()) {
    if (one.status() != v1::ACKNOWLEDGEMENT_STATUS_DELIVERED) continue;
    silent_.push_back(absl::StrCat(one.agency_id(), " has not answered plan version ", one.current_version()));
  }
}

void ReportBuilder::AddDisclosures(const v1::ListDisclosuresResponse& disclosures) {
  for (const v1::Disclosure& one : disclosures.disclosures()) {
    for (const std::string& to : one.to_agency_ids()) {
      if (to != one.from_agency_id()) ++disclosures_[{one.from_agency_id(), to}][Label(one.object_class())];
    }
  }
}

void ReportBuilder::Tell(const Timestamp& at, std::string text) {
  v1::TimelineItem* item = report_.add_timeline();
  *item->mutable_at() = at;
  item->set_text(std::move(text));
}

void ReportBuilder::FindGaps() {
  for (std::string& sentence : silent_) report_.add_gaps(std::move(sentence));
  for (const v1::ConflictSummary& conflict : report_.conflicts()) {
    if (!IsOver(conflict.state())) {
      report_.add_gaps(absl::StrCat("conflict ", conflict.conflict_id(), " is still ", Label(conflict.state())));
    }
  }
  if (!report_.has_totals()) return;
  for (const std::string& state : report_.totals().persons_coverage().states_not_reported()) {
    report_.add_gaps(absl::StrCat(state, " has reported no count of persons: NOT_REPORTED, not 0"));
  }
  uint64_t arrests = 0;
  for (const auto& [id, record] : entries_) {
    if (Counts(record) && IsArrest(record.entry().category())) arrests += record.entry().count();
  }
  if (arrests != report_.totals().arrests().confirmed()) {
    report_.add_gaps(absl::StrCat("the entries on this feed add up to ", arrests, " arrests, the totals say ",
                                  report_.totals().arrests().confirmed()));
  }
}

v1::AfterActionReport ReportBuilder::Finish() && {
  for (auto& [key, row] : acknowledgements_) {
    const auto published = published_.find(row.version());
    if (published != published_.end()) {
      *row.mutable_published_at() = published->second;
      if (row.has_answered_at()) row.set_seconds(SecondsBetween(published->second, row.answered_at()));
    }
    *report_.add_acknowledgements() = std::move(row);
  }
  for (auto& [key, row] : readiness_) *report_.add_readiness() = std::move(row);
  for (auto& [key, row] : conflicts_) *report_.add_conflicts() = std::move(row);
  for (const auto& [agencies, classes] : disclosures_) {
    for (const auto& [object_class, count] : classes) {
      v1::DisclosureSummary* summary = report_.add_disclosures();
      summary->set_from_agency_id(agencies.first);
      summary->set_to_agency_id(agencies.second);
      summary->set_object_class(object_class);
      summary->set_count(count);
    }
  }
  FindGaps();
  return std::move(report_);
}

}  // namespace muster
