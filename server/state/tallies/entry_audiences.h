// Which audience reads an operation's entries of the same facts: asked of every entry, though the answer changes only
// with the roster or the operation's participants and sites.
//
// It decides nothing: what it knows it was taught from an audience that SeesEntry and the roster had decided, and it
// forgets all of it when either can decide differently. Follows from the state, so it is no part of its image.
//
// Threading: guarded by the owner (State).
#ifndef MUSTER_SERVER_STATE_TALLIES_ENTRY_AUDIENCES_H_
#define MUSTER_SERVER_STATE_TALLIES_ENTRY_AUDIENCES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/container/flat_hash_map.h"
#include "server/state/audiences.h"
#include "server/state/name_table.h"

namespace muster {

struct EntryFacts;

class EntryAudiences {
 public:
  // Kept at most; an operation has far fewer in use, which are learnt again at once.
  static constexpr size_t kMax = 4096;

  // The revisions that what is known must be of. Forgets it when it is not.
  void AsOf(uint64_t roster_revision, uint64_t operation_revision);

  // Nothing when it is not known.
  std::optional<AudienceId> Find(const EntryFacts& entry) const;
  void Learn(const EntryFacts& entry, AudienceId audience);

 private:
  void Clear();

  uint64_t roster_revision_ = 0;
  uint64_t operation_revision_ = 0;
  // The three facts, as numbers of names_.
  absl::flat_hash_map<std::array<NameTable::Index, 3>, AudienceId> known_;
  NameTable names_;
};

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_TALLIES_ENTRY_AUDIENCES_H_
