#include "server/broker/reader_groups.h"

#include <utility>

#include "server/broker/subscriber.h"

namespace muster {

void ReaderGroup::AddLive(Subscriber* subscriber) {
  subscriber->live_index_ = live.size();
  live.push_back(subscriber);
}

void ReaderGroup::RemoveLive(Subscriber* subscriber) {
  live.back()->live_index_ = subscriber->live_index_;
  live[subscriber->live_index_] = live.back();
  live.pop_back();
}

ReaderGroups::ReaderGroups() : outsiders_(NewGroup()) { outsiders_->memberships = std::make_shared<AudienceSet>(); }

std::shared_ptr<ReaderGroup> ReaderGroups::NewGroup() {
  auto group = std::make_shared<ReaderGroup>();
  group->version = ++last_version_;
  return group;
}

// Groups of the same agencies stay the same group, so that two agencies in the same audiences always share one.
void ReaderGroups::Learn(AudienceId id, const std::vector<std::string>& members) {
  groups_by_audience_.emplace_back();
  absl::flat_hash_map<std::shared_ptr<ReaderGroup>, std::vector<ReaderAgency*>> joining;
  for (const std::string& agency_id : members) {
    ReaderAgency* const agency = FindOrAdd(agency_id);
    joining[agency->group].push_back(agency);
  }
  for (const auto& [from, agencies] : joining) {
    const bool whole = agencies.size() == from->agencies && from != outsiders_;
    const std::shared_ptr<ReaderGroup> to = whole ? from : NewGroup();
    if (!whole || from->memberships.use_count() > 1)
      to->memberships = std::make_shared<AudienceSet>(*from->memberships);
    to->memberships->Add(id);
    if (whole) {
      to->version = ++last_version_;
      if (to->readers > 0) groups_by_audience_[id].insert(to.get());
    } else {
      for (ReaderAgency* const agency : agencies) MoveTo(to, agency);
    }
  }
}

void ReaderGroups::MoveTo(const std::shared_ptr<ReaderGroup>& group, ReaderAgency* agency) {
  const std::shared_ptr<ReaderGroup> from = std::exchange(agency->group, group);
  --from->agencies;
  ++group->agencies;
  if (agency->readers.empty()) return;
  for (const std::shared_ptr<Subscriber>& reader : agency->readers) {
    if (reader->state_ != Subscriber::State::kLive) continue;
    from->RemoveLive(reader.get());
    group->AddLive(reader.get());
  }
  from->readers -= agency->readers.size();
  if (from->readers == 0) RemoveFromIndex(from.get());
  if (group->readers == 0) AddToIndex(group.get());
  group->readers += agency->readers.size();
}

const ReaderAgency* ReaderGroups::Find(absl::string_view agency_id) const {
  const auto it = agencies_.find(agency_id);
  return it == agencies_.end() ? nullptr : it->second.get();
}

ReaderAgency* ReaderGroups::FindOrAdd(absl::string_view agency_id) {
  auto it = agencies_.find(agency_id);
  if (it == agencies_.end()) {
    it = agencies_.emplace(std::string(agency_id), std::make_unique<ReaderAgency>()).first;
    it->second->group = outsiders_;
    ++outsiders_->agencies;
  }
  return it->second.get();
}

void ReaderGroups::Open(std::shared_ptr<Subscriber> subscriber) {
  ReaderAgency* const agency = subscriber->agency_;
  if (agency->group->readers++ == 0) AddToIndex(agency->group.get());
  subscriber->index_ = agency->readers.size();
  agency->readers.push_back(std::move(subscriber));
}

std::shared_ptr<Subscriber> ReaderGroups::Close(Subscriber* subscriber) {
  ReaderAgency* const agency = subscriber->agency_;
  std::vector<std::shared_ptr<Subscriber>>& readers = agency->readers;
  const size_t index = subscriber->index_;
  readers.back()->index_ = index;
  std::swap(readers[index], readers.back());
  std::shared_ptr<Subscriber> closed = std::move(readers.back());
  readers.pop_back();
  if (--agency->group->readers == 0) RemoveFromIndex(agency->group.get());
  return closed;
}

void ReaderGroups::AddToIndex(ReaderGroup* group) {
  for (const AudienceId id : group->memberships->ToVector()) groups_by_audience_[id].insert(group);
}

void ReaderGroups::RemoveFromIndex(ReaderGroup* group) {
  for (const AudienceId id : group->memberships->ToVector()) groups_by_audience_[id].erase(group);
}

std::vector<ReaderGroup*> ReaderGroups::Addressed(absl::Span<const FeedRow> rows) {
  ++batch_;
  std::vector<ReaderGroup*> addressed;
  const FeedRow* before = nullptr;
  for (const FeedRow& row : rows) {
    if (before != nullptr && before->audience == row.audience) continue;
    before = &row;
    for (ReaderGroup* const group : groups_by_audience_[row.audience]) {
      if (group->live.empty() || std::exchange(group->addressed_in_batch, batch_) == batch_) continue;
      addressed.push_back(group);
    }
  }
  return addressed;
}

}  // namespace muster
