#include "client/cli/notice_text.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/text.h"

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
      return absl::StrCat("agency ", notice.agency().agency().agency_id(), " is ", Label(notice.agency().standing()),
                          ", ", notice.agency().revocations_size(), " certificates revoked");
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
    case v1::Notice::CONTENT_NOT_SET:
      break;
  }
  return "something that this version of muster does not know; update it";
}

}  // namespace muster::cli
