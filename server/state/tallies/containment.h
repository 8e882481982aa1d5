// Which tally entries are counted inside another already, by their agency's own account
// (TallyEntry.contained_in_entry_ids).
//
// An entry is inside another of the same agency that it names and that is at least as firm (rule T12: a confirmed entry
// is not swallowed by a potential one), directly or through others. Entries that claim to contain each other must not
// all vanish: of such a circle the one with the smallest id stands, unless the circle lies inside another entry.
//
// Time and memory are linear in the entries and the ids they name, however these are tied: anyone who may file entries
// can tie them as they like. Threading: none of its own.
#ifndef MUSTER_SERVER_STATE_TALLIES_CONTAINMENT_H_
#define MUSTER_SERVER_STATE_TALLIES_CONTAINMENT_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "muster/v1/tally.pb.h"

namespace muster {

// The ids of those of `entries` that others of `entries` contain. An id that none of them has, or an entry's own, says
// nothing. `entries` are those that can count (reported, not reversed, visible to who asks), each once.
absl::flat_hash_set<std::string> ContainedEntries(const std::vector<const v1::TallyEntry*>& entries);

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_TALLIES_CONTAINMENT_H_
