// The versions of one operation's plan, what each participant may see of them, and who has acknowledged what.
//
// Versions are counted per viewer (rule P7): a version that changes nothing a viewer may see does not exist for that
// viewer. The lead sees every section, so the lead's version is the count of versions.
//
// Threading: guarded by the owner (State).
#ifndef MUSTER_SERVER_STATE_PLANS_PLAN_BOOK_H_
#define MUSTER_SERVER_STATE_PLANS_PLAN_BOOK_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "muster/storage/v1/storage.pb.h"
#include "muster/v1/operation.pb.h"
#include "muster/v1/plan.pb.h"

namespace muster {

class PlanBook {
 public:
  bool is_published() const { return !versions_.empty(); }
  bool is_withdrawn() const { return withdrawn_; }
  // The lead's version; 0 before the first.
  uint32_t version() const { return static_cast<uint32_t>(versions_.size()); }

  // What `participant` may see of the current version. version() == 0 in the view when that is nothing.
  v1::PlanView ViewFor(const v1::Participant& participant) const { return ViewFor(participant, version()); }
  // The same as of the lead's version `version`.
  v1::PlanView ViewFor(const v1::Participant& participant, uint32_t version) const;

  // Participants with equal keys have equal views of every version; cheaper to compare than the views (rule P6).
  std::string ViewKey(const v1::Participant& participant) const;

  // How far a viewer's plan has come: what a view says without its text. All zero and empty when it sees none.
  struct Reach {
    uint32_t version = 0;
    uint32_t last_material_version = 0;
    std::string content_sha256;
  };
  // From what Prepare computed; else computed now, which costs as much as a view.
  Reach ReachOf(const v1::Participant& participant) const;

  // Computes the reach of every one of `participants` that is not known yet and forgets all others, once per change
  // instead of once per reading. To be called after a change of the versions or the participants; reads, which may run
  // side by side, never fill anything in.
  void Prepare(const absl::btree_map<std::string, v1::Participant>& participants);

  // Whether both read the same content under the same version number.
  bool SeeTheSame(const v1::Participant& a, const v1::Participant& b) const;

  // Where `participant` stands: DELIVERED, ACKNOWLEDGED or REJECTED, or unspecified when it sees no plan. An answer to
  // a version before the viewer's last material change no longer counts (rules P3, P4).
  v1::Acknowledgement StandingOf(const v1::Participant& participant) const;

  absl::Status Publish(const v1::PublishPlan& plan, const google::protobuf::Timestamp& at);
  absl::Status Amend(const v1::AmendPlan& amendment, const google::protobuf::Timestamp& at);
  absl::Status Withdraw(const v1::WithdrawPlan& withdrawal);
  // Sets `changed` to false when the participant had acknowledged this version before: the first answer stands.
  absl::Status Acknowledge(const v1::Participant& participant, absl::string_view post,
                           const v1::AcknowledgePlan& acknowledgement, const google::protobuf::Timestamp& at,
                           bool* changed);
  void ForgetAnswer(absl::string_view agency_id) { answers_.erase(std::string(agency_id)); }

  storage::v1::PlanImage ToImage() const;
  void FromImage(const storage::v1::PlanImage& image);

  // For the views; set once by the operation.
  void set_operation_id(absl::string_view operation_id) { operation_id_ = std::string(operation_id); }

 private:
  absl::Status CheckBase(uint32_t base_version) const;
  Reach ComputeReach(const v1::Participant& participant) const;

  std::string operation_id_;
  std::vector<storage::v1::PlanVersionImage> versions_;
  bool withdrawn_ = false;
  // By agency: its last answer.
  absl::btree_map<std::string, storage::v1::AnswerImage> answers_;
  // By ViewKey; empty after a change of the versions. Follows from the rest, so it is no part of the image.
  absl::btree_map<std::string, Reach> reaches_;
};

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_PLANS_PLAN_BOOK_H_
