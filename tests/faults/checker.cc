#include "tests/faults/checker.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace muster {
namespace {

constexpr size_t kViolationsMax = 20;

class Checker {
 public:
  Checker(const History::Data& history, const Truth& truth) : history_(history), truth_(truth) {
    for (size_t i = 0; i < truth.decisions.size(); ++i) {
      decided_[{truth.decisions[i].agency_id, truth.decisions[i].submission_id}].push_back(i);
    }
  }

  Verdict Run() {
    for (const SentSubmission& sent : history_.sent) CheckSent(sent);
    CheckOrder();
    CheckPhantoms();
    for (const Transcript& transcript : history_.transcripts) CheckTranscript(transcript, transcript.complete);
    for (const Transcript& feed : truth_.feeds) CheckTranscript(feed, /*complete=*/true);
    return std::move(verdict_);
  }

 private:
  using Key = std::pair<std::string, std::string>;

  void Found(uint64_t* count, std::string what) {
    ++*count;
    if (verdict_.violations.size() < kViolationsMax) verdict_.violations.push_back(std::move(what));
  }

  static std::string NameOf(const SentSubmission& sent) {
    return absl::StrCat(sent.sender, "'s submission ", sent.place, " (", sent.submission_id, ")");
  }

  void CheckSent(const SentSubmission& sent) {
    const auto decided = decided_.find({sent.agency_id, sent.submission_id});
    const size_t count = decided == decided_.end() ? 0 : decided->second.size();
    if (!sent.answers.empty()) ++verdict_.acknowledged;
    if (count > 1) Found(&verdict_.duplicated, absl::StrCat(NameOf(sent), " was decided ", count, " times"));
    if (count == 0) {
      if (!sent.answers.empty()) Found(&verdict_.lost, absl::StrCat(NameOf(sent), " was acknowledged and is lost"));
      return;
    }
    for (const v1::Outcome& answer : sent.answers) {
      const v1::Outcome& outcome = truth_.decisions[decided->second[0]].outcome;
      if (answer.has_saved_here()) {  // It told no decision, only that it will be made. Nothing here may be refused.
        if (!outcome.has_accepted()) Found(&verdict_.lost, absl::StrCat(NameOf(sent), " was saved and then refused"));
        continue;
      }
      if (answer.has_accepted() != outcome.has_accepted() ||
          answer.decided_at().SerializeAsString() != outcome.decided_at().SerializeAsString() ||
          answer.cursor() != outcome.cursor()) {
        Found(&verdict_.changed, absl::StrCat(NameOf(sent), " was answered with {", answer.ShortDebugString(),
                                              "}; the log decides {", outcome.ShortDebugString(), "}"));
      }
    }
  }

  void CheckOrder() {
    std::map<std::string, std::pair<uint64_t, size_t>> last;  // By sender: its last place, and where that is.
    for (const SentSubmission& sent : history_.sent) {
      const auto decided = decided_.find({sent.agency_id, sent.submission_id});
      if (decided == decided_.end()) continue;
      const size_t at = decided->second[0];
      const auto [before, first] = last.emplace(sent.sender, std::make_pair(sent.place, at));
      if (first) continue;
      if (at < before->second.second) {
        Found(&verdict_.reordered, absl::StrCat(NameOf(sent), " comes before submission ", before->second.first));
      }
      before->second = {sent.place, at};
    }
  }

  void CheckPhantoms() {
    std::set<Key> known;
    for (const SentSubmission& sent : history_.sent) known.emplace(sent.agency_id, sent.submission_id);
    for (const auto& [key, places] : decided_) {
      if (known.count(key) == 0) {
        Found(&verdict_.phantoms, absl::StrCat(key.first, " never sent the submission ", key.second));
      }
    }
  }

  void CheckTranscript(const Transcript& transcript, bool complete) {
    const auto found = truth_.notices.find(transcript.agency_id);
    const std::vector<std::string> none;
    const std::vector<std::string>& notices = found == truth_.notices.end() ? none : found->second;
    std::string cursor;
    for (size_t i = 0; i < transcript.deliveries.size(); ++i) {
      const ReadDelivery& read = transcript.deliveries[i];
      const std::string where = absl::StrCat(transcript.reader, "'s delivery ", i + 1);
      const bool unchained = i > 0 && read.previous_cursor != cursor;
      cursor = read.cursor;
      if (i < notices.size() && read.notice == notices[i]) {
        if (!unchained) continue;
        Found(&verdict_.gaps, absl::StrCat(where, " does not follow the cursor before it"));
        return;
      }
      // What it is instead tells what went wrong; everything behind it would only say the same again.
      const auto real = std::find(notices.begin(), notices.end(), read.notice);
      if (real == notices.end()) {
        Found(&verdict_.phantoms, absl::StrCat(where, " is no notice for ", transcript.agency_id));
      } else if (static_cast<size_t>(real - notices.begin()) < i) {
        Found(&verdict_.duplicated, absl::StrCat(where, " had been read before"));
      } else {
        const bool missing =
            std::none_of(transcript.deliveries.begin() + static_cast<std::ptrdiff_t>(i), transcript.deliveries.end(),
                         [&](const ReadDelivery& later) { return later.notice == notices[i]; });
        Found(missing ? &verdict_.gaps : &verdict_.reordered,
              absl::StrCat(where, missing ? ": the one before it is missing" : " is out of order"));
      }
      return;
    }
    if (complete && transcript.deliveries.size() < notices.size()) {
      Found(&verdict_.gaps, absl::StrCat(transcript.reader, " read ", transcript.deliveries.size(), " of the ",
                                         notices.size(), " deliveries for ", transcript.agency_id));
    }
  }

  const History::Data& history_;
  const Truth& truth_;
  std::map<Key, std::vector<size_t>> decided_;
  Verdict verdict_;
};

}  // namespace

void Verdict::Add(const Verdict& other) {
  acknowledged += other.acknowledged;
  lost += other.lost;
  duplicated += other.duplicated;
  reordered += other.reordered;
  gaps += other.gaps;
  phantoms += other.phantoms;
  changed += other.changed;
  for (const std::string& violation : other.violations) {
    if (violations.size() < kViolationsMax) violations.push_back(violation);
  }
}

Verdict Check(const History::Data& history, const Truth& truth) { return Checker(history, truth).Run(); }

}  // namespace muster
