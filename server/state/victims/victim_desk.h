// What one operation and its victim-services partners tell each other: a readiness notice, capacities, counts,
// referrals. Numbers, dates, enumerations, ids and tickets only: nothing here can hold what identifies a person (rule
// V1).
//
// Threading: guarded by the owner (State).
#ifndef MUSTER_SERVER_STATE_VICTIMS_VICTIM_DESK_H_
#define MUSTER_SERVER_STATE_VICTIMS_VICTIM_DESK_H_

#include <string>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/timestamp.pb.h"
#include "muster/storage/v1/storage.pb.h"
#include "muster/v1/victims.pb.h"

namespace muster {

class VictimDesk {
 public:
  bool has_notice() const { return has_notice_; }
  const v1::ReadinessNotice& notice() const { return notice_; }
  const google::protobuf::Timestamp& published_at() const { return published_at_; }
  // By agency: what each partner said last.
  const absl::btree_map<std::string, v1::CapacityReport>& capacities() const { return capacities_; }
  const absl::btree_map<std::string, v1::ServiceReport>& services() const { return services_; }
  // By ticket.
  const absl::btree_map<std::string, v1::Referral>& referrals() const { return referrals_; }

  // Takes the place of the earlier notice.
  void Publish(const v1::ReadinessNotice& notice, const google::protobuf::Timestamp& at);
  const v1::CapacityReport& Report(absl::string_view agency_id, const v1::Capacity& capacity,
                                   const google::protobuf::Timestamp& at);
  const v1::ServiceReport& Report(absl::string_view agency_id, const v1::ServiceCounts& counts,
                                  const google::protobuf::Timestamp& at);

  // REQUESTED. `ticket` is what the person is known by; ALREADY_EXISTS when it is taken.
  absl::Status Request(const std::string& ticket, absl::string_view from_agency_id, const v1::RequestReferral& request,
                       const google::protobuf::Timestamp& at);

  // REQUESTED -> ACCEPTED or DECLINED, ACCEPTED -> COMPLETED. Sets `changed` to false for the answer that stands
  // already.
  //
  // Errors: NOT_FOUND for a ticket that was not sent to `agency_id`, whether or not there is one. FAILED_PRECONDITION
  // for any other step.
  absl::Status Answer(absl::string_view agency_id, const v1::AnswerReferral& answer,
                      const google::protobuf::Timestamp& at, bool* changed);

  void ToImage(storage::v1::OperationImage* image) const;
  void FromImage(const storage::v1::OperationImage& image);

 private:
  bool has_notice_ = false;
  v1::ReadinessNotice notice_;
  google::protobuf::Timestamp published_at_;
  absl::btree_map<std::string, v1::CapacityReport> capacities_;
  absl::btree_map<std::string, v1::ServiceReport> services_;
  absl::btree_map<std::string, v1::Referral> referrals_;
};

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_VICTIMS_VICTIM_DESK_H_
