// Need-to-know, section 7 of the domain, as one table: class of object by role. Default deny.
//
// Everything that asks who may see or write something asks here: the policy table which roles may call at all, the
// predicates of visibility.h and of each concept's folder in which form and over which objects, ExplainAccess for the
// sentence. They resolve a scope ("own", "own state") against the objects; they do not decide anew.
//
// Threading: constant.
#ifndef MUSTER_SERVER_STATE_ACCESS_ACCESS_MATRIX_H_
#define MUSTER_SERVER_STATE_ACCESS_ACCESS_MATRIX_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "muster/v1/access.pb.h"
#include "muster/v1/operation.pb.h"
#include "server/state/access/role_set.h"

namespace muster {

enum class AccessScope {
  kNone,
  kAll,
  // The agency's own: what it filed, booked or entered, and the sites where it works.
  kOwn,
  // Of sites in the agency's state.
  kOwnState,
  // What names the agency, or its role and site, among those who may read it.
  kAddressed,
  kOwnAndGranted,
  // What belongs to the operation, whoever's it is.
  kOperation,
  // Conflicts both of whose activities are the operation's.
  kInternal,
  kIssued,
};

// One cell of the table. A form of NONE, with no words, is a "-".
struct AccessCell {
  v1::AccessForm form = v1::ACCESS_FORM_NONE;
  AccessScope scope = AccessScope::kNone;
  bool may_write = false;
  // What the role does, after its name: "reads every section and writes them".
  absl::string_view does;
};

struct AccessRow {
  v1::ObjectClass object_class;
  // As ExplainAccess takes it, and as a person reads it.
  absl::string_view name;
  absl::string_view noun;
  // What decides: "section 7", or the rule for what section 7 has no row for.
  absl::string_view rule;
  // Why it is told at all, for the disclosure log.
  absl::string_view told;

  AccessCell lead, participant, own_site, prosecutor, watch_desk, victim_services, observer, public_information,
      auditor;
};

// Every class, in the order of its number: that of section 7, with what has no row there around it.
absl::Span<const AccessRow> AccessMatrix();

// For a class that this build does not know: a row of nothing.
const AccessRow& RowOf(v1::ObjectClass object_class);
// Null for a name that is no class's.
const AccessRow* FindRow(absl::string_view name);

// The cell of a role; of no role, for ROLE_UNSPECIFIED, nothing.
const AccessCell& CellOf(const AccessRow& row, v1::Role role);
const AccessCell& CellOf(v1::ObjectClass object_class, v1::Role role);

// Whether a role works at sites, and so has the column "own site" beside its own.
bool WorksAtSites(v1::Role role);

// The roles that may read something of the class in some form, or in one of `forms`; that may write something of it;
// that may write all of it. The column "own site" counts for the roles that work at sites.
RoleSet ReadersOf(v1::ObjectClass object_class);
RoleSet ReadersOf(v1::ObjectClass object_class, absl::Span<const v1::AccessForm> forms);
RoleSet WritersOf(v1::ObjectClass object_class);
RoleSet WritersOfAll(v1::ObjectClass object_class);

// What a role has in all: its cell and, where it works at sites, the column "own site".
AccessCell EffectiveOf(const AccessRow& row, v1::Role role);

// "section 7: PROSECUTOR reads the entries of its own state".
std::string SentenceOf(const AccessRow& row, v1::Role role);
// "section 7: tally entries are told to ...".
std::string WhyTold(v1::ObjectClass object_class);

// "own state".
absl::string_view ScopeName(AccessScope scope);
// "PROSECUTOR".
absl::string_view RoleName(v1::Role role);

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_ACCESS_ACCESS_MATRIX_H_
