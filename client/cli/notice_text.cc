#include "client/cli/notice_text.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/activity_view.h"
#include "client/cli/claim_view.h"
#include "client/cli/conflict_view.h"
#include "client/cli/readiness_view.h"
#include "client/cli/release_view.h"
#include "client/cli/text.h"
#include "client/cli/victims_view.h"

namespace muster::cli {
namespace {

std::string Describe(const v1::TallyEntry& entry) {
  return absl::StrCat(entry.count(), " ", Label(entry.category()), " at ", entry.site_id(), " by ",
                      entry.primary_agency_id(), " (", Label(entry.status()), ")");
}

std::string Describe(const v1::Acknowledgement& one) {
  const std::string what = absl::StrCat(one.agency_id(), ": plan version ", one.version(), " ", Label(one.status()));
  return one.reason().empty() ? what : absl::StrCat(what, ": ", one.reason());
}

std::string Describe(const v1::TallyCorrection& correction) {
  return absl::StrCat("entry ", correction.entry_id(), " reversed, ", correction.replacements_size(),
                      " in its place: ", correction.reversal().reason());
}

std::string Describe(const v1::ParticipantChange& change) {
  if (change.removed()) return absl::StrCat(change.participant().agency_id(), " removed: ", change.reason());
  return absl::StrCat(change.participant().agency_id(), " takes part as ", Label(change.participant().role()));
}

std::string Describe(const v1::AgencyRecord& record) {
  return absl::StrCat("agency ", record.agency().agency_id(), " is ", Label(record.standing()), ", ",
                      record.revocations_size(), " certificates revoked, ", record.operators_size(), " operators");
}

std::string Describe(const v1::SuspectedDuplicate& pair) {
  const bool pending = pair.decision() == v1::DUPLICATE_DECISION_PENDING;
  return absl::StrCat("entries ", pair.entry_id(), " and ", pair.other_entry_id(),
                      pending ? " may be the same arrest: " : absl::StrCat(" are ", Label(pair.decision()), ": "),
                      pending ? pair.why() : pair.reason());
}

std::string Describe(const v1::Escalation& escalation) {
  return absl::StrCat(
      "ESCALATION: ", escalation.text(), "; call ",
      absl::StrJoin(escalation.contacts(), ", ", [](std::string* out, const v1::EscalationContact& contact) {
        absl::StrAppend(out, contact.agency_id(), " ", contact.phone_24h());
      }));
}

std::string Describe(const v1::PlanView& plan) {
  if (plan.withdrawn()) return absl::StrCat("plan version ", plan.version(), " withdrawn");
  return absl::StrCat("plan version ", plan.version(), ", ", plan.sections_size(), " sections, sha256 ",
                      plan.content_sha256().substr(0, 12));
}

}  // namespace

std::string NoticeKind(const v1::Notice& notice) {
  const google::protobuf::FieldDescriptor* field =
      v1::Notice::GetDescriptor()->FindFieldByNumber(static_cast<int>(notice.content_case()));
  return field == nullptr ? "unknown" : field->name();
}

std::string DescribeNotice(const v1::Notice& notice) {
  switch (notice.content_case()) {
    case v1::Notice::kAgency:
      return Describe(notice.agency());
    case v1::Notice::kOperation:
      return absl::StrCat("operation \"", notice.operation().operation().code_name(), "\" is in phase ",
                          Label(notice.operation().phase()));
    case v1::Notice::kParticipant:
      return Describe(notice.participant());
    case v1::Notice::kPlan:
      return Describe(notice.plan());
    case v1::Notice::kAcknowledgement:
      return Describe(notice.acknowledgement());
    case v1::Notice::kTallyEntry:
      return Describe(notice.tally_entry().entry());
    case v1::Notice::kTallyCorrection:
      return Describe(notice.tally_correction());
    case v1::Notice::kClaim:
      return ClaimText(notice.claim());
    case v1::Notice::kDuplicate:
      return Describe(notice.duplicate());
    case v1::Notice::kActivity:
      return ActivityText(notice.activity());
    case v1::Notice::kAlert:
      return AlertText(notice.alert());
    case v1::Notice::kConflict:
      return ConflictText(notice.conflict());
    case v1::Notice::kReadiness:
      return BoardText(notice.readiness());
    case v1::Notice::kEscalation:
      return Describe(notice.escalation());
    case v1::Notice::kRelease:
      return ReleaseText(notice.release());
    case v1::Notice::kReadinessNotice:
      return NoticeLine(notice.readiness_notice());
    case v1::Notice::kCapacity:
      return CapacityLine(notice.capacity());
    case v1::Notice::kServices:
      return ServicesLine(notice.services());
    case v1::Notice::kReferral:
      return ReferralLine(notice.referral());
    case v1::Notice::CONTENT_NOT_SET:
      break;
  }
  return "something that this version of muster does not know; update it";
}

}  // namespace muster::cli
