#include "common/submission_checks.h"

#include <cstdint>
#include <string>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/submission_body.h"
#include "common/validation.h"

namespace muster {
namespace {

// Names repeated identifiers. Remembers views: what is shown to it must outlive it.
class Duplicates {
 public:
  bool Seen(absl::string_view id) { return !id.empty() && !seen_.insert(id).second; }

 private:
  absl::flat_hash_set<absl::string_view> seen_;
};

class Checks {
 public:
  explicit Checks(std::vector<FieldViolation>* violations) : violations_(violations) {}

  // The fields of the other bodies stand alone.
  template <typename Body>
  void Check(const Body&) {}

  void Check(const v1::CreateOperation& body) {
    CheckWindow(body.operation().window(), "create_operation.operation.window");
    Duplicates sites;
    for (int i = 0; i < body.sites_size(); ++i) {
      if (sites.Seen(body.sites(i).site_id())) AddTwice(Item("create_operation.sites", i, ".site_id"));
    }
  }

  void Check(const v1::SetParticipant& body) {
    const v1::Participant& participant = body.participant();
    if (participant.role() == v1::ROLE_LEAD) {
      Add("set_participant.participant.role", "is ROLE_LEAD, an operation keeps the lead that created it");
    }
    CheckListedOnce(participant.site_ids(), "set_participant.participant.site_ids");
  }

  void Check(const v1::PublishPlan& body) {
    Duplicates sections;
    for (int i = 0; i < body.sections_size(); ++i) {
      const std::string path = Item("publish_plan.sections", i, "");
      if (sections.Seen(body.sections(i).section_id())) AddTwice(absl::StrCat(path, ".section_id"));
      CheckAudience(body.sections(i).audience(), absl::StrCat(path, ".audience"));
    }
  }

  void Check(const v1::AmendPlan& body) {
    if (body.amendments().empty() && body.removals().empty()) {
      Add("amend_plan", "has neither amendments nor removals, at least one is required");
    }
    Duplicates sections;
    for (int i = 0; i < body.amendments_size(); ++i) {
      const v1::Section& section = body.amendments(i).section();
      const std::string path = Item("amend_plan.amendments", i, ".section");
      if (sections.Seen(section.section_id())) AddTwice(absl::StrCat(path, ".section_id"));
      CheckAudience(section.audience(), absl::StrCat(path, ".audience"));
    }
    for (int i = 0; i < body.removals_size(); ++i) {
      if (sections.Seen(body.removals(i).section_id())) AddTwice(Item("amend_plan.removals", i, ".section_id"));
    }
  }

  void Check(const v1::RecordTally& body) { CheckEntry(body.entry(), "record_tally.entry"); }

  void Check(const v1::CorrectTally& body) {
    Duplicates entries;
    entries.Seen(body.entry_id());
    for (int i = 0; i < body.replacements_size(); ++i) {
      const std::string path = Item("correct_tally.replacements", i, "");
      if (entries.Seen(body.replacements(i).entry_id())) {
        Add(absl::StrCat(path, ".entry_id"),
            "is the id of the corrected entry or of another replacement; give each replacement a new one");
      }
      CheckEntry(body.replacements(i), path);
    }
  }

  void Check(const v1::ResolveDuplicate& body) {
    if (body.decision() == v1::DUPLICATE_DECISION_PENDING) {
      Add("resolve_duplicate.decision", "is no decision, wanted is DUPLICATE_DECISION_MERGED or _DISTINCT");
    }
  }

  void Check(const v1::RecordClaim& body) {
    const v1::Claim& claim = body.claim();
    absl::flat_hash_set<v1::TallyCategory> categories;
    uint64_t sum = 0;
    for (int i = 0; i < claim.parts_size(); ++i) {
      if (!categories.insert(claim.parts(i).category()).second) {
        AddTwice(Item("record_claim.claim.parts", i, ".category"));
      }
      sum += claim.parts(i).value();
    }
    if (sum > claim.value()) {
      Add("record_claim.claim.parts", absl::StrCat("add up to ", sum, ", which is more than the total of ",
                                                   claim.value(), "; what is left must not be negative (rule T8)"));
    }
  }

