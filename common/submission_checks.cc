#include "common/submission_checks.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/error_reason.h"
#include "common/submission_body.h"
#include "common/validation.h"
#include "google/protobuf/unknown_field_set.h"

namespace muster {
namespace {

// Finds what is repeated. Remembers views as they are: what is shown to it must outlive it.
template <typename T>
class Duplicates {
 public:
  bool Seen(const T& id) {
    const auto end = few_.begin() + few_count_;
    if (std::find(few_.begin(), end, id) != end) return true;
    if (few_count_ == few_.size()) return !more_.insert(id).second;
    few_[few_count_++] = id;
    return false;
  }

 private:
  // Most lists are short, and these cost no memory of their own.
  std::array<T, 8> few_;
  size_t few_count_ = 0;
  absl::flat_hash_set<T> more_;
};

// Of identifiers. One that is empty is wrong in another way.
class DuplicateIds {
 public:
  bool Seen(absl::string_view id) { return !id.empty() && ids_.Seen(id); }

 private:
  Duplicates<absl::string_view> ids_;
};

class Checks {
 public:
  explicit Checks(std::vector<FieldViolation>* violations) : violations_(violations) {}

  // The fields of the other bodies stand alone.
  template <typename Body>
  void Check(const Body&) {}

  void Check(const v1::CreateOperation& body) {
    CheckWindow(body.operation().window(), {nullptr, "create_operation.operation.window"});
    DuplicateIds sites;
    for (int i = 0; i < body.sites_size(); ++i) {
      const FieldPath path{nullptr, "create_operation.sites", i};
      if (sites.Seen(body.sites(i).site_id())) AddTwice({&path, "site_id"});
    }
  }

  void Check(const v1::SetParticipant& body) {
    const v1::Participant& participant = body.participant();
    if (participant.role() == v1::ROLE_LEAD) {
      Add({nullptr, "set_participant.participant.role"}, "is ROLE_LEAD, an operation keeps the lead that created it");
    }
    CheckListedOnce(participant.site_ids(), {nullptr, "set_participant.participant.site_ids"});
  }

  void Check(const v1::PublishPlan& body) {
    DuplicateIds sections;
    for (int i = 0; i < body.sections_size(); ++i) {
      const FieldPath path{nullptr, "publish_plan.sections", i};
      if (sections.Seen(body.sections(i).section_id())) AddTwice({&path, "section_id"});
      CheckAudience(body.sections(i).audience(), {&path, "audience"});
    }
  }

  void Check(const v1::AmendPlan& body) {
    if (body.amendments().empty() && body.removals().empty()) {
      Add({nullptr, "amend_plan"}, "has neither amendments nor removals, at least one is required");
    }
    DuplicateIds sections;
    for (int i = 0; i < body.amendments_size(); ++i) {
      const v1::Section& section = body.amendments(i).section();
      const FieldPath amendment{nullptr, "amend_plan.amendments", i};
      const FieldPath path{&amendment, "section"};
      if (sections.Seen(section.section_id())) AddTwice({&path, "section_id"});
      CheckAudience(section.audience(), {&path, "audience"});
    }
    for (int i = 0; i < body.removals_size(); ++i) {
      const FieldPath path{nullptr, "amend_plan.removals", i};
      if (sections.Seen(body.removals(i).section_id())) AddTwice({&path, "section_id"});
    }
  }

  void Check(const v1::RecordTally& body) { CheckEntry(body.entry(), {nullptr, "record_tally.entry"}); }

  void Check(const v1::CorrectTally& body) {
    DuplicateIds entries;
    entries.Seen(body.entry_id());
    for (int i = 0; i < body.replacements_size(); ++i) {
      const FieldPath path{nullptr, "correct_tally.replacements", i};
      if (entries.Seen(body.replacements(i).entry_id())) {
        Add({&path, "entry_id"},
            "is the id of the corrected entry or of another replacement; give each replacement a new one");
      }
      CheckEntry(body.replacements(i), path);
    }
  }

  void Check(const v1::ResolveDuplicate& body) {
    if (body.decision() == v1::DUPLICATE_DECISION_PENDING) {
      Add({nullptr, "resolve_duplicate.decision"}, "is no decision, wanted is DUPLICATE_DECISION_MERGED or _DISTINCT");
    }
  }

