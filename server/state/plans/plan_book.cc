#include "server/state/plans/plan_book.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/error_reason.h"
#include "common/sha256.h"
#include "common/status_macros.h"
#include "server/state/access/access_matrix.h"

namespace muster {
namespace {

enum class Sight { kNone, kTitle, kWhole };

// Section 7 of the rules: the lead reads all; participants and prosecutors what is addressed to their role and site;
// observers and auditors the titles of what is not confined to sites; nobody a section that excludes it by name.
Sight SightOf(const v1::Audience& audience, const v1::Participant& viewer) {
  const AccessCell& cell = CellOf(v1::OBJECT_CLASS_PLAN, viewer.role());
  if (cell.form == v1::ACCESS_FORM_NONE) return Sight::kNone;
  if (cell.form == v1::ACCESS_FORM_FULL && cell.scope == AccessScope::kAll) return Sight::kWhole;
  if (absl::c_linear_search(audience.excluded_agency_ids(), viewer.agency_id())) return Sight::kNone;
  if (cell.form != v1::ACCESS_FORM_FULL) return audience.site_ids().empty() ? Sight::kTitle : Sight::kNone;
  if (!absl::c_linear_search(audience.roles(), viewer.role())) return Sight::kNone;
  const bool works_there =
      audience.site_ids().empty() || absl::c_any_of(audience.site_ids(), [&](const std::string& site_id) {
        return absl::c_linear_search(viewer.site_ids(), site_id);
      });
  return works_there ? Sight::kWhole : Sight::kNone;
}

v1::SectionView Show(const v1::Section& section, Sight sight, bool to_lead) {
  v1::SectionView view;
  view.set_section_id(section.section_id());
  view.set_kind(section.kind());
  view.set_title(section.title());
  if (sight == Sight::kWhole) view.set_body(section.body());
  view.set_title_only(sight == Sight::kTitle);
  if (to_lead) *view.mutable_audience() = section.audience();
  return view;
}

bool ReadsTheSame(const v1::SectionView& a, const v1::SectionView& b) {
  return a.kind() == b.kind() && a.title() == b.title() && a.body() == b.body() && a.title_only() == b.title_only();
}

// Over what a reader reads and nothing else, so that equal rights give equal hashes whatever the version numbers.
std::string ContentHash(absl::string_view operation_id, const std::map<std::string, v1::SectionView>& sections) {
  Sha256 digest;
  digest.UpdateSized("muster plan content 1").UpdateSized(operation_id);
  for (const auto& [id, section] : sections) {
    digest.UpdateSized(id)
        .UpdateSized(absl::StrCat(static_cast<int>(section.kind()), section.title_only() ? " title" : " whole"))
        .UpdateSized(section.title())
        .UpdateSized(section.body());
  }
  return absl::BytesToHexString(digest.Finish());
}

// One viewer's way through the versions.
class Reading {
 public:
  explicit Reading(const v1::Participant& viewer) : viewer_(viewer) {}

  void Turn(const storage::v1::PlanVersionImage& version) {
    const uint32_t next = view_.version() + 1;
    bool changed = is_lead();
    bool material = false;
    std::vector<std::string> removed;
    for (const storage::v1::SectionVersion& section : version.changed()) {
      const std::optional<v1::SectionChange> change = Take(section, next, &removed);
      if (!change.has_value()) continue;
      changed = true;
      material |= *change != v1::SECTION_CHANGE_EDITORIAL;
    }
    if (!changed) return;
    view_.set_version(next);
    *view_.mutable_published_at() = version.published_at();
    view_.mutable_removed_section_ids()->Assign(removed.begin(), removed.end());
    if (material) view_.set_last_material_version(next);
  }

  v1::PlanView Finish(absl::string_view operation_id, bool withdrawn) && {
    // Whoever never saw a section sees no plan at all, not even that there is one.
    if (view_.version() == 0) return {};
    view_.set_operation_id(std::string(operation_id));
    view_.set_withdrawn(withdrawn);
    view_.set_content_sha256(ContentHash(operation_id, sections_));
    for (auto& [id, section] : sections_) *view_.add_sections() = std::move(section);
    return std::move(view_);
  }

 private:
  bool is_lead() const { return viewer_.role() == v1::ROLE_LEAD; }

  // What this change is to the viewer: nothing, if it cannot tell; material, if it never saw the section, whatever the
  // change is to those who did.
  std::optional<v1::SectionChange> Take(const storage::v1::SectionVersion& change, uint32_t version,
                                        std::vector<std::string>* removed) {
    const std::string& id = change.section().section_id();
    const Sight sight = change.removed() ? Sight::kNone : SightOf(change.section().audience(), viewer_);
    const auto before = sections_.find(id);
    if (sight == Sight::kNone) {
      if (before == sections_.end()) return std::nullopt;
      sections_.erase(before);
      removed->push_back(id);
      return change.change();
    }
    v1::SectionView now = Show(change.section(), sight, is_lead());
    const bool is_new = before == sections_.end();
    if (!is_new && !is_lead() && ReadsTheSame(before->second, now)) return std::nullopt;
    now.set_changed_in_version(version);
    now.set_change(is_new ? v1::SECTION_CHANGE_MATERIAL : change.change());
    return (sections_[id] = std::move(now)).change();
  }

