#include "server/state/access/explain_access.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/error_reason.h"
#include "server/state/access/access_matrix.h"
#include "server/state/access/visibility.h"
#include "server/state/activities/activity_view.h"
#include "server/state/queries.h"
#include "server/state/readiness/readiness_view.h"

namespace muster {
namespace {

using Decisions = std::vector<v1::AccessDecision>;

v1::AccessDecision Decision(const AccessRow& row, v1::AccessForm form, AccessScope scope, bool may_write,
                            std::string why) {
  v1::AccessDecision decision;
  decision.set_object_class(row.object_class);
  decision.set_form(form);
  decision.set_may_write(may_write);
  decision.set_scope(std::string(ScopeName(scope)));
  decision.set_why(std::move(why));
  return decision;
}

v1::AccessDecision ClassDecision(const AccessRow& row, v1::Role role) {
  const AccessCell cell = EffectiveOf(row, role);
  return Decision(row, cell.form, cell.scope, cell.may_write, SentenceOf(row, role));
}

v1::AccessDecision Denied(const AccessRow& row, std::string why) {
  return Decision(row, v1::ACCESS_FORM_NONE, AccessScope::kNone, false, std::move(why));
}

// The object itself, not only in sums.
bool ShowsTheObject(const v1::AccessDecision& decision) {
  return decision.form() == v1::ACCESS_FORM_FULL || decision.form() == v1::ACCESS_FORM_REDACTED ||
         decision.form() == v1::ACCESS_FORM_METADATA;
}

// One viewer and one object. Each function gives nothing when there is no such object in the operation.
class Judge {
 public:
  Judge(const State& state, const OperationRecord& operation, const v1::Participant& viewer)
      : state_(state), operation_(operation), viewer_(viewer) {}

  Decisions Of(v1::ObjectClass object_class, absl::string_view id) const {
    switch (object_class) {
      case v1::OBJECT_CLASS_PLAN:
        return OfSection(id);
      case v1::OBJECT_CLASS_SITE_ASSIGNMENT:
        return OfSite(id);
      case v1::OBJECT_CLASS_TALLY_ENTRY:
        return OfEntry(id);
      case v1::OBJECT_CLASS_ACTIVITY:
        return OfActivity(id);
      case v1::OBJECT_CLASS_CONFLICT_ALERT:
        return OfConflict(id);
      case v1::OBJECT_CLASS_RELEASE:
        return OfRelease(id);
      default:
        return {};
    }
  }

 private:
  const std::string& agency_id() const { return viewer_.agency_id(); }
  std::string Sentence(const AccessRow& row) const { return SentenceOf(row, viewer_.role()); }
  // The role has the row's right over this object.
  v1::AccessDecision Granted(const AccessRow& row, v1::AccessForm form, bool may_write) const {
    return Decision(row, form, EffectiveOf(row, viewer_.role()).scope, may_write, Sentence(row));
  }
  bool MayWrite(const AccessRow& row) const { return EffectiveOf(row, viewer_.role()).may_write; }
  // The role has no such right over this object: for want of any, or because of what `but` says.
  v1::AccessDecision Refused(const AccessRow& row, absl::string_view but) const {
    const bool has_none = EffectiveOf(row, viewer_.role()).form == v1::ACCESS_FORM_NONE;
    return Denied(row, has_none ? Sentence(row) : absl::StrCat(Sentence(row), "; ", but));
  }

  Decisions OfSection(absl::string_view id) const {
    const AccessRow& row = RowOf(v1::OBJECT_CLASS_PLAN);
    const v1::PlanView whole = operation_.plan().ViewFor(*operation_.FindParticipant(operation_.lead_agency_id()));
    const auto is_it = [&id](const v1::SectionView& section) { return section.section_id() == id; };
    const auto section = absl::c_find_if(whole.sections(), is_it);
    if (section == whole.sections().end()) return {};
    const v1::PlanView view = operation_.plan().ViewFor(viewer_);
    if (absl::c_any_of(view.sections(), is_it)) {
      return {Granted(row, CellOf(row, viewer_.role()).form, MayWrite(row))};
    }
    const v1::Audience& audience = section->audience();
    if (absl::c_linear_search(audience.excluded_agency_ids(), agency_id())) {
      return {Denied(row, absl::StrCat("P7: excluded by name from section ", id))};
    }
    const bool reads_text = CellOf(row, viewer_.role()).form == v1::ACCESS_FORM_FULL;
    if (reads_text && !absl::c_linear_search(audience.roles(), viewer_.role())) {
      return {Refused(row, absl::StrCat("section ", id, " is not addressed to the role"))};
    }
    return {Refused(row, absl::StrCat("section ", id, " is confined to ", absl::StrJoin(audience.site_ids(), ", ")))};
  }