  void Check(const v1::RecordClaim& body) {
    const v1::Claim& claim = body.claim();
    Duplicates<v1::TallyCategory> categories;
    uint64_t sum = 0;
    for (int i = 0; i < claim.parts_size(); ++i) {
      const FieldPath path{nullptr, "record_claim.claim.parts", i};
      if (categories.Seen(claim.parts(i).category())) AddTwice({&path, "category"});
      sum += claim.parts(i).value();
    }
    if (sum > claim.value()) {
      Add({nullptr, "record_claim.claim.parts"},
          absl::StrCat("add up to ", sum, ", which is more than the total of ", claim.value(),
                       "; what is left must not be negative (rule T8)"));
    }
  }

  void Check(const v1::EnterActivity& body) { CheckActivity(body.activity(), {nullptr, "enter_activity.activity"}); }
  void Check(const v1::AmendActivity& body) { CheckActivity(body.activity(), {nullptr, "amend_activity.activity"}); }

  void Check(const v1::AdvanceConflict& body) {
    if (body.state() >= v1::CONFLICT_STATE_OWNED && body.state() <= v1::CONFLICT_STATE_CONTACT_MADE) return;
    Add({nullptr, "advance_conflict.state"},
        "is not a step that somebody takes; wanted is OWNED, NOTIFIED or CONTACT_MADE");
  }

  void Check(const v1::ReportReadiness& body) {
    switch (body.status()) {
      case v1::READINESS_STATUS_NOT_READY:
        if (body.reason().empty()) Add({nullptr, "report_readiness.reason"}, "is empty; NOT_READY needs a reason");
        return;
      case v1::READINESS_STATUS_READY:
      case v1::READINESS_STATUS_EXECUTING:
      case v1::READINESS_STATUS_COMPLETE:
        return;
      default:
        Add({nullptr, "report_readiness.status"},
            "is not for a site to report; wanted is NOT_READY, READY, EXECUTING or COMPLETE");
    }
  }

  void Check(const v1::DraftRelease& body) {
    CheckCellsNamedOnce(body.cells(), {nullptr, "draft_release.cells"});
    CheckCellsNamedOnce(body.withheld(), {nullptr, "draft_release.withheld"});
  }

  void Check(const v1::PublishReadinessNotice& body) {
    const v1::ReadinessNotice& notice = body.notice();
    const auto day = [](const v1::Date& date) { return std::tuple(date.year(), date.month(), date.day()); };
    if (notice.has_earliest() && notice.has_latest() && day(notice.earliest()) > day(notice.latest())) {
      Add({nullptr, "publish_readiness_notice.notice.latest"}, "is before earliest; give the later day");
    }
    if (notice.persons_min() > notice.persons_max()) {
      Add({nullptr, "publish_readiness_notice.notice.persons_max"},
          "is less than persons_min; give the greater number");
    }
    CheckListedOnce(notice.states(), {nullptr, "publish_readiness_notice.notice.states"});
  }

  void Check(const v1::ReportServiceCounts& body) {
    const v1::ServiceCounts& counts = body.counts();
    const uint64_t answered = uint64_t{counts.accepted()} + counts.declined() + counts.pending();
    if (counts.offered() >= answered) return;
    Add({nullptr, "report_service_counts.counts.offered"},
        absl::StrCat("is ", counts.offered(), ", less than accepted + declined + pending = ", answered,
                     "; a service that was answered was offered (rule T7)"));
  }

  void Check(const v1::AnswerReferral& body) {
    if (body.state() != v1::REFERRAL_STATE_REQUESTED) return;
    Add({nullptr, "answer_referral.state"},
        "is REQUESTED, which is no answer; wanted is ACCEPTED, DECLINED or COMPLETED");
  }

 private:
  void Add(const FieldPath& field, absl::string_view description) {
    if (violations_->size() < kViolationsMax) violations_->push_back({TextOf(field), std::string(description)});
  }

  void AddTwice(const FieldPath& field) { Add(field, "names something that was named before it; name it once"); }

  // `list` is the path of the list, here of one of its items.
  static FieldPath Item(const FieldPath& list, int index) { return {list.parent, list.name, index}; }

  template <typename Ids>
  void CheckListedOnce(const Ids& ids, const FieldPath& path) {
    DuplicateIds seen;
    for (int i = 0; i < ids.size(); ++i) {
      if (seen.Seen(ids[i])) AddTwice(Item(path, i));
    }
  }

  template <typename Cells>
  void CheckCellsNamedOnce(const Cells& cells, const FieldPath& path) {
    Duplicates<std::pair<v1::FigureKind, absl::string_view>> seen;
    for (int i = 0; i < cells.size(); ++i) {
      if (seen.Seen({cells[i].figure(), cells[i].state()})) AddTwice(Item(path, i));
    }
  }

