#include "server/state/access/access_matrix.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"

namespace muster {
namespace {

using Scope = AccessScope;

constexpr v1::AccessForm kFull = v1::ACCESS_FORM_FULL;
constexpr v1::AccessForm kRedacted = v1::ACCESS_FORM_REDACTED;
constexpr v1::AccessForm kCounts = v1::ACCESS_FORM_COUNTS;
constexpr v1::AccessForm kSuppressed = v1::ACCESS_FORM_SUPPRESSED_COUNTS;
constexpr v1::AccessForm kMetadata = v1::ACCESS_FORM_METADATA;
constexpr bool kWrites = true;
constexpr AccessCell kNothing;

// In the columns' order: lead, participant, own site, prosecutor, watch desk, victim services, observer, public
// information, auditor.
constexpr AccessRow kMatrix[] = {
    {v1::OBJECT_CLASS_OPERATION,
     "operation",
     "operation, sites and participants",
     "roster rule",
     "an operation is told to those who take part in it, each its own place; the lead and auditors see all places",
     {kFull, Scope::kAll, kWrites, "sees every site and participant, and sets them and the phase"},
     {kFull, Scope::kOwn, false, "sees the operation, itself and its own sites"},
     kNothing,
     {kFull, Scope::kOwn, false, "sees the operation, itself and its own sites"},
     {kFull, Scope::kOwn, false, "sees the operation and itself"},
     kNothing,
     {kFull, Scope::kOwn, false, "sees the operation and itself"},
     {kFull, Scope::kOwn, false, "sees the operation and itself"},
     {kFull, Scope::kAll, false, "sees every site and participant"}},

    {v1::OBJECT_CLASS_PLAN,
     "plan",
     "plan sections",
     "section 7",
     "a plan is told to those whom its sections address, and acknowledgements to the lead and auditors",
     {kFull, Scope::kAll, kWrites, "reads every section, and writes them"},
     {kFull, Scope::kAddressed, false, "reads the sections addressed to participants and its sites"},
     {kFull, Scope::kAddressed, false, "reads the sections addressed to the site"},
     {kFull, Scope::kAddressed, false, "reads the sections addressed to prosecutors and its sites"},
     kNothing,
     kNothing,
     {kRedacted, Scope::kAll, false, "reads the titles of sections that are not confined to sites"},
     kNothing,
     {kMetadata, Scope::kAll, false,
      "reads the titles of sections that are not confined to sites, and who has read them"}},

    {v1::OBJECT_CLASS_SITE_ASSIGNMENT,
     "site",
     "site assignments",
     "section 7",
     "a site is told to who works there; the lead and auditors see all of them",
     {kFull, Scope::kAll, false, "sees every site's assignment"},
     {kFull, Scope::kOwn, kWrites, "sees the assignments of its own sites, and reports for them"},
     {kFull, Scope::kOwn, kWrites, "reports for its own sites"},
     {kFull, Scope::kOwnState, false, "sees the assignments of the sites of its own state that it is assigned to"},
     kNothing,
     kNothing,
     kNothing,
     kNothing,
     {kMetadata, Scope::kAll, false, "sees which sites there are and who is assigned to them"}},

    {v1::OBJECT_CLASS_TARGET,
     "target",
     "targets",
     "section 7",
     "a target's value is told to the agencies that its activity names, under its reasonable-suspicion reference (V4)",
     {kFull, Scope::kAddressed, false, "reads a target's value if the activity names it"},
     {kFull, Scope::kOwnAndGranted, false, "reads its own targets and those that name it"},
     {kFull, Scope::kOwn, false, "reads the targets of its own activities"},
     {kFull, Scope::kOwnState, false, "reads the targets at sites of its own state"},
     {kRedacted, Scope::kAll, false, "sees of a target its kind only"},
     kNothing,
     kNothing,
     kNothing,
     {kMetadata, Scope::kAll, false, "sees that there are targets, and no value"}},

    {v1::OBJECT_CLASS_ACTIVITY,
     "activity",
     "activities",
     "section 7",
     "activities are told to their watch desk and, without targets, to the lead of their operation",
     {kRedacted, Scope::kOperation, false, "reads the operation's activities without targets"},
     {kFull, Scope::kOwn, kWrites, "reads and writes its own activities"},
     {kFull, Scope::kOwn, kWrites, "reads and writes the activities it enters"},
     kNothing,
     {kFull, Scope::kAll, kWrites, "reads and writes every activity it keeps the watch over, without targets' values"},
     kNothing,
     kNothing,
     kNothing,
     {kMetadata, Scope::kAll, false, "sees who entered which kind of activity when"}},

    {v1::OBJECT_CLASS_CONFLICT_ALERT,
     "conflict",
     "conflict alerts",
     "section 7",
     "a conflict is told to its parties, each the other's contact, and to their watch desk (C1, C7)",
     {kFull, Scope::kInternal, false, "reads alerts between the operation's own activities"},
     {kFull, Scope::kOwn, kWrites, "reads and acknowledges its own alerts"},
     {kFull, Scope::kOwn, false, "reads the alerts of its own activities"},
     kNothing,
     {kFull, Scope::kAll, kWrites, "reads every conflict it keeps the watch over, and writes its steps"},
     kNothing,
     kNothing,
     kNothing,
     {kFull, Scope::kAll, false, "reads every conflict of the operation"}},

    {v1::OBJECT_CLASS_READINESS,
     "readiness",
     "readiness and GO",
     "section 7",
     "readiness is told to the lead, auditors and the site's agencies, and its status to the other participants",
     {kFull, Scope::kAll, kWrites, "reads the whole board, and writes H-hour, GO, HOLD and ABORT"},
     {kFull, Scope::kOwn, kWrites, "reads and writes its own sites' readiness, and reads the status of the others"},
     {kFull, Scope::kOwn, kWrites, "reads and writes the site's readiness"},
     kNothing,
     kNothing,
     kNothing,
     kNothing,
     kNothing,
     {kFull, Scope::kAll, false, "reads the whole board"}},

    {v1::OBJECT_CLASS_TALLY_ENTRY,
     "tally",
     "tally entries",
     "section 7",
     "tally entries are told to the lead, auditors, the booking agency and prosecutors of the site's state",
     {kFull, Scope::kAll, false, "reads every entry"},
     {kFull, Scope::kOwn, kWrites, "reads and writes its own entries"},
     {kNothing.form, Scope::kOwn, kWrites, "writes the entries of its own sites"},
     {kFull, Scope::kOwnState, false, "reads entries of its own state"},
     kNothing,
     kNothing,
     {kCounts, Scope::kAll, false, "reads counts of all entries, and no entry"},
     {kCounts, Scope::kAll, false, "reads counts of all entries, and no entry"},
     {kFull, Scope::kAll, false, "reads every entry"}},

    {v1::OBJECT_CLASS_VICTIM_COUNT,
     "victim-count",
     "victim counts",
     "section 7",
     "counts of victim services are told to the lead, prosecutors and auditors, referrals to the two agencies they "
     "concern",
     {kCounts, Scope::kAll, false, "reads victim counts of the whole operation"},
     {kCounts, Scope::kOwn, false, "reads its own victim counts"},
     {kNothing.form, Scope::kOwn, kWrites, "writes the victim counts of its own sites"},
     {kCounts, Scope::kAll, false, "reads victim counts"},
     kNothing,
     {kCounts, Scope::kOwn, false, "reads its own counts, which it reports (V2)"},
     {kSuppressed, Scope::kAll, false, "reads victim counts with small cells suppressed (S1)"},
     {kSuppressed, Scope::kAll, false, "reads victim counts with small cells suppressed (S1)"},
     {kCounts, Scope::kAll, false, "reads victim counts of the whole operation"}},

    {v1::OBJECT_CLASS_READINESS_NOTICE,
     "readiness-notice",
     "the readiness notice",
     "section 7",
     "the readiness notice is all that victim services hear of an operation (V2), and their capacity is the answer",
     {kFull, Scope::kAll, kWrites, "reads and writes the readiness notice"},
     {kFull, Scope::kAll, false, "reads the readiness notice"},
     {kFull, Scope::kAll, false, "reads the readiness notice"},
     {kFull, Scope::kAll, false, "reads the readiness notice"},
     kNothing,
     {kFull, Scope::kAll, false, "reads the readiness notice, and answers with its capacity (V2)"},
     kNothing,
     kNothing,
     {kFull, Scope::kAll, false, "reads the readiness notice"}},

    {v1::OBJECT_CLASS_DISCLOSURE_LOG,
     "disclosure",
     "the disclosure log",
     "section 7",
     "the disclosure log is read, not told",
     {kFull, Scope::kOwn, false, "reads to whom its own things were disclosed"},
     {kFull, Scope::kOwn, false, "reads to whom its own things were disclosed"},
     kNothing,
     kNothing,
     {kFull, Scope::kOwn, false, "reads to whom its own things were disclosed"},
     kNothing,
     kNothing,
     kNothing,
     {kFull, Scope::kAll, false, "reads every disclosure of the operation"}},

    {v1::OBJECT_CLASS_RELEASE,
     "release",
     "public releases",
     "section 7",
     "releases are told to the lead, public information and auditors, and once issued to those who may read them",
     {kFull, Scope::kAll, kWrites, "writes, approves and issues releases"},
     kNothing,
     {kFull, Scope::kIssued, false, "reads releases once they are issued, as an agency with a site"},
     {kFull, Scope::kIssued, false, "reads releases once they are issued"},
     kNothing,
     kNothing,
     {kFull, Scope::kIssued, false, "reads releases once they are issued"},
     {kFull, Scope::kAll, kWrites, "drafts and checks releases"},
     {kFull, Scope::kAll, false, "reads every release, drafts included"}},

    {v1::OBJECT_CLASS_CLAIM,
     "claim",
     "external claims",
     "T9",
     "claims are told to the lead and auditors, who reconcile them with the ledger",
     {kFull, Scope::kAll, kWrites, "records claims, and reads what they differ by"},
     kNothing,
     kNothing,
     kNothing,
     kNothing,
     kNothing,
     kNothing,
     kNothing,
     {kFull, Scope::kAll, false, "reads claims and what they differ by"}},

    {v1::OBJECT_CLASS_AGENCY,
     "agency",
     "agency records",
     "roster rule",
     "an agency's record is told to itself and the registrars",
     {kFull, Scope::kOperation, false, "reads the records of the operation's participants, without revocations"},
     {kFull, Scope::kOwn, false, "reads its own record"},
     kNothing,
     {kFull, Scope::kOwn, false, "reads its own record"},
     {kFull, Scope::kOwn, false, "reads its own record"},
     {kFull, Scope::kOwn, false, "reads its own record"},
     {kFull, Scope::kOwn, false, "reads its own record"},
     {kFull, Scope::kOwn, false, "reads its own record"},
     {kFull, Scope::kOwn, false, "reads its own record"}},
};

constexpr bool EveryClassIsAtItsPlace() {
  for (size_t i = 0; i < std::size(kMatrix); ++i) {
    if (static_cast<size_t>(kMatrix[i].object_class) != i + 1) return false;
  }
  return std::size(kMatrix) == static_cast<size_t>(v1::ObjectClass_MAX);
}
static_assert(EveryClassIsAtItsPlace(), "RowOf finds a class's row by its number");

template <typename Test>
RoleSet RolesWhere(v1::ObjectClass object_class, const Test& test) {
  const AccessRow& row = RowOf(object_class);
  RoleSet roles = 0;
  for (int number = v1::Role_MIN; number <= v1::Role_MAX; ++number) {
    const auto role = static_cast<v1::Role>(number);
    if (role == v1::ROLE_UNSPECIFIED) continue;
    if (test(EffectiveOf(row, role))) roles |= Roles(role);
  }
  return roles;
}

}  // namespace

absl::Span<const AccessRow> AccessMatrix() { return kMatrix; }

const AccessRow& RowOf(v1::ObjectClass object_class) {
  static constexpr AccessRow kUnknown = {};
  const bool known = object_class > v1::OBJECT_CLASS_UNSPECIFIED && object_class <= v1::ObjectClass_MAX;
  return known ? kMatrix[object_class - 1] : kUnknown;
}

const AccessRow* FindRow(absl::string_view name) {
  const auto* const it =
      std::find_if(std::begin(kMatrix), std::end(kMatrix), [&](const AccessRow& row) { return row.name == name; });
  return it == std::end(kMatrix) ? nullptr : it;
}

const AccessCell& CellOf(const AccessRow& row, v1::Role role) {
  switch (role) {
    case v1::ROLE_LEAD:
      return row.lead;
    case v1::ROLE_PARTICIPANT:
      return row.participant;
    case v1::ROLE_PROSECUTOR:
      return row.prosecutor;
    case v1::ROLE_WATCH_DESK:
      return row.watch_desk;
    case v1::ROLE_VICTIM_SERVICES:
      return row.victim_services;
    case v1::ROLE_OBSERVER:
      return row.observer;
    case v1::ROLE_PUBLIC_INFORMATION:
      return row.public_information;
    case v1::ROLE_AUDITOR:
      return row.auditor;
    default:
      return kNothing;
  }
}

const AccessCell& CellOf(v1::ObjectClass object_class, v1::Role role) { return CellOf(RowOf(object_class), role); }

bool WorksAtSites(v1::Role role) { return role == v1::ROLE_LEAD || role == v1::ROLE_PARTICIPANT; }

RoleSet ReadersOf(v1::ObjectClass object_class) {
  return RolesWhere(object_class, [](const AccessCell& cell) { return cell.form != v1::ACCESS_FORM_NONE; });
}

RoleSet ReadersOf(v1::ObjectClass object_class, absl::Span<const v1::AccessForm> forms) {
  return RolesWhere(object_class, [&forms](const AccessCell& cell) {
    return std::find(forms.begin(), forms.end(), cell.form) != forms.end();
  });
}

RoleSet WritersOf(v1::ObjectClass object_class) {
  return RolesWhere(object_class, [](const AccessCell& cell) { return cell.may_write; });
}

RoleSet WritersOfAll(v1::ObjectClass object_class) {
  return RolesWhere(object_class,
                    [](const AccessCell& cell) { return cell.may_write && cell.scope == AccessScope::kAll; });
}

AccessCell EffectiveOf(const AccessRow& row, v1::Role role) {
  AccessCell cell = CellOf(row, role);
  if (!WorksAtSites(role)) return cell;
  if (cell.form == v1::ACCESS_FORM_NONE) {
    cell.form = row.own_site.form;
    cell.scope = row.own_site.scope;
  }
  cell.may_write |= row.own_site.may_write;
  return cell;
}

std::string SentenceOf(const AccessRow& row, v1::Role role) {
  const AccessCell& cell = CellOf(row, role);
  const AccessCell effective = EffectiveOf(row, role);
  const bool more_by_site = effective.form != cell.form || effective.may_write != cell.may_write;
  std::string sentence = absl::StrCat(row.rule, ": ", RoleName(role), " ");
  if (!cell.does.empty()) absl::StrAppend(&sentence, cell.does, more_by_site ? ", and " : "");
  if (more_by_site) absl::StrAppend(&sentence, row.own_site.does);
  if (cell.does.empty() && !more_by_site) absl::StrAppend(&sentence, "has no access to ", row.noun);
  return sentence;
}

std::string WhyTold(v1::ObjectClass object_class) {
  const AccessRow& row = RowOf(object_class);
  return absl::StrCat(row.rule, ": ", row.told);
}

absl::string_view ScopeName(AccessScope scope) {
  switch (scope) {
    case AccessScope::kNone:
      return "none";
    case AccessScope::kAll:
      return "all";
    case AccessScope::kOwn:
      return "own";
    case AccessScope::kOwnState:
      return "own state";
    case AccessScope::kAddressed:
      return "addressed to it";
    case AccessScope::kOwnAndGranted:
      return "own and granted";
    case AccessScope::kOperation:
      return "of the operation";
    case AccessScope::kInternal:
      return "internal";
    case AccessScope::kIssued:
      return "issued";
  }
  return "none";
}

absl::string_view RoleName(v1::Role role) {
  absl::string_view name = v1::Role_Name(role);
  return name.substr(absl::string_view("ROLE_").size());
}

}  // namespace muster