  Decisions OfSite(absl::string_view id) const {
    const v1::Site* site = operation_.FindSite(id);
    if (site == nullptr) return {};
    return {AssignmentAt(*site), ReadinessAt(*site)};
  }

  v1::AccessDecision AssignmentAt(const v1::Site& site) const {
    const AccessRow& row = RowOf(v1::OBJECT_CLASS_SITE_ASSIGNMENT);
    const v1::OperationView view = ViewOperation(operation_, viewer_);
    const bool sees = SeesOperation(viewer_) && absl::c_any_of(view.sites(), [&site](const v1::Site& one) {
                        return one.site_id() == site.site_id();
                      });
    if (sees) return Granted(row, CellOf(row, viewer_.role()).form, MayWrite(row));
    if (!SeesSite(viewer_, site)) return ExcludedFrom(row, site);
    return Refused(row, absl::StrCat(site.site_id(), " is in ", site.state(), " and not assigned to ", agency_id()));
  }

  v1::AccessDecision ReadinessAt(const v1::Site& site) const {
    const AccessRow& row = RowOf(v1::OBJECT_CLASS_READINESS);
    if (!SeesBoard(viewer_)) return Refused(row, "");
    if (!SeesSite(viewer_, site)) return ExcludedFrom(row, site);
    const bool whole = SeesWholeRoster(viewer_) || WorksAt(viewer_, site);
    return Granted(row, whole ? v1::ACCESS_FORM_FULL : v1::ACCESS_FORM_REDACTED, whole && MayWrite(row));
  }

  static v1::AccessDecision ExcludedFrom(const AccessRow& row, const v1::Site& site) {
    return Denied(row, absl::StrCat("P7: excluded by name from site ", site.site_id()));
  }

  Decisions OfEntry(absl::string_view id) const {
    const AccessRow& row = RowOf(v1::OBJECT_CLASS_TALLY_ENTRY);
    const v1::TallyEntryRecord* record = operation_.ledger().Find(std::string(id));
    if (record == nullptr) return {};
    if (SeesEntry(state_, operation_, viewer_, *record)) {
      return {Granted(row, v1::ACCESS_FORM_FULL, MayWrite(row))};
    }
    if (SeesCountsOnly(viewer_)) return {Granted(row, v1::ACCESS_FORM_COUNTS, false)};
    const v1::Site* site = operation_.FindSite(record->entry().site_id());
    return {Refused(
        row, absl::StrCat("the entry is ", record->entry().primary_agency_id(), "'s at ", record->entry().site_id(),
                          ", which is in ", site == nullptr ? "no state" : site->state()))};
  }

  Decisions OfActivity(absl::string_view id) const {
    const AccessRow& row = RowOf(v1::OBJECT_CLASS_ACTIVITY);
    const std::pair<absl::string_view, absl::string_view> name = absl::StrSplit(id, absl::MaxSplits('/', 1));
    const EnteredActivity* entered = state_.activities().FindActivity(ActivityName(name.first, name.second));
    if (entered == nullptr || entered->activity().operation_id() != operation_.id()) return {};
    if (!ViewActivity(state_, entered->record, agency_id()).has_value()) {
      if (entered->is_sealed()) return {Denied(row, absl::StrCat("C7: activity ", id, " is SEALED"))};
      return {Refused(row, absl::StrCat("the activity is ", name.first, "'s"))};
    }
    if (name.first == agency_id()) {
      return {Decision(row, v1::ACCESS_FORM_FULL, AccessScope::kOwn, true,
                       absl::StrCat(row.rule, ": ", agency_id(), " reads and writes its own activities"))};
    }
    if (CellOf(row, viewer_.role()).scope == AccessScope::kOwn || CellOf(row, viewer_.role()).does.empty()) {
      const AccessRow& targets = RowOf(v1::OBJECT_CLASS_TARGET);
      return {Decision(row, v1::ACCESS_FORM_REDACTED, CellOf(targets, viewer_.role()).scope, false, Sentence(targets))};
    }
    return {Granted(row, CellOf(row, viewer_.role()).form, CellOf(row, viewer_.role()).may_write)};
  }

