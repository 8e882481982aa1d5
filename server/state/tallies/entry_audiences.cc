#include "server/state/tallies/entry_audiences.h"

#include "server/state/access/visibility.h"

namespace muster {

void EntryAudiences::Clear() {
  known_.clear();
  names_ = NameTable();
}

void EntryAudiences::AsOf(uint64_t roster_revision, uint64_t operation_revision) {
  if (roster_revision == roster_revision_ && operation_revision == operation_revision_) return;
  roster_revision_ = roster_revision;
  operation_revision_ = operation_revision;
  Clear();
}

std::optional<AudienceId> EntryAudiences::Find(const EntryFacts& entry) const {
  const std::optional<NameTable::Index> booked_by = names_.Find(entry.booked_by);
  const std::optional<NameTable::Index> filed_by = names_.Find(entry.filed_by);
  const std::optional<NameTable::Index> site_id = names_.Find(entry.site_id);
  if (!booked_by.has_value() || !filed_by.has_value() || !site_id.has_value()) return std::nullopt;
  const auto it = known_.find({*booked_by, *filed_by, *site_id});
  if (it == known_.end()) return std::nullopt;
  return it->second;
}

void EntryAudiences::Learn(const EntryFacts& entry, AudienceId audience) {
  if (known_.size() >= kMax) Clear();
  known_[{names_.Intern(entry.booked_by), names_.Intern(entry.filed_by), names_.Intern(entry.site_id)}] = audience;
}

}  // namespace muster
