#include "server/state/readiness/readiness_board.h"

#include <iterator>
#include <utility>

#include "common/clock.h"

namespace muster {
namespace {

constexpr absl::Duration kEscalateBefore[] = {absl::Minutes(10), absl::Minutes(5), absl::Minutes(2)};

// What is left of a report when the GO that it answered is taken back: whoever had begun is where it was before. What
// is complete stays so.
void AwaitGo(ReadinessBoard::Report* report) {
  v1::AgencyReadiness& said = *report->mutable_report();
  said.clear_go_acknowledged_at();
  if (said.status() == v1::READINESS_STATUS_EXECUTING) said.set_status(v1::READINESS_STATUS_READY);
}

}  // namespace

void ReadinessBoard::SetHHour(const google::protobuf::Timestamp& at) {
  const uint32_t next = epoch() + 1;
  *this = ReadinessBoard();
  *h_hour_.mutable_at() = at;
  h_hour_.set_epoch(next);
}

const ReadinessBoard::Site* ReadinessBoard::FindSite(absl::string_view site_id) const {
  const auto it = sites_.find(site_id);
  return it == sites_.end() ? nullptr : &it->second;
}

const ReadinessBoard::Report* ReadinessBoard::FindReport(absl::string_view site_id, absl::string_view agency_id) const {
  const Site* site = FindSite(site_id);
  if (site == nullptr) return nullptr;
  const auto it = site->reports.find(agency_id);
  return it == site->reports.end() ? nullptr : &it->second;
}

void ReadinessBoard::Record(absl::string_view site_id, Report report) {
  const std::string agency_id = report.report().agency_id();
  sites_[std::string(site_id)].reports[agency_id] = std::move(report);
}

void ReadinessBoard::AcknowledgeGo(absl::string_view site_id, absl::string_view agency_id,
                                   const google::protobuf::Timestamp& at) {
  v1::AgencyReadiness& report = *sites_[std::string(site_id)].reports[std::string(agency_id)].mutable_report();
  if (!report.has_go_acknowledged_at()) *report.mutable_go_acknowledged_at() = at;
}

void ReadinessBoard::Review(const std::function<bool(const std::string& site_id, Report*)>& keep) {
  for (auto& [site_id, site] : sites_) {
    for (auto it = site.reports.begin(); it != site.reports.end();) {
      it = keep(site_id, &it->second) ? std::next(it) : site.reports.erase(it);
    }
  }
}

const ReadinessBoard::Waiver* ReadinessBoard::FindWaiver(absl::string_view site_id) const {
  const Site* site = FindSite(site_id);
  return site == nullptr || !site->waiver.has_value() ? nullptr : &*site->waiver;
}

void ReadinessBoard::Waive(Waiver waiver) {
  const std::string site_id = waiver.waiver.site_id();
  sites_[site_id].waiver = std::move(waiver);
}

const absl::btree_map<std::string, ReadinessBoard::Stop>& ReadinessBoard::StopsAt(absl::string_view site_id) const {
  static const auto* const kNone = new absl::btree_map<std::string, Stop>();
  const Site* site = FindSite(site_id);
  return site == nullptr ? *kNone : site->stops;
}

void ReadinessBoard::StopSite(absl::string_view site_id, Stop stop) {
  Site& site = sites_[std::string(site_id)];
  if (!stop.aborted()) {
    for (auto& [agency_id, report] : site.reports) AwaitGo(&report);
  }
  const std::string agency_id = stop.agency_id();
  site.stops[agency_id] = std::move(stop);
}

void ReadinessBoard::LiftSite(absl::string_view site_id, absl::string_view agency_id) {
  sites_[std::string(site_id)].stops.erase(std::string(agency_id));
}

void ReadinessBoard::StopAll(Stop stop, uint32_t lead_plan_version) {
  if (!is_given()) order_plan_version_ = lead_plan_version;
  TakeGoBack();
  stop_ = std::move(stop);
}

void ReadinessBoard::LiftAll() {
  stop_.reset();
  order_plan_version_ = 0;
}

void ReadinessBoard::TakeGoBack() {
  given_at_.reset();
  approvals_.clear();
  escalated_through_.reset();
  for (auto& [site_id, site] : sites_) {
    for (auto& [agency_id, report] : site.reports) AwaitGo(&report);
  }
}

void ReadinessBoard::Give(uint32_t lead_plan_version, const google::protobuf::Timestamp& at) {
  given_at_ = at;
  order_plan_version_ = lead_plan_version;
}

std::vector<Timer> ReadinessBoard::Escalations(absl::string_view operation_id) const {
  std::vector<Timer> timers;
  if (!is_given()) return timers;
  // Strictly after GO: what was due before could not have been answered.
  const absl::Time done = FromProto(escalated_through_.value_or(*given_at_));
  for (const absl::Duration before : kEscalateBefore) {
    const absl::Time due = FromProto(h_hour_.at()) - before;
    if (due > done) timers.push_back({due, Timer::Kind::kGoEscalation, std::string(operation_id)});
  }
  return timers;
}

void ReadinessBoard::ToImage(storage::v1::OperationImage* image) const {
  if (epoch() == 0) return;
  storage::v1::ReadinessImage& saved = *image->mutable_readiness();
  *saved.mutable_h_hour() = h_hour_;
  for (const Approval& approval : approvals_) *saved.add_approvals() = approval;
  if (given_at_.has_value()) *saved.mutable_given_at() = *given_at_;
  saved.set_order_plan_version(order_plan_version_);
  if (stop_.has_value()) *saved.mutable_stop() = *stop_;
  for (const auto& [site_id, site] : sites_) {
    storage::v1::SiteReadinessImage& saved_site = *saved.add_sites();
    saved_site.set_site_id(site_id);
    for (const auto& [agency_id, report] : site.reports) *saved_site.add_reports() = report;
    if (site.waiver.has_value()) {
      *saved_site.mutable_waiver() = site.waiver->waiver;
      saved_site.set_waiver_plan_version(site.waiver->plan_version);
    }
    for (const auto& [agency_id, stop] : site.stops) *saved_site.add_stops() = stop;
  }
  if (escalated_through_.has_value()) *saved.mutable_escalated_through() = *escalated_through_;
}

void ReadinessBoard::FromImage(const storage::v1::OperationImage& image, absl::string_view operation_id,
                               Timers* timers) {
  const storage::v1::ReadinessImage& saved = image.readiness();
  h_hour_ = saved.h_hour();
  approvals_.assign(saved.approvals().begin(), saved.approvals().end());
  if (saved.has_given_at()) given_at_ = saved.given_at();
  order_plan_version_ = saved.order_plan_version();
  if (saved.has_stop()) stop_ = saved.stop();
  for (const storage::v1::SiteReadinessImage& saved_site : saved.sites()) {
    Site& site = sites_[saved_site.site_id()];
    for (const Report& report : saved_site.reports()) site.reports[report.report().agency_id()] = report;
    if (saved_site.has_waiver()) site.waiver = Waiver{saved_site.waiver(), saved_site.waiver_plan_version()};
    for (const Stop& stop : saved_site.stops()) site.stops[stop.agency_id()] = stop;
  }
  if (saved.has_escalated_through()) escalated_through_ = saved.escalated_through();
  for (Timer& timer : Escalations(operation_id)) timers->Set(std::move(timer));
}

}  // namespace muster