  void CheckWindow(const v1::TimeWindow& window, const FieldPath& path) {
    if (!window.has_start() || !window.has_end()) return;
    const std::pair start(window.start().seconds(), window.start().nanos());
    const std::pair end(window.end().seconds(), window.end().nanos());
    if (start >= end) Add({&path, "end"}, "is not after start; a window must have a length");
  }

  void CheckActivity(const v1::Activity& activity, const FieldPath& path) {
    if (activity.has_window()) CheckWindow(activity.window(), {&path, "window"});
    if (!activity.targets().empty() && activity.reasonable_suspicion_reference().empty()) {
      Add({&path, "reasonable_suspicion_reference"},
          "is empty though targets are given (28 CFR 23.20, rule V4); give the reference, or leave the targets out");
    }
  }

  void CheckAudience(const v1::Audience& audience, const FieldPath& path) {
    bool participants = false;
    bool prosecutors = false;
    for (int i = 0; i < audience.roles_size(); ++i) {
      const v1::Role role = audience.roles(i);
      if (role != v1::ROLE_PARTICIPANT && role != v1::ROLE_PROSECUTOR) {
        Add({&path, "roles", i},
            "is not a role that reads plan sections, wanted is ROLE_PARTICIPANT or ROLE_PROSECUTOR");
        continue;
      }
      bool& seen = role == v1::ROLE_PARTICIPANT ? participants : prosecutors;
      if (std::exchange(seen, true)) AddTwice({&path, "roles", i});
    }
    CheckListedOnce(audience.site_ids(), {&path, "site_ids"});
    CheckListedOnce(audience.excluded_agency_ids(), {&path, "excluded_agency_ids"});
  }

  void CheckEntry(const v1::TallyEntry& entry, const FieldPath& path) {
    if (entry.has_amount_cents() && entry.category() != v1::TALLY_CATEGORY_SEIZED_CURRENCY) {
      Add({&path, "amount_cents"},
          "is given for a category that is not counted in money; leave it out, or use TALLY_CATEGORY_SEIZED_CURRENCY");
    }
    for (int i = 0; i < entry.assisting_agency_ids_size(); ++i) {
      if (entry.assisting_agency_ids(i) != entry.primary_agency_id() || entry.primary_agency_id().empty()) continue;
      Add({&path, "assisting_agency_ids", i}, "is the primary agency, which cannot assist itself; leave it out");
    }
    for (int i = 0; i < entry.contained_in_entry_ids_size(); ++i) {
      if (entry.contained_in_entry_ids(i) != entry.entry_id() || entry.entry_id().empty()) continue;
      Add({&path, "contained_in_entry_ids", i}, "is the entry itself, which cannot contain itself; leave it out");
    }
    if (entry.assisting_agency_ids_size() > 1) {
      CheckListedOnce(entry.assisting_agency_ids(), {&path, "assisting_agency_ids"});
    }
    if (entry.contained_in_entry_ids_size() > 1) {
      CheckListedOnce(entry.contained_in_entry_ids(), {&path, "contained_in_entry_ids"});
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

absl::Status CheckBetweenFields(const v1::Submission& submission) {
  std::vector<FieldViolation> violations;
  CheckSubmission(submission, &violations);
  return MalformedStatus(violations);
}

absl::Status ValidateSubmission(const v1::Submission& submission) {
  std::vector<FieldViolation> violations = Violations(submission);
  CheckSubmission(submission, &violations);
  return MalformedStatus(violations);
}

absl::Status CheckStreamSubmit(const v1::StreamSubmitRequest& request) {
  constexpr int kSubmissionsMax = 1024;
  // What is unknown in it would be lost with it.
  const google::protobuf::UnknownFieldSet& unknown = request.GetReflection()->GetUnknownFields(request);
  if (!unknown.empty()) {
    const FieldViolation violation{
        absl::StrCat("#", unknown.field(0).number()),
        "is the number of a field that this build does not know; leave it out, or update Muster"};
    return MalformedStatus(absl::MakeConstSpan(&violation, 1));
  }
  const int count = request.submissions_size();
  if (0 < count && count <= kSubmissionsMax) return absl::OkStatus();
  return Refusal(v1::ERROR_REASON_MALFORMED, absl::StrCat("submissions: has ", count, " items, 1 to ", kSubmissionsMax,
                                                          " are allowed in one message"));
}

absl::Status ValidateSubscribe(const v1::SubscribeRequest& request) {
  std::vector<FieldViolation> violations = Violations(request);
  if (request.from_now() && !request.after_cursor().empty()) {
    violations.push_back({"after_cursor", "is set together with from_now; give the one or the other"});
  }
  return MalformedStatus(violations);
}

}  // namespace muster