  void Check(const v1::EnterActivity& body) { CheckActivity(body.activity(), "enter_activity.activity"); }
  void Check(const v1::AmendActivity& body) { CheckActivity(body.activity(), "amend_activity.activity"); }

  void Check(const v1::AdvanceConflict& body) {
    if (body.state() >= v1::CONFLICT_STATE_OWNED && body.state() <= v1::CONFLICT_STATE_CONTACT_MADE) return;
    Add("advance_conflict.state", "is not a step that somebody takes; wanted is OWNED, NOTIFIED or CONTACT_MADE");
  }

  void Check(const v1::ReportReadiness& body) {
    switch (body.status()) {
      case v1::READINESS_STATUS_NOT_READY:
        if (body.reason().empty()) Add("report_readiness.reason", "is empty; NOT_READY needs a reason");
        return;
      case v1::READINESS_STATUS_READY:
      case v1::READINESS_STATUS_EXECUTING:
      case v1::READINESS_STATUS_COMPLETE:
        return;
      default:
        Add("report_readiness.status",
            "is not for a site to report; wanted is NOT_READY, READY, EXECUTING or COMPLETE");
    }
  }

  void Check(const v1::DraftRelease& body) {
    CheckCellsNamedOnce(body.cells(), "draft_release.cells");
    CheckCellsNamedOnce(body.withheld(), "draft_release.withheld");
  }

  void Check(const v1::PublishReadinessNotice& body) {
    const v1::ReadinessNotice& notice = body.notice();
    const auto day = [](const v1::Date& date) { return std::tuple(date.year(), date.month(), date.day()); };
    if (notice.has_earliest() && notice.has_latest() && day(notice.earliest()) > day(notice.latest())) {
      Add("publish_readiness_notice.notice.latest", "is before earliest; give the later day");
    }
    if (notice.persons_min() > notice.persons_max()) {
      Add("publish_readiness_notice.notice.persons_max", "is less than persons_min; give the greater number");
    }
    CheckListedOnce(notice.states(), "publish_readiness_notice.notice.states");
  }

  void Check(const v1::ReportServiceCounts& body) {
    const v1::ServiceCounts& counts = body.counts();
    const uint64_t answered = uint64_t{counts.accepted()} + counts.declined() + counts.pending();
    if (counts.offered() >= answered) return;
    Add("report_service_counts.counts.offered",
        absl::StrCat("is ", counts.offered(), ", less than accepted + declined + pending = ", answered,
                     "; a service that was answered was offered (rule T7)"));
  }

  void Check(const v1::AnswerReferral& body) {
    if (body.state() != v1::REFERRAL_STATE_REQUESTED) return;
    Add("answer_referral.state", "is REQUESTED, which is no answer; wanted is ACCEPTED, DECLINED or COMPLETED");
  }

 private:
  static std::string Item(absl::string_view list, int index, absl::string_view rest) {
    return absl::StrCat(list, "[", index, "]", rest);
  }

  void Add(absl::string_view field, absl::string_view description) {
    if (violations_->size() < kViolationsMax) violations_->push_back({std::string(field), std::string(description)});
  }

  void AddTwice(absl::string_view field) { Add(field, "names something that was named before it; name it once"); }

  template <typename Ids>
  void CheckListedOnce(const Ids& ids, absl::string_view path) {
    Duplicates seen;
    for (int i = 0; i < ids.size(); ++i) {
      if (seen.Seen(ids[i])) AddTwice(Item(path, i, ""));
    }
  }

  template <typename Cells>
  void CheckCellsNamedOnce(const Cells& cells, absl::string_view path) {
    absl::flat_hash_set<std::pair<v1::FigureKind, absl::string_view>> seen;
    for (int i = 0; i < cells.size(); ++i) {
      if (!seen.insert({cells[i].figure(), cells[i].state()}).second) AddTwice(Item(path, i, ""));
    }
  }

  void CheckWindow(const v1::TimeWindow& window, absl::string_view path) {
    if (!window.has_start() || !window.has_end()) return;
    const std::pair start(window.start().seconds(), window.start().nanos());
    const std::pair end(window.end().seconds(), window.end().nanos());
    if (start >= end) Add(absl::StrCat(path, ".end"), "is not after start; a window must have a length");
  }