  Decisions OfConflict(absl::string_view id) const {
    const AccessRow& row = RowOf(v1::OBJECT_CLASS_CONFLICT_ALERT);
    const v1::ConflictRecord* conflict = state_.activities().FindConflict(id);
    const auto is_of_operation = [this](const v1::ConflictParty& party) {
      return party.operation_id() == operation_.id();
    };
    if (conflict == nullptr || !absl::c_any_of(conflict->parties(), is_of_operation)) return {};
    if (ViewsOfConflict(state_, *conflict, agency_id()).empty()) {
      return {Refused(row, "it is told of none of the conflict's sides")};
    }
    const bool acts = KeepsWatchOver(state_, *conflict, agency_id()) || !ToldSides(*conflict, agency_id()).empty();
    if (!ToldSides(*conflict, agency_id()).empty()) {
      return {Decision(row, v1::ACCESS_FORM_FULL, AccessScope::kOwn, acts,
                       absl::StrCat("C1: ", agency_id(), " is a party of the conflict"))};
    }
    return {Granted(row, v1::ACCESS_FORM_FULL, acts)};
  }

  // Releases say themselves who reads them at which step.
  Decisions OfRelease(absl::string_view id) const {
    const AccessRow& row = RowOf(v1::OBJECT_CLASS_RELEASE);
    if (!Reads(operation_.lead_agency_id(), id)) return {};
    if (Reads(agency_id(), id)) return {Granted(row, v1::ACCESS_FORM_FULL, MayWrite(row))};
    return {Refused(row, absl::StrCat("release ", id, " is not issued"))};
  }

  bool Reads(const std::string& agency_id, absl::string_view release_id) const {
    constexpr char kRpc[] = "muster.v1.ReleaseService/GetRelease";
    if (Queries().Find(kRpc) == nullptr) return false;
    v1::Principal principal;
    principal.set_agency_id(agency_id);
    v1::GetReleaseRequest request;
    request.set_operation_id(operation_.id());
    request.set_release_id(std::string(release_id));
    v1::GetReleaseResponse response;
    return AnswerQuery({state_, principal, absl::InfinitePast(), absl::InfinitePast()}, kRpc, request, &response).ok();
  }

  const State& state_;
  const OperationRecord& operation_;
  const v1::Participant& viewer_;
};

// What is said of an object that does not exist and of one that the asker may not see.
Decisions OfNothingSeen(const AccessRow& row, v1::Role asker, absl::string_view object) {
  const bool has_none = EffectiveOf(row, asker).form == v1::ACCESS_FORM_NONE;
  const std::string sentence = SentenceOf(row, asker);
  return {
      Denied(row, has_none ? sentence : absl::StrCat(sentence, "; ", object, " is not among them, if there is one"))};
}

absl::Status NotAnObject(absl::string_view object) {
  return Refusal(v1::ERROR_REASON_MALFORMED,
                 absl::StrCat("object: \"", object,
                              "\" is neither a class such as plan, site, activity, tally, release or conflict, nor an "
                              "object of one of these such as plan/situation"));
}

}  // namespace

Decisions ExplainEveryClass(const v1::Participant& subject) {
  Decisions decisions;
  for (const AccessRow& row : AccessMatrix()) decisions.push_back(ClassDecision(row, subject.role()));
  return decisions;
}

absl::StatusOr<Decisions> ExplainObject(const AccessQuestion& question, absl::string_view object) {
  const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(object, absl::MaxSplits('/', 1));
  const AccessRow* row = FindRow(parts.first);
  if (row == nullptr) return NotAnObject(object);
  if (parts.first == object) return Decisions{ClassDecision(*row, question.subject.role())};
  std::string id(parts.second);
  switch (row->object_class) {
    case v1::OBJECT_CLASS_ACTIVITY:
      // The agency's own, unless another's is named.
      if (id.find('/') == std::string::npos) id = absl::StrCat(question.subject.agency_id(), "/", id);
      break;
    case v1::OBJECT_CLASS_PLAN:
    case v1::OBJECT_CLASS_SITE_ASSIGNMENT:
    case v1::OBJECT_CLASS_TALLY_ENTRY:
    case v1::OBJECT_CLASS_CONFLICT_ALERT:
    case v1::OBJECT_CLASS_RELEASE:
      break;
    default:
      return NotAnObject(object);
  }
  const Judge asker(question.state, question.operation, question.asker);
  if (!absl::c_any_of(asker.Of(row->object_class, id), ShowsTheObject)) {
    return OfNothingSeen(*row, question.asker.role(), object);
  }
  return Judge(question.state, question.operation, question.subject).Of(row->object_class, id);
}

}  // namespace muster
