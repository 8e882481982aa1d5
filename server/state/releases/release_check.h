// Freezes the figures of a release, and finds what a reader could work out from it that it hides (rules S1 to S4).
//
// Arrests and whatever else counts no victims are never suppressed.
//
// Threading: pure functions.
#ifndef MUSTER_SERVER_STATE_RELEASES_RELEASE_CHECK_H_
#define MUSTER_SERVER_STATE_RELEASES_RELEASE_CHECK_H_

#include <cstdint>
#include <string>
#include <vector>

#include "muster/storage/v1/storage.pb.h"
#include "server/state/tallies/counting.h"

namespace muster {

using ReleaseCellNames = google::protobuf::RepeatedPtrField<v1::ReleaseCellName>;

// Sets the cells and the true figures of `release`, which shows `names` and, as withheld, `withheld`. A victim count of
// 1..k-1 is shown as "fewer than k" (S1) even if it is to be withheld: the mark "withheld" says that it is not small. A
// figure that nobody has reported is shown as such, never as 0 (T3). All victim figures are frozen, shown or not: they
// bear on what can be derived.
void FreezeRelease(const ReleaseCellNames& names, const ReleaseCellNames& withheld, const Figures& figures, int64_t k,
                   storage::v1::ReleaseImage* release);

// The same cells with the figures as they are now.
void FreezeAgain(const Figures& figures, int64_t k, storage::v1::ReleaseImage* release);

// Whether `a` and `b` froze the same figures.
bool HaveSameFigures(const storage::v1::ReleaseImage& a, const storage::v1::ReleaseImage& b);

// What is wrong with `release` after those `issued` before it, one sentence each: S2 when adults or minors follow from
// the persons, S3 when a small count follows from other cells, S4 when a small count, or a change by a small count,
// follows together with what was issued before. What could be derived before it is no fault of this release. A sentence
// holds the small count: it is for those who may draft releases.
std::vector<std::string> FindingsOf(const storage::v1::ReleaseImage& release,
                                    const std::vector<const storage::v1::ReleaseImage*>& issued, int64_t k);

// The rule that a finding begins with: "S2".
std::string RuleOfFinding(const std::string& finding);

// Cells of `release` that leave no finding if they are withheld too; none when there are no such cells.
std::vector<v1::ReleaseCellName> SuggestWithheld(const storage::v1::ReleaseImage& release,
                                                 const std::vector<const storage::v1::ReleaseImage*>& issued,
                                                 int64_t k);

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_RELEASES_RELEASE_CHECK_H_
