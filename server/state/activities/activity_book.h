// The activities entered for deconfliction and the conflicts between them, of every operation and of none.
//
// Activities are named by agency and id (ActivityName), so that no agency learns from a refused id that another has
// used it. The indexes that find conflicts, and the timers, are derived: they are made again from an image. Activities
// leave the indexes when they can meet nothing more, so that a question costs what is current, not all of history.
//
// Threading: guarded by the owner (State).
#ifndef MUSTER_SERVER_STATE_ACTIVITIES_ACTIVITY_BOOK_H_
#define MUSTER_SERVER_STATE_ACTIVITIES_ACTIVITY_BOOK_H_

#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "muster/storage/v1/storage.pb.h"
#include "server/deconfliction/space_time_index.h"
#include "server/state/activities/meeting.h"
#include "server/state/timers.h"

namespace muster {

class ActivityBook {
 public:
  // Keyed by ActivityName, and by conflict id.
  using Activities = absl::btree_map<std::string, EnteredActivity>;
  using Conflicts = absl::btree_map<std::string, v1::ConflictRecord>;

  const Activities& activities() const { return activities_; }
  const Conflicts& conflicts() const { return conflicts_; }

  // Null when there is none of that name. What is returned is good until the next Put of its kind.
  const EnteredActivity* FindActivity(absl::string_view name) const;
  const v1::ConflictRecord* FindConflict(absl::string_view conflict_id) const;

  // The conflicts there ever were of an activity.
  const std::set<std::string>& ConflictsOf(absl::string_view name) const;

  // Enters an activity, or gives it another record. `at`: now.
  const EnteredActivity& PutActivity(v1::ActivityRecord record, absl::Time at, Timers* timers);

  // Opens a conflict, or gives it another record.
  void PutConflict(v1::ConflictRecord conflict, Timers* timers);

  // The names of all that `activity`, which is in the book, may meet at `at` (now) or has met: what the indexes find,
  // and the other parties of its conflicts. Sorted; MeetingOf decides.
  std::vector<std::string> MayMeet(const EnteredActivity& activity, absl::Time at) const;

  // Takes the activity out of the indexes in which it is over at `at`.
  void LetGo(absl::string_view name, absl::Time at);

  // How many activities and targets the indexes hold: what a question costs.
  size_t indexed_in_space_and_time() const { return space_time_.size(); }
  size_t indexed_targets() const { return by_identifier_.size(); }

  void ToImage(storage::v1::StateImage* image) const;
  // Sets its timers in `timers`.
  void FromImage(const storage::v1::StateImage& image, Timers* timers);

 private:
  using Target = std::tuple<v1::OperationMode, v1::TargetKind, std::string>;

  static Target TargetOf(const EnteredActivity& activity, const Identifier& identifier);
  // Into the indexes in which it is not over at `at`; sets the timers that take it out again.
  void Index(const EnteredActivity& activity, absl::Time at, Timers* timers);
  void TakeOut(const EnteredActivity& activity, Timers* timers);
  void TakeOutOfTargets(const EnteredActivity& activity);
  void Link(const v1::ConflictRecord& conflict);

  Activities activities_;
  Conflicts conflicts_;
  // Derived from the two.
  absl::btree_map<std::string, std::set<std::string>> conflicts_of_;
  SpaceTimeIndex space_time_;
  std::set<std::pair<Target, std::string>> by_identifier_;
};

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_ACTIVITIES_ACTIVITY_BOOK_H_
