// One operation's readiness, H-hour, GO, HOLD and ABORT, as they were reported and ordered in the current epoch.
//
// Holds what was said; whether it still counts follows from the plan, the participants and the roster when it is read
// (readiness_view.h). A new epoch forgets everything (rule G3).
//
// Threading: guarded by the owner (State).
#ifndef MUSTER_SERVER_STATE_READINESS_READINESS_BOARD_H_
#define MUSTER_SERVER_STATE_READINESS_READINESS_BOARD_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/strings/string_view.h"
#include "muster/storage/v1/storage.pb.h"
#include "muster/v1/readiness.pb.h"
#include "server/state/timers.h"

namespace muster {

class ReadinessBoard {
 public:
  using Report = storage::v1::ReadinessReportImage;
  using Approval = storage::v1::GoApprovalImage;
  using Stop = storage::v1::SiteStop;
  struct Waiver {
    v1::ReadinessWaiver waiver;
    // The lead's, when the site was waived.
    uint32_t plan_version = 0;
  };

  // 0 before the first H-hour.
  uint32_t epoch() const { return h_hour_.epoch(); }
  const v1::HHour& h_hour() const { return h_hour_; }
  // Begins the next epoch: every report, approval, order, stop and waiver is void (rule G3).
  void SetHHour(const google::protobuf::Timestamp& at);

  // Null when the agency has reported nothing of the site.
  const Report* FindReport(absl::string_view site_id, absl::string_view agency_id) const;
  // Replaces what the agency said of the site before.
  void Record(absl::string_view site_id, Report report);
  // The report must exist. The first acknowledgement stands.
  void AcknowledgeGo(absl::string_view site_id, absl::string_view agency_id, const google::protobuf::Timestamp& at);
  // Shows every report to `keep`, which may let it lapse, and forgets those that it returns false for. Stops stay
  // whoever called them: rule G4.
  void Review(const std::function<bool(const std::string& site_id, Report*)>& keep);

  const Waiver* FindWaiver(absl::string_view site_id) const;
  void Waive(Waiver waiver);

  // By agency; a lead's stop of a site is among them.
  const absl::btree_map<std::string, Stop>& StopsAt(absl::string_view site_id) const;
  // A HOLD makes the site acknowledge GO anew; an ABORT replaces a HOLD by the same agency.
  void StopSite(absl::string_view site_id, Stop stop);
  void LiftSite(absl::string_view site_id, absl::string_view agency_id);

  // The lead's stop of the whole operation; null when there is none. It takes GO back: after a HOLD two persons must
  // approve again and every site must acknowledge again (rule G2).
  const Stop* stop() const { return stop_.has_value() ? &*stop_ : nullptr; }
  bool is_aborted() const { return stop_.has_value() && stop_->aborted(); }
  void StopAll(Stop stop, uint32_t lead_plan_version);
  void LiftAll();

  // Approvals that have lapsed are among them.
  const std::vector<Approval>& approvals() const { return approvals_; }
  void set_approvals(std::vector<Approval> approvals) { approvals_ = std::move(approvals); }
  bool is_given() const { return given_at_.has_value(); }
  // What is_given() says must hold.
  const google::protobuf::Timestamp& given_at() const { return *given_at_; }
  void Give(uint32_t lead_plan_version, const google::protobuf::Timestamp& at);
  // The lead's plan version that GO, or else the stop of the whole operation, is about.
  uint32_t order_plan_version() const { return order_plan_version_; }

  // What is still to fall due of the moments at which unacknowledged GO escalates: H-10, H-5 and H-2 minutes.
  std::vector<Timer> Escalations(absl::string_view operation_id) const;
  // `due` has passed.
  void SetEscalatedThrough(const google::protobuf::Timestamp& due) { escalated_through_ = due; }

  void ToImage(storage::v1::OperationImage* image) const;
  // Sets its timers in `timers`, under the operation's id.
  void FromImage(const storage::v1::OperationImage& image, absl::string_view operation_id, Timers* timers);

 private:
  struct Site {
    absl::btree_map<std::string, Report> reports;  // By agency.
    std::optional<Waiver> waiver;
    absl::btree_map<std::string, Stop> stops;
  };

  const Site* FindSite(absl::string_view site_id) const;
  void TakeGoBack();

  v1::HHour h_hour_;
  absl::btree_map<std::string, Site> sites_;
  std::vector<Approval> approvals_;
  std::optional<google::protobuf::Timestamp> given_at_;
  uint32_t order_plan_version_ = 0;
  std::optional<Stop> stop_;
  std::optional<google::protobuf::Timestamp> escalated_through_;
};

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_READINESS_READINESS_BOARD_H_
