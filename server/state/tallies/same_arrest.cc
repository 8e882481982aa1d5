#include "server/state/tallies/same_arrest.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "server/state/tallies/tally_lines.h"

namespace muster {
namespace {

constexpr absl::Duration kSameTime = absl::Minutes(15);
constexpr absl::Duration kSameTimeWhenAssisting = absl::Hours(24);

// One agency's entries of one site, category and count.
struct Filed {
  std::vector<std::pair<absl::Time, const v1::TallyEntry*>> timed;  // By time, then id.
  std::vector<const v1::TallyEntry*> untimed;                       // By id.
};
using Bucket = std::map<std::string, Filed>;  // By booking agency.
using BucketKey = std::tuple<std::string, v1::TallyCategory, uint32_t>;

bool CanBeFiledTwice(const v1::TallyEntry& entry) {
  return LinesOf(entry.category()).arrest && entry.count() > 0 && entry.status() != v1::TALLY_STATUS_POTENTIAL;
}

bool NamesAsAssisting(const v1::TallyEntry& entry, const std::string& agency_id) {
  return absl::c_linear_search(entry.assisting_agency_ids(), agency_id);
}

std::map<BucketKey, Bucket> BucketsOf(const std::vector<const v1::TallyEntry*>& entries) {
  std::map<BucketKey, Bucket> buckets;
  for (const v1::TallyEntry* entry : entries) {
    if (!CanBeFiledTwice(*entry)) continue;
    Filed& filed = buckets[{entry->site_id(), entry->category(), entry->count()}][entry->primary_agency_id()];
    if (entry->has_occurred_at()) {
      filed.timed.emplace_back(FromProto(entry->occurred_at()), entry);
    } else {
      filed.untimed.push_back(entry);
    }
  }
  for (auto& [key, bucket] : buckets) {
    for (auto& [agency_id, filed] : bucket) {
      absl::c_sort(filed.timed, [](const auto& a, const auto& b) {
        return std::tie(a.first, a.second->entry_id()) < std::tie(b.first, b.second->entry_id());
      });
      absl::c_sort(filed.untimed, [](const auto* a, const auto* b) { return a->entry_id() < b->entry_id(); });
    }
  }
  return buckets;
}

class Finder {
 public:
  explicit Finder(const std::function<bool(const std::string&, const std::string&)>& is_decided)
      : is_decided_(is_decided) {}

  void Look(const v1::TallyEntry& entry, const std::string& agency_id, const Filed& theirs) {
    const bool assisting = NamesAsAssisting(entry, agency_id);
    int looked_at = 0;
    const auto may_look = [&] { return looked_at++ < kSuspectsPerAgencyMax && found_.size() < kSuspectedPairsMax; };
    if (entry.has_occurred_at()) {
      const absl::Duration within = assisting ? kSameTimeWhenAssisting : kSameTime;
      const absl::Time at = FromProto(entry.occurred_at());
      auto it = std::lower_bound(theirs.timed.begin(), theirs.timed.end(), at - within,
                                 [](const auto& one, absl::Time from) { return one.first < from; });
      for (; it != theirs.timed.end() && it->first <= at + within && may_look(); ++it) Found(entry, *it->second);
    } else if (assisting) {
      for (auto it = theirs.timed.begin(); it != theirs.timed.end() && may_look(); ++it) Found(entry, *it->second);
    }
    if (!assisting) return;
    for (auto it = theirs.untimed.begin(); it != theirs.untimed.end() && may_look(); ++it) Found(entry, **it);
  }

  std::vector<SuspectedPair> TakePairs() && {
    std::vector<SuspectedPair> pairs;
    for (const auto& [ids, pair] : found_) pairs.push_back(pair);
    return pairs;
  }

 private:
  void Found(const v1::TallyEntry& a, const v1::TallyEntry& b) {
    const bool in_order = a.entry_id() < b.entry_id();
    const SuspectedPair pair = in_order ? SuspectedPair{&a, &b} : SuspectedPair{&b, &a};
    if (is_decided_(pair.entry->entry_id(), pair.other->entry_id())) return;
    found_.emplace(std::pair(pair.entry->entry_id(), pair.other->entry_id()), pair);
  }

  const std::function<bool(const std::string&, const std::string&)>& is_decided_;
  std::map<std::pair<std::string, std::string>, SuspectedPair> found_;
};

}  // namespace

std::string WhyDuplicate(const v1::TallyEntry& a, const v1::TallyEntry& b) {
  if (!CanBeFiledTwice(a) || !CanBeFiledTwice(b) || a.site_id() != b.site_id() || a.category() != b.category() ||
      a.count() != b.count() || a.primary_agency_id() == b.primary_agency_id()) {
    return "";
  }
  const std::string what = absl::StrCat(
      "both report ", a.count(), " ",
      absl::StrReplaceAll(absl::AsciiStrToLower(v1::TallyCategory_Name(a.category()).substr(sizeof("TALLY_CATEGORY"))),
                          {{"_", " "}}),
      " at site ", a.site_id());
  const bool timed = a.has_occurred_at() && b.has_occurred_at();
  const absl::Duration apart =
      timed ? absl::AbsDuration(FromProto(a.occurred_at()) - FromProto(b.occurred_at())) : absl::ZeroDuration();
  const bool assisting = NamesAsAssisting(a, b.primary_agency_id()) || NamesAsAssisting(b, a.primary_agency_id());
  if (timed && apart <= kSameTime) {
    return absl::StrCat(what, " within 15 minutes of each other", assisting ? ", the one assisting the other" : "");
  }
  if (!assisting || (timed && apart > kSameTimeWhenAssisting)) return "";
  return absl::StrCat(what, ", the one assisting the other, ",
                      timed ? "within 24 hours of each other" : "at an unstated time");
}

std::vector<SuspectedPair> FindSameArrests(
    const std::vector<const v1::TallyEntry*>& entries,
    const std::function<bool(const std::string&, const std::string&)>& is_decided) {
  Finder finder(is_decided);
  for (const auto& [key, bucket] : BucketsOf(entries)) {
    for (const auto& [agency_id, filed] : bucket) {
      for (const auto& [other_agency_id, theirs] : bucket) {
        if (other_agency_id == agency_id) continue;
        for (const auto& [at, entry] : filed.timed) finder.Look(*entry, other_agency_id, theirs);
        for (const v1::TallyEntry* entry : filed.untimed) finder.Look(*entry, other_agency_id, theirs);
      }
    }
  }
  return std::move(finder).TakePairs();
}

}  // namespace muster
