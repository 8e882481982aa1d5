#include "server/state/audiences.h"

#include <algorithm>
#include <utility>

namespace muster {

AudienceId Audiences::IdOf(std::vector<std::string> agency_ids) {
  std::sort(agency_ids.begin(), agency_ids.end());
  agency_ids.erase(std::unique(agency_ids.begin(), agency_ids.end()), agency_ids.end());
  return Intern(std::move(agency_ids));
}

std::vector<AudienceId> Audiences::Of(absl::string_view agency_id) const {
  const auto it = by_agency_.find(agency_id);
  return it == by_agency_.end() ? std::vector<AudienceId>() : it->second;
}

uint64_t Audiences::Position(absl::string_view agency_id) const {
  const auto it = by_agency_.find(agency_id);
  if (it == by_agency_.end()) return 0;
  uint64_t position = 0;
  for (const AudienceId id : it->second) position += notices_[id];
  return position;
}

AudienceId Audiences::Intern(std::vector<std::string> agency_ids) {
  const auto [it, is_new] = ids_.emplace(std::move(agency_ids), size());
  if (is_new) {
    members_.push_back(&it->first);
    notices_.push_back(0);
    for (const std::string& agency_id : it->first) by_agency_[agency_id].push_back(it->second);
  }
  return it->second;
}

void Audiences::ToImage(storage::v1::StateImage* image) const {
  for (AudienceId id = 0; id < size(); ++id) {
    storage::v1::AudienceImage* audience = image->add_audiences();
    audience->mutable_agency_ids()->Assign(members_[id]->begin(), members_[id]->end());
    audience->set_notices(notices_[id]);
  }
}

void Audiences::FromImage(const storage::v1::StateImage& image) {
  for (const storage::v1::AudienceImage& audience : image.audiences()) {
    const AudienceId id = Intern({audience.agency_ids().begin(), audience.agency_ids().end()});
    notices_[id] = audience.notices();
  }
}

}  // namespace muster