  const v1::Participant& viewer_;
  v1::PlanView view_;
  std::map<std::string, v1::SectionView> sections_;
};

absl::Status Stale(uint32_t named, uint32_t current) {
  return Refusal(v1::ERROR_REASON_STALE_PLAN_VERSION,
                 absl::StrCat("the plan is at version ", current, ", not ", named, "; read it again and redo"), "P3");
}

}  // namespace

v1::PlanView PlanBook::ViewFor(const v1::Participant& participant, uint32_t version) const {
  Reading reading(participant);
  for (uint32_t i = 0; i < version; ++i) reading.Turn(versions_[i]);
  return std::move(reading).Finish(operation_id_, withdrawn_);
}

std::string PlanBook::ViewKey(const v1::Participant& participant) const {
  std::vector<std::string> sites(participant.site_ids().begin(), participant.site_ids().end());
  absl::c_sort(sites);
  std::string key = absl::StrCat(static_cast<int>(participant.role()));
  for (const std::string& site : sites) absl::StrAppend(&key, "|", site);
  for (const storage::v1::PlanVersionImage& version : versions_) {
    for (const storage::v1::SectionVersion& section : version.changed()) {
      if (absl::c_linear_search(section.section().audience().excluded_agency_ids(), participant.agency_id())) {
        return absl::StrCat(key, "#", participant.agency_id());
      }
    }
  }
  return key;
}

bool PlanBook::SeeTheSame(const v1::Participant& a, const v1::Participant& b) const {
  if (ViewKey(a) == ViewKey(b)) return true;
  const Reach reach_a = ReachOf(a);
  const Reach reach_b = ReachOf(b);
  return reach_a.version == reach_b.version && reach_a.content_sha256 == reach_b.content_sha256;
}

PlanBook::Reach PlanBook::ReachOf(const v1::Participant& participant) const {
  const auto it = reaches_.find(ViewKey(participant));
  return it == reaches_.end() ? ComputeReach(participant) : it->second;
}

PlanBook::Reach PlanBook::ComputeReach(const v1::Participant& participant) const {
  const v1::PlanView view = ViewFor(participant);
  return {view.version(), view.last_material_version(), view.content_sha256()};
}

void PlanBook::Prepare(const absl::btree_map<std::string, v1::Participant>& participants) {
  absl::btree_map<std::string, Reach> needed;
  for (const auto& [agency_id, participant] : participants) {
    std::string key = ViewKey(participant);
    if (needed.contains(key)) continue;
    const auto known = reaches_.find(key);
    Reach reach = known == reaches_.end() ? ComputeReach(participant) : known->second;
    needed.emplace(std::move(key), std::move(reach));
  }
  reaches_ = std::move(needed);
}

v1::Acknowledgement PlanBook::StandingOf(const v1::Participant& participant) const {
  const Reach reach = ReachOf(participant);
  v1::Acknowledgement standing;
  standing.set_operation_id(operation_id_);
  standing.set_agency_id(participant.agency_id());
  if (reach.version == 0) return standing;
  standing.set_current_version(reach.version);
  standing.set_status(v1::ACKNOWLEDGEMENT_STATUS_DELIVERED);
  const auto it = answers_.find(participant.agency_id());
  if (it == answers_.end() || it->second.version() < reach.last_material_version) return standing;
  const storage::v1::AnswerImage& answer = it->second;
  standing.set_status(answer.status());
  standing.set_version(answer.version());
  standing.set_content_sha256(answer.content_sha256());
  standing.set_post(answer.post());
  *standing.mutable_answered_at() = answer.answered_at();
  standing.set_reason(answer.reason());
  return standing;
}

absl::Status PlanBook::Publish(const v1::PublishPlan& plan, const google::protobuf::Timestamp& at) {
  if (is_published()) {
    return Refusal(v1::ERROR_REASON_ALREADY_EXISTS,
                   absl::StrCat("the plan was published before and is at version ", version(), "; amend it instead"));
  }
  reaches_.clear();
  storage::v1::PlanVersionImage& first = versions_.emplace_back();
  *first.mutable_published_at() = at;
  for (const v1::Section& section : plan.sections()) {
    storage::v1::SectionVersion* added = first.add_changed();
    *added->mutable_section() = section;
    added->set_change(v1::SECTION_CHANGE_MATERIAL);
  }
  return absl::OkStatus();
}

absl::Status PlanBook::Amend(const v1::AmendPlan& amendment, const google::protobuf::Timestamp& at) {
  MUSTER_RETURN_IF_ERROR(CheckBase(amendment.base_version()));
  std::set<std::string> present;
  for (const storage::v1::PlanVersionImage& version : versions_) {
    for (const storage::v1::SectionVersion& change : version.changed()) {
      if (change.removed()) {
        present.erase(change.section().section_id());
      } else {
        present.insert(change.section().section_id());
      }
    }
  }
  storage::v1::PlanVersionImage next;
  *next.mutable_published_at() = at;
  for (const v1::SectionAmendment& amended : amendment.amendments()) {
    storage::v1::SectionVersion* change = next.add_changed();
    *change->mutable_section() = amended.section();
    change->set_change(amended.change());
  }
  for (const v1::SectionRemoval& removal : amendment.removals()) {
    if (present.count(removal.section_id()) == 0) {
      return Refusal(v1::ERROR_REASON_UNKNOWN_REFERENCE,
                     absl::StrCat("section ", removal.section_id(), " is not in version ", version(), " of the plan"));
    }
    storage::v1::SectionVersion* change = next.add_changed();
    change->mutable_section()->set_section_id(removal.section_id());
    change->set_change(removal.change());
    change->set_removed(true);
  }
  reaches_.clear();
  versions_.push_back(std::move(next));
  withdrawn_ = false;
  return absl::OkStatus();
}

absl::Status PlanBook::Withdraw(const v1::WithdrawPlan& withdrawal) {
  MUSTER_RETURN_IF_ERROR(CheckBase(withdrawal.base_version()));
  if (withdrawn_) return Refusal(v1::ERROR_REASON_PLAN_WITHDRAWN, "the plan has been withdrawn already", "P5");
  withdrawn_ = true;
  answers_.clear();  // Whatever replaces it must be read again.
  return absl::OkStatus();
}

absl::Status PlanBook::Acknowledge(const v1::Participant& participant, absl::string_view post,
                                   const v1::AcknowledgePlan& acknowledgement, const google::protobuf::Timestamp& at,
                                   bool* changed) {
  *changed = false;
  const Reach reach = ReachOf(participant);
  if (reach.version == 0) {
    return Refusal(v1::ERROR_REASON_NOT_FOUND, "there is no plan that this agency may read; wait for one");
  }
  if (withdrawn_) {
    return Refusal(v1::ERROR_REASON_PLAN_WITHDRAWN,
                   "the plan has been withdrawn and cannot be acknowledged; wait for the next version", "P5");
  }
  if (acknowledgement.version() != reach.version) return Stale(acknowledgement.version(), reach.version);
  if (acknowledgement.content_sha256() != reach.content_sha256) {
    return Refusal(v1::ERROR_REASON_STALE_PLAN_VERSION,
                   absl::StrCat("the hash is not that of version ", reach.version,
                                " as this agency may read it; read it again and redo"),
                   "P3");
  }
  const auto status = acknowledgement.rejection_reason().empty() ? v1::ACKNOWLEDGEMENT_STATUS_ACKNOWLEDGED
                                                                 : v1::ACKNOWLEDGEMENT_STATUS_REJECTED;
  const auto it = answers_.find(participant.agency_id());
  if (it != answers_.end() && it->second.version() == reach.version && it->second.status() == status) {
    return absl::OkStatus();  // The first answer stands (P3).
  }
  storage::v1::AnswerImage& answer = answers_[participant.agency_id()];
  answer.set_agency_id(participant.agency_id());
  answer.set_status(status);
  answer.set_version(reach.version);
  answer.set_content_sha256(reach.content_sha256);
  answer.set_post(std::string(post));
  *answer.mutable_answered_at() = at;
  answer.set_reason(acknowledgement.rejection_reason());
  *changed = true;
  return absl::OkStatus();
}

absl::Status PlanBook::CheckBase(uint32_t base_version) const {
  if (!is_published()) {
    return Refusal(v1::ERROR_REASON_UNKNOWN_REFERENCE, "no plan has been published yet; publish one first");
  }
  if (base_version != version()) return Stale(base_version, version());
  return absl::OkStatus();
}

storage::v1::PlanImage PlanBook::ToImage() const {
  storage::v1::PlanImage image;
  for (const storage::v1::PlanVersionImage& version : versions_) *image.add_versions() = version;
  image.set_withdrawn(withdrawn_);
  for (const auto& [agency_id, answer] : answers_) *image.add_answers() = answer;
  return image;
}

void PlanBook::FromImage(const storage::v1::PlanImage& image) {
  reaches_.clear();
  versions_.assign(image.versions().begin(), image.versions().end());
  withdrawn_ = image.withdrawn();
  for (const storage::v1::AnswerImage& answer : image.answers()) answers_[answer.agency_id()] = answer;
}

}  // namespace muster
