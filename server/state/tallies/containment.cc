#include "server/state/tallies/containment.h"

#include <algorithm>
#include <cstddef>
#include <limits>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"

namespace muster {
namespace {

constexpr size_t kNone = std::numeric_limits<size_t>::max();

// For each entry, by its place in the list, the places of those that contain it directly.
using Containers = std::vector<std::vector<size_t>>;

Containers FindContainers(const std::vector<const v1::TallyEntry*>& entries) {
  absl::flat_hash_map<absl::string_view, size_t> places;
  for (size_t i = 0; i < entries.size(); ++i) places.emplace(entries[i]->entry_id(), i);
  Containers containers(entries.size());
  for (size_t i = 0; i < entries.size(); ++i) {
    for (const std::string& id : entries[i]->contained_in_entry_ids()) {
      const auto place = places.find(id);
      if (place == places.end()) continue;
      const v1::TallyEntry& container = *entries[place->second];
      const bool same_agency = container.primary_agency_id() == entries[i]->primary_agency_id();
      const bool as_firm = container.status() <= entries[i]->status();
      if (same_agency && as_firm) containers[i].push_back(place->second);
    }
  }
  return containers;
}

// Finds the circles: the strongly connected components, by Tarjan's algorithm (SIAM Journal on Computing 1(2), 1972).
// Its path is kept in a list, not on the call stack, which a long chain of entries would overflow.
class Circles {
 public:
  explicit Circles(const Containers& containers)
      : containers_(containers),
        reached_(containers.size(), kNone),
        lowest_(containers.size(), kNone),
        circle_of_(containers.size(), kNone) {
    for (size_t i = 0; i < containers_.size(); ++i) {
      if (reached_[i] == kNone) WalkFrom(i);
    }
  }

  size_t count() const { return count_; }
  // The number of the circle an entry is in: one of its own when it is in none with others.
  size_t circle_of(size_t place) const { return circle_of_[place]; }

 private:
  struct Step {
    size_t place;
    size_t next_container;
  };

  void WalkFrom(size_t start) {
    Enter(start);
    while (!path_.empty()) {
      const size_t place = path_.back().place;
      if (path_.back().next_container < containers_[place].size()) {
        Look(place, containers_[place][path_.back().next_container++]);
        continue;
      }
      path_.pop_back();
      if (!path_.empty()) Lower(path_.back().place, lowest_[place]);
      if (lowest_[place] == reached_[place]) Close(place);
    }
  }

  void Enter(size_t place) {
    reached_[place] = lowest_[place] = entered_++;
    open_.push_back(place);
    path_.push_back({place, 0});
  }

  void Look(size_t place, size_t container) {
    if (reached_[container] == kNone) {
      Enter(container);
    } else if (circle_of_[container] == kNone) {
      Lower(place, reached_[container]);
    }
  }

  void Lower(size_t place, size_t reached) { lowest_[place] = std::min(lowest_[place], reached); }

  // Everything entered since `first`, and not closed, is in one circle with it.
  void Close(size_t first) {
    size_t place = kNone;
    do {
      place = open_.back();
      open_.pop_back();
      circle_of_[place] = count_;
    } while (place != first);
    ++count_;
  }

  const Containers& containers_;
  std::vector<size_t> reached_;  // In which order the entries were entered.
  std::vector<size_t> lowest_;   // The earliest entered that is known to be in the same circle.
  std::vector<size_t> circle_of_;
  std::vector<size_t> open_;
  std::vector<Step> path_;
  size_t entered_ = 0;
  size_t count_ = 0;
};

}  // namespace

absl::flat_hash_set<std::string> ContainedEntries(const std::vector<const v1::TallyEntry*>& entries) {
  const Containers containers = FindContainers(entries);
  const Circles circles(containers);
  std::vector<bool> inside_another(circles.count(), false);
  std::vector<size_t> smallest(circles.count(), kNone);
  for (size_t i = 0; i < entries.size(); ++i) {
    const size_t circle = circles.circle_of(i);
    for (const size_t container : containers[i]) {
      if (circles.circle_of(container) != circle) inside_another[circle] = true;
    }
    size_t& first = smallest[circle];
    if (first == kNone || entries[i]->entry_id() < entries[first]->entry_id()) first = i;
  }
  absl::flat_hash_set<std::string> contained;
  for (size_t i = 0; i < entries.size(); ++i) {
    const size_t circle = circles.circle_of(i);
    if (inside_another[circle] || smallest[circle] != i) contained.insert(entries[i]->entry_id());
  }
  return contained;
}

}  // namespace muster
