// Names as small numbers, for records of which there are many and that name few: agencies, and reasons.
//
// Threading: guarded by the owner.
#ifndef MUSTER_SERVER_STATE_NAME_TABLE_H_
#define MUSTER_SERVER_STATE_NAME_TABLE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/node_hash_map.h"
#include "absl/strings/string_view.h"

namespace muster {

class NameTable {
 public:
  // Counts from 0, in the order in which names were first seen. Says nothing of how they sort.
  using Index = uint32_t;

  Index Intern(absl::string_view name) {
    const auto known = indexes_.find(name);
    if (known != indexes_.end()) return known->second;
    const auto added = indexes_.emplace(std::string(name), static_cast<Index>(names_.size())).first;
    names_.push_back(&added->first);
    return added->second;
  }

  // Nothing for a name that was never interned.
  std::optional<Index> Find(absl::string_view name) const {
    const auto known = indexes_.find(name);
    if (known == indexes_.end()) return std::nullopt;
    return known->second;
  }

  const std::string& NameOf(Index index) const { return *names_[index]; }
  // By index. What they point at stays where it is as long as the table.
  const std::vector<const std::string*>& names() const { return names_; }

 private:
  absl::node_hash_map<std::string, Index> indexes_;  // A node-based map: names_ points at its keys.
  std::vector<const std::string*> names_;            // By index.
};

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_NAME_TABLE_H_