  void CheckActivity(const v1::Activity& activity, const std::string& path) {
    if (activity.has_window()) CheckWindow(activity.window(), absl::StrCat(path, ".window"));
    if (!activity.targets().empty() && activity.reasonable_suspicion_reference().empty()) {
      Add(absl::StrCat(path, ".reasonable_suspicion_reference"),
          "is empty though targets are given (28 CFR 23.20, rule V4); give the reference, or leave the targets out");
    }
  }

  void CheckAudience(const v1::Audience& audience, const std::string& path) {
    bool participants = false;
    bool prosecutors = false;
    for (int i = 0; i < audience.roles_size(); ++i) {
      const v1::Role role = audience.roles(i);
      if (role != v1::ROLE_PARTICIPANT && role != v1::ROLE_PROSECUTOR) {
        Add(Item(absl::StrCat(path, ".roles"), i, ""),
            "is not a role that reads plan sections, wanted is ROLE_PARTICIPANT or ROLE_PROSECUTOR");
        continue;
      }
      bool& seen = role == v1::ROLE_PARTICIPANT ? participants : prosecutors;
      if (std::exchange(seen, true)) AddTwice(Item(absl::StrCat(path, ".roles"), i, ""));
    }
    CheckListedOnce(audience.site_ids(), absl::StrCat(path, ".site_ids"));
    CheckListedOnce(audience.excluded_agency_ids(), absl::StrCat(path, ".excluded_agency_ids"));
  }

  void CheckEntry(const v1::TallyEntry& entry, absl::string_view path) {
    if (entry.has_amount_cents() && entry.category() != v1::TALLY_CATEGORY_SEIZED_CURRENCY) {
      Add(absl::StrCat(path, ".amount_cents"),
          "is given for a category that is not counted in money; leave it out, or use TALLY_CATEGORY_SEIZED_CURRENCY");
    }
    for (int i = 0; i < entry.assisting_agency_ids_size(); ++i) {
      if (entry.assisting_agency_ids(i) != entry.primary_agency_id() || entry.primary_agency_id().empty()) continue;
      Add(Item(absl::StrCat(path, ".assisting_agency_ids"), i, ""),
          "is the primary agency, which cannot assist itself; leave it out");
    }
    for (int i = 0; i < entry.contained_in_entry_ids_size(); ++i) {
      if (entry.contained_in_entry_ids(i) != entry.entry_id() || entry.entry_id().empty()) continue;
      Add(Item(absl::StrCat(path, ".contained_in_entry_ids"), i, ""),
          "is the entry itself, which cannot contain itself; leave it out");
    }
    if (entry.assisting_agency_ids_size() > 1) {
      CheckListedOnce(entry.assisting_agency_ids(), absl::StrCat(path, ".assisting_agency_ids"));
    }
    if (entry.contained_in_entry_ids_size() > 1) {
      CheckListedOnce(entry.contained_in_entry_ids(), absl::StrCat(path, ".contained_in_entry_ids"));
    }
  }

  std::vector<FieldViolation>* const violations_;
};

}  // namespace

void CheckSubmission(const v1::Submission& submission, std::vector<FieldViolation>* violations) {
  if (submission.has_withdraw_submission() && !submission.has_outbox_number() && violations->size() < kViolationsMax) {
    violations->push_back({"outbox_number", "is missing; only a numbered submission can be withdrawn"});
  }
  Checks checks(violations);
  VisitBody(submission, [&checks](const auto& body) { checks.Check(body); });
}

absl::Status ValidateSubmission(const v1::Submission& submission) {
  std::vector<FieldViolation> violations = Violations(submission);
  CheckSubmission(submission, &violations);
  return MalformedStatus(violations);
}

absl::Status ValidateSubscribe(const v1::SubscribeRequest& request) {
  std::vector<FieldViolation> violations = Violations(request);
  if (request.from_now() && !request.after_cursor().empty()) {
    violations.push_back({"after_cursor", "is set together with from_now; give the one or the other"});
  }
  return MalformedStatus(violations);
}

}  // namespace muster
