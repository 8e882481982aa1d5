// The audiences that one agency belongs to, and the one question that decides what it may be sent.
//
// An audience id is interned and its members never change, so membership is a set of ids that only grows.
//
// Threading: a value; guarded by its owner.
#ifndef MUSTER_SERVER_BROKER_AUDIENCE_SET_H_
#define MUSTER_SERVER_BROKER_AUDIENCE_SET_H_

#include <vector>

#include "server/state/audiences.h"

namespace muster {

class AudienceSet {
 public:
  void Add(AudienceId id) {
    if (id >= has_.size()) has_.resize(id + 1, false);
    has_[id] = true;
  }

  bool Has(AudienceId id) const { return id < has_.size() && has_[id]; }

  // Ascending.
  std::vector<AudienceId> ToVector() const {
    std::vector<AudienceId> ids;
    for (AudienceId id = 0; id < has_.size(); ++id) {
      if (has_[id]) ids.push_back(id);
    }
    return ids;
  }

 private:
  std::vector<bool> has_;  // By id.
};

// Need to know, per delivery: whether the agency that belongs to `memberships` is sent a notice addressed to
// `audience`. Asked of every notice, live and replayed alike; nothing reaches a reader past it.
inline bool Receives(const AudienceSet& memberships, AudienceId audience) { return memberships.Has(audience); }

}  // namespace muster

#endif  // MUSTER_SERVER_BROKER_AUDIENCE_SET_H_
